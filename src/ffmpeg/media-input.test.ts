import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { ConfigError } from '../core/errors.ts';
import { runAlone } from '../core/service.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import { StreamDirectory } from '../media/stream-directory.ts';
import { cleanUp, InputUnderTest, onCleanUp, startCamera } from './fixtures/input-under-test.ts';
import { MediaInput } from './media-input.ts';
import type { MediaOutput } from './media-output.ts';
import { letterOf } from './test-support.ts';

const ffmpeg = programOrSkip('ffmpeg');
const pattern = 'testsrc=size=320x240:rate=30[out0];sine=frequency=440:sample_rate=44100[out1]';
const encoded = { inputFormat: 'lavfi', videoCodec: 'h264', audioCodec: 'aac' } as const;

afterEach(cleanUp);

const eventually = <Value>(look: () => Value) => expect.poll(look, { timeout: 10_000 });

/** Reads an output until it has given `count` packets. */
async function take(output: MediaOutput, count: number): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for await (const packet of output) if (packets.push(packet) === count) break;
  return packets;
}

// A second is what is promised; a busy machine may take longer once, but not three times.
const timed = { retry: 2 } as const;

describe.skipIf(ffmpeg === undefined)('MediaInput', () => {
  let folder = '';
  let film = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-input-'));
    film = join(folder, 'film.mp4');
    const args = ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30'];
    const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440', '-t', '2', '-c:a', 'aac'];
    const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '30'];
    execFileSync(ffmpeg!, [...args, ...sound, ...video, film]);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['thread', 'process'] as const)('gives picture and sound through a %s', async (host) => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ host, url: camera.url }).start();
    const [video, audio] = await Promise.all([take(test.input.video, 60), take(test.input.audio, 60)]);
    expect(video.slice(0, 2).map(letterOf).join('')).toBe('VK');
    expect(audio.slice(0, 2).map(letterOf).join('')).toBe('Aa');
    expect(video.slice(1).map(({ dtsMs }) => dtsMs)).toEqual(
      video
        .slice(1)
        .map(({ dtsMs }) => dtsMs)
        .sort((a, b) => a - b),
    );
    expect(await test.tells('connected')).toMatchObject({
      url: camera.url,
      attempt: 1,
      incarnation: 1,
      video: { codec: 'avc1', width: 160, height: 120, frameRate: 30 },
      audio: { codec: 'mp4a', sampleRate: 44_100, channels: 1 },
    });
    expect(await test.tells('progress')).toMatchObject({ videoPackets: expect.any(Number) });
    expect(test.input.stats()).toMatchObject({
      state: 'connected',
      failures: 0,
      video: { dropped: 0 },
      audio: { dropped: 0 },
    });
    expect(await test.stopMs()).toBeLessThan(1_000);
    expect(await test.tells('disconnected')).toMatchObject({ reason: 'requested', retryInMs: null });
    expect(test.processes).toEqual([]);
  });

  it('gives every frame of a file to a reader who takes his time', async () => {
    const test = new InputUnderTest({
      url: film,
      video: { capacity: 4, overflow: 'block' },
      audio: { capacity: 4, overflow: 'block' },
    }).start();
    const audio = take(test.input.audio, 1e6); // Whoever may drop nothing waits for both.
    const video: MediaPacket[] = [];
    for await (const packet of test.input.video) {
      await new Promise(setImmediate);
      if (video.push(packet) === 61) break;
    }
    await test.input.stop();
    expect(video.filter(({ isFrame }) => isFrame)).toHaveLength(60);
    expect((await audio).length).toBeGreaterThan(80);
    expect(test.input.stats()).toMatchObject({
      video: { dropped: 0, highWaterPackets: 4 },
      workerDroppedVideo: 0,
      workerDroppedAudio: 0,
    });
  });

  it('is content with a source that ends, and leaves what was not read yet', async () => {
    const test = new InputUnderTest({ url: film }).start();
    expect(await test.tells('disconnected')).toMatchObject({
      reason: 'ended',
      retryInMs: null,
      clearedVideo: 0,
      clearedAudio: 0,
    });
    expect(test.input.stats()).toMatchObject({ state: 'idle', url: null, failures: 0 });
    const video = await take(test.input.video, 61);
    expect(video.filter(({ isFrame }) => isFrame)).toHaveLength(60);
    expect(test.told('connecting')).toHaveLength(1);
  });

  it('connects again after the end when it is told to', async () => {
    const test = new InputUnderTest({ url: film, reconnectOnEnd: true }).start();
    expect(await test.tells('disconnected')).toMatchObject({ reason: 'ended', retryInMs: 0 });
    expect(await test.tells('connected', 2)).toMatchObject({ attempt: 2 });
    expect(test.input.stats().reconnects).toBeGreaterThanOrEqual(1);
  });

  it('connects to one source after the other', async () => {
    const test = new InputUnderTest().start();
    expect(await test.tells('heartbeat')).toMatchObject({ state: 'idle' });
    test.input.connect(pattern, { ...encoded, realtime: true });
    await test.tells('connected');
    test.input.connect(film, { realtime: true });
    expect(await test.tells('disconnected')).toMatchObject({ url: pattern, reason: 'requested' });
    expect(await test.tells('connected', 2)).toMatchObject({ url: film });
    test.input.disconnect();
    expect(await test.tells('disconnected', 2)).toMatchObject({ url: film, reason: 'requested' });
    expect(test.input.stats()).toMatchObject({ state: 'idle', url: null });
    await eventually(() => test.processes).toEqual([]);
  });

  it('clears what was not read when it is disconnected, and says how much', async () => {
    const test = new InputUnderTest({ url: pattern, ...encoded, realtime: true }).start();
    await eventually(() => test.input.stats().video.depth).toBeGreaterThan(10);
    test.input.disconnect();
    const { clearedVideo, clearedAudio } = await test.tells('disconnected');
    expect(clearedVideo).toBeGreaterThan(10);
    expect(clearedAudio).toBeGreaterThan(10);
    expect(test.input.stats()).toMatchObject({
      video: { depth: 0, bytes: 0 },
      audio: { depth: 0, bytes: 0 },
    });
  });

  it('drops pictures that nobody reads, and goes on at a keyframe', async () => {
    const test = new InputUnderTest({ url: pattern, ...encoded, realtime: true, video: { capacity: 20 } });
    test.start();
    expect(await test.tells('dropped')).toMatchObject({ video: expect.any(Number), audio: 0 });
    expect(test.input.stats().video).toMatchObject({ highWaterPackets: 20 });
    const video = await take(test.input.video, 3);
    expect(video.map(letterOf).join('')).toMatch(/^VK/);
  });

  it('feeds a stream that viewers watch, and lets it wait while the source is lost', async () => {
    const camera = await startCamera(ffmpeg!);
    const streams = new StreamDirectory();
    onCleanUp(() => streams.close());
    const changes: string[] = [];
    for (const name of ['started', 'interrupted', 'resumed', 'ended'] as const)
      streams.on(name, () => changes.push(name));
    const test = new InputUnderTest({ url: camera.url, reconnectOnEnd: true });
    const unpublish = test.input.publishTo(streams, 'live/camera');
    expect(() => test.input.publishTo(streams, 'live/other')).toThrow(ConfigError);
    test.start();
    await eventually(() => streams.get('live/camera')?.stats().video?.packets ?? 0).toBeGreaterThan(10);
    camera.endStream();
    await eventually(() => changes).toEqual(['started', 'interrupted', 'resumed']);
    expect(streams.get('live/camera')?.has('audio')).toBe(true);
    expect(test.input.stats().video.delivered).toBe(0);
    unpublish();
    expect(changes.at(-1)).toBe('ended');
  });

  it.each(['thread', 'process'] as const)(
    'ends the stream behind the last packet of a source that ended, through a %s',
    async (host) => {
      const streams = new StreamDirectory();
      onCleanUp(() => streams.close());
      const changes: string[] = [];
      for (const name of ['started', 'interrupted', 'resumed', 'ended'] as const)
        streams.on(name, () => changes.push(name));
      const inputOptions = ['-stream_loop', '9']; // More packets than the lane between the threads holds.
      const test = new InputUnderTest({ host, url: film, inputOptions });
      test.input.publishTo(streams, 'live/film');
      test.start();
      await test.tells('disconnected');
      await test.tells('heartbeat', test.told('heartbeat').length + 1);
      expect(changes).toEqual(['started', 'ended']);
    },
  );

  it('says in one log line that the name of a stream is taken', async () => {
    const streams = new StreamDirectory();
    onCleanUp(() => streams.close());
    streams.publish('live/camera');
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => warnings.push(message) };
    const test = new InputUnderTest({ url: pattern, ...encoded, realtime: true, logger });
    test.input.publishTo(streams, 'live/camera');
    test.start();
    await test.tells('progress');
    expect(warnings).toEqual(['stream not published']);
  });

  it('can run again, and knows its source still', timed, async () => {
    const test = new InputUnderTest({ url: film, realtime: true });
    for (const round of [1, 2]) {
      const running = runAlone(test.input);
      await expect(runAlone(test.input)).rejects.toThrow(/input runs already/);
      await test.tells('connected', round);
      expect(await test.stopMs()).toBeLessThan(1_000);
      await running;
      expect(test.input.stats()).toMatchObject({ state: 'stopped', url: film });
    }
    expect(test.processes).toEqual([]);
  });

  it('ends the loops of its readers when it is stopped without having run', async () => {
    const input = new MediaInput();
    const reading = Promise.all([take(input.video, 1), take(input.audio, 1)]);
    await input.stop();
    expect(await reading).toEqual([[], []]);
  });

  it('does not take the source of before for the one that is wanted now', async () => {
    const test = new InputUnderTest({ url: film, realtime: true }).start();
    await test.tells('connected');
    test.input.connect(pattern, { ...encoded, realtime: true });
    expect(test.input.stats()).toMatchObject({ url: pattern, state: 'connecting' });
    await test.tells('connected', 2);
    expect(test.input.stats()).toMatchObject({ state: 'connected', reconnects: 0 });
  });

  it('ends the loops of its readers when it stops, and beats no more', async () => {
    const test = new InputUnderTest({ url: pattern, ...encoded, realtime: true }).start();
    const ended = Promise.all([take(test.input.video, 1e6), take(test.input.audio, 1e6)]);
    await test.tells('connected');
    await test.input[Symbol.asyncDispose]();
    const [video, audio] = await ended;
    expect(video.length + audio.length).toBeGreaterThan(0);
    await test.input.stop();
  });
});
