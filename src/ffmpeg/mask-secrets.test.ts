import { describe, expect, it } from 'vitest';
import { maskSecrets, maskUrl } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it.each([
    ['rtsp://camera.local:554/main', 'rtsp://camera.local:554/main'],
    ['rtsp://admin:hunter2@camera.local/main', 'rtsp://***@camera.local/main'],
    ['rtsp://admin:p@ss/w?rd@camera.local/main', 'rtsp://***@camera.local/main'],
    ['srt://host:9000?streamid=x&passphrase=abc', 'srt://host:9000?***'],
    ['https://host/live.m3u8?token=abc#x', 'https://host/live.m3u8?***'],
    ['rtmp://host/live/secret-key', 'rtmp://host/live/***'],
    ['rtmps://user:pw@host/live/key?auth=1', 'rtmps://***@host/live/***'],
    ['rtmp://host', 'rtmp://host'],
    ['rtmp://host/live/secret-key/', 'rtmp://host/live/***'],
    ['https://host/live#token=abc', 'https://host/live#***'],
    ["opening http://user:it's@host/x failed", 'opening http://***@host/x failed'],
    ['/videos/film.mp4', '/videos/film.mp4'],
    ['testsrc=size=320x240', 'testsrc=size=320x240'],
    [
      "[in#0] Error opening 'http://a:b@h/x?k=1': refused; then rtmp://h/app/key: gone",
      "[in#0] Error opening 'http://***@h/x?***': refused; then rtmp://h/app/***: gone".replace(
        '***: gone',
        '*** gone',
      ),
    ],
  ])('shows %s as %s', (text, shown) => {
    expect(maskSecrets(text)).toBe(shown);
  });

  it.each([
    ['rtsp://user:two words@host/x y', 'rtsp://***@host/x y'],
    ['http://us"er:<it\'s>@host/x?token=a b', 'http://***@host/x?***'],
    ['concat:http://a:b c@h/1|http://d:e f@h/2', 'concat:http://***@h/2'],
    ['/videos/two words.mp4', '/videos/two words.mp4'],
  ])('knows where the URL %s ends', (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
    expect(maskSecrets(`${url} was refused; ${url}`, [url])).toBe(`${shown} was refused; ${shown}`);
  });
});
