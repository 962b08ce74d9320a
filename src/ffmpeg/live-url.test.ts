import { expect, it } from 'vitest';
import { isLiveUrl } from './live-url.ts';

it.each([
  ['rtsp://camera.local/main', true],
  ['RTSPS://camera.local/main', true],
  ['rtmps://host/app/key', true],
  ['srt://host:9000?mode=caller', true],
  ['udp://239.0.0.1:1234', true],
  ['tcp://host:1', true],
  ['http://host/film.mp4', false],
  ['https://host/live.m3u8', false],
  ['/films/rtsp:.mkv', false],
  ['testsrc=size=64x36', false],
])('%s is a live source: %s', (url, isLive) => {
  expect(isLiveUrl(url)).toBe(isLive);
});
