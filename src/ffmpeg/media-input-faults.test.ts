import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { cleanUp, InputUnderTest, startCamera } from './fixtures/input-under-test.ts';
import { childrenOf, findAll, isAlive } from './fixtures/processes.ts';

const ffmpeg = programOrSkip('ffmpeg');
const eventually = <Value>(look: () => Value) => expect.poll(look, { timeout: 10_000 });

afterEach(cleanUp);

/** A port on which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return `http://user:secret@127.0.0.1:${port}/live.flv?token=secret`;
}

/** Waits until packets come again after a loss. */
async function untilBack(test: InputUnderTest, connections: number): Promise<void> {
  await test.tells('connected', connections);
  await eventually(() => test.input.stats().lastPacketAgeMs ?? 1e9).toBeLessThan(200);
}

// A second is what is promised; a busy machine may take longer once, but not three times.
const timed = { retry: 2 } as const;

describe.skipIf(ffmpeg === undefined)('MediaInput', () => {
  it('tries an unreachable source again at once, then after growing pauses', async () => {
    const url = await deadUrl();
    const test = new InputUnderTest({
      url,
      backoff: { baseMs: 10, factor: 10, maxMs: 50, jitter: 'none' },
    }).start();
    await test.tells('failed', 4);
    const failures = test.told('failed');
    expect(failures.slice(0, 4).map(({ retryInMs }) => retryInMs)).toEqual([0, 10, 50, 50]);
    expect(failures.slice(0, 4).map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(failures[0]).toMatchObject({
      code: 'FFMPEG_EXITED',
      message: expect.stringMatching(/Connection refused/),
      url: expect.stringMatching(/^http:\/\/\*\*\*@127\.0\.0\.1:\d+\/live\.flv\?\*\*\*$/),
    });
    expect(JSON.stringify([test.diary, test.input.stats()])).not.toContain('secret');
    expect(test.told('disconnected')).toEqual([]);
    expect(test.input.stats().failures).toBeGreaterThanOrEqual(4);
  });

  it('gives up an attempt that brings no frame in time', async () => {
    const camera = await startCamera(ffmpeg!);
    camera.manner = 'silent';
    const test = new InputUnderTest({ url: camera.url, connectTimeoutMs: 2_000 }).start();
    const { atMs } = await test.tells('connecting');
    const failed = await test.tells('failed');
    expect(failed).toMatchObject({ code: 'SOURCE_CONNECT_TIMEOUT', message: 'no frame within 2000 ms' });
    expect(failed.atMs - atMs).toBeLessThan(3_000);
    camera.manner = 'live';
    await untilBack(test, 1);
  });

  it('gives up a source that stalls, clears what is void, and takes it back', async () => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ url: camera.url, stallTimeoutMs: 400 }).start();
    await eventually(() => test.input.stats().video.depth).toBeGreaterThan(10);
    camera.stall();
    expect(await test.tells('failed')).toMatchObject({ code: 'SOURCE_STALLED', attempt: 1, retryInMs: 0 });
    const disconnected = await test.tells('disconnected');
    expect(disconnected).toMatchObject({ reason: 'failed', retryInMs: 0 });
    expect(disconnected.clearedVideo).toBeGreaterThan(10);
    await untilBack(test, 2);
    expect(test.input.stats()).toMatchObject({ reconnects: 1, workerRestarts: 0 });
  });

  it('does not take its own slow reader for a source that stalls', async () => {
    const camera = await startCamera(ffmpeg!);
    const block = { capacity: 4, overflow: 'block' } as const;
    const test = new InputUnderTest({
      url: camera.url,
      stallTimeoutMs: 300,
      video: block,
      audio: block,
    }).start();
    await test.tells('progress', 3);
    expect(test.told('failed')).toEqual([]);
    const { state, video, audio } = test.input.stats();
    expect({ state, dropped: video.dropped + audio.dropped }).toEqual({ state: 'connected', dropped: 0 });
    expect(Math.max(video.depth, audio.depth)).toBe(4);
    expect(await test.stopMs()).toBeLessThan(1_000);
  });

  it('waits for a source that is switched off, and takes it back when it is there again', async () => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({
      url: camera.url,
      reconnectOnEnd: true,
      backoff: { maxMs: 200 },
    }).start();
    await test.tells('connected');
    await camera.switchOff();
    await test.tells('failed', 2);
    await camera.switchOn();
    await untilBack(test, 2);
  });

  it.each(['SIGKILL', 'SIGSEGV'] as const)(
    'starts another ffmpeg at once for one that ended by %s',
    async (signal) => {
      const camera = await startCamera(ffmpeg!);
      const test = new InputUnderTest({ url: camera.url }).start();
      await test.tells('connected');
      await test.signalFfmpeg(signal);
      expect(await test.tells('failed')).toMatchObject({
        code: 'FFMPEG_EXITED',
        message: `ffmpeg ended by ${signal}`,
        retryInMs: 0,
      });
      await untilBack(test, 2);
    },
  );

  it('replaces an ffmpeg that is frozen', async () => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ url: camera.url, stallTimeoutMs: 400 }).start();
    await test.tells('connected');
    const frozen = await test.signalFfmpeg('SIGSTOP');
    expect(await test.tells('failed')).toMatchObject({ code: 'SOURCE_STALLED' });
    await untilBack(test, 2);
    expect(test.processes.map(({ pid }) => pid)).not.toContain(frozen);
  });

  it('says that ffmpeg cannot be run, and goes on when it can', async () => {
    const test = new InputUnderTest({ url: 'x', ffmpegPath: '/nowhere/ffmpeg' }).start();
    expect(await test.tells('failed', 2)).toMatchObject({
      code: 'FFMPEG_UNAVAILABLE',
      message: "cannot run '/nowhere/ffmpeg': /nowhere/ffmpeg: not found",
    });
    expect(test.input.stats()).toMatchObject({ workerRestarts: 0 });
  });

  it('says that something is no source at all', async () => {
    const test = new InputUnderTest({ url: '/etc/hostname' }).start();
    expect(await test.tells('failed')).toMatchObject({
      code: 'FFMPEG_EXITED',
      message: expect.stringMatching(/Invalid data/),
    });
  });

  it.each([
    { act: 'SIGKILL', code: 'WORKER_EXITED' },
    { act: 'SIGSTOP', code: 'WORKER_HUNG' },
  ] as const)('replaces a worker process that got $act, and connects again', async ({ act, code }) => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ host: 'process', url: camera.url, heartbeatTimeoutMs: 500 }).start();
    await eventually(() => test.input.stats().video.depth).toBeGreaterThan(10);
    const orphans = test.processes;
    process.kill(workerPid(), act);
    const lost = await test.tells('workerLost');
    expect(lost).toMatchObject({
      incarnation: 1,
      code: expect.stringMatching(act === 'SIGSTOP' ? code : /^WORKER_/),
    });
    expect(await test.tells('disconnected')).toMatchObject({
      reason: 'worker-lost',
      clearedVideo: expect.any(Number),
    });
    await untilBack(test, 2);
    expect(await test.tells('connected', 2)).toMatchObject({ incarnation: 2, url: camera.url });
    for (const orphan of orphans) expect(test.processes).not.toContainEqual(orphan);
    expect(test.input.stats()).toMatchObject({ workerRestarts: 1, incarnation: 2, state: 'connected' });
  });

  it.each(['thread', 'process'] as const)('goes on with another %s when it is killed', async (host) => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ host, url: camera.url }).start();
    await test.tells('connected');
    test.input.kill();
    expect(await test.tells('disconnected')).toMatchObject({ reason: 'worker-lost', retryInMs: 0 });
    await untilBack(test, 2);
    await eventually(() => test.input.stats().video.depth).toBeGreaterThan(10);
    expect(test.input.stats()).toMatchObject({ incarnation: 2, workerRestarts: 0 });
  });

  it('says that it is disconnected although its worker is stuck', async () => {
    const camera = await startCamera(ffmpeg!);
    const test = new InputUnderTest({ host: 'process', url: camera.url, heartbeatTimeoutMs: 500 }).start();
    await test.tells('connected');
    process.kill(workerPid(), 'SIGSTOP');
    test.input.disconnect();
    expect(await test.tells('disconnected')).toMatchObject({
      url: camera.url,
      reason: 'worker-lost',
      retryInMs: null,
    });
    expect(test.input.stats().state).toBe('idle');
  });

  it('takes arguments that are too long for a failure of the source', async () => {
    const test = new InputUnderTest({ url: 'x', inputOptions: ['x'.repeat(1 << 22)] }).start();
    expect(await test.tells('failed')).toMatchObject({ code: 'FFMPEG_UNAVAILABLE' });
    expect(test.input.stats().workerRestarts).toBe(0);
  });

  it('beats every second whatever happens, and stops in less than one', async () => {
    const camera = await startCamera(ffmpeg!);
    camera.manner = 'silent';
    const test = new InputUnderTest({ host: 'process', url: camera.url, stallTimeoutMs: 60_000 }).start();
    await test.tells('connecting');
    await test.signalFfmpeg('SIGSTOP');
    await test.tells('heartbeat', 2);
    process.kill(workerPid(), 'SIGSTOP');
    await test.tells('heartbeat', 5);
    const beats = test.told('heartbeat').map(({ atMs }) => atMs);
    for (const [index, atMs] of beats.slice(1).entries())
      expect(Math.abs(atMs - beats[index]! - 1_000)).toBeLessThan(150);
    expect(await test.stopMs()).toBeLessThan(1_000);
    expect(test.processes).toEqual([]);
  });

  it.each(['thread', 'process'] as const)(
    'stops in less than a second in every state, with its worker in a %s',
    timed,
    async (host) => {
      const camera = await startCamera(ffmpeg!);
      const states: Readonly<Record<string, (test: InputUnderTest) => Promise<unknown>>> = {
        starting: async () => {},
        connecting: async (test) => {
          camera.manner = 'silent';
          test.input.connect(camera.url);
          await test.tells('connecting');
        },
        connected: async (test) => {
          camera.manner = 'live';
          test.input.connect(camera.url);
          await test.tells('connected');
        },
        frozen: async (test) => {
          test.input.connect(camera.url);
          await test.tells('connected');
          await test.signalFfmpeg('SIGSTOP');
        },
        waiting: async (test) => {
          test.input.connect('/nowhere');
          await test.tells('failed', 2);
        },
      };
      for (const [state, reach] of Object.entries(states)) {
        const test = new InputUnderTest({ host, backoff: { baseMs: 30_000, jitter: 'none' } }).start();
        await reach(test);
        expect({ state, stopMs: await test.stopMs() }).toEqual({
          state,
          stopMs: expect.toSatisfy((ms: number) => ms < 1_000),
        });
        expect(test.processes).toEqual([]);
      }
    },
  );

  it.each(['thread', 'process'])(
    'leaves no orphan when our whole process is killed, with its worker in a %s',
    async (host) => {
      const marker = `spillway-test-${randomUUID()}`;
      const file = fileURLToPath(new URL('./fixtures/input-owner.ts', import.meta.url));
      const owner = spawn(process.execPath, [file, ffmpeg!, marker, host], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(owner.stdout, 'data');
      const pids = findAll(marker).map(({ pid }) => pid);
      expect(pids.length).toBeGreaterThanOrEqual(3); // ffmpeg and its guards, besides their owner.
      const workers = childrenOf(owner.pid!).filter(({ command }) => !command.includes(' life-line '));
      owner.kill('SIGKILL');
      await eventually(() => findAll(marker)).toEqual([]);
      for (const { pid } of workers) await eventually(() => isAlive(pid)).toBe(false);
    },
  );

  /** The worker process: the child that is a Node. */
  function workerPid(): number {
    const workers = childrenOf(process.pid).filter(({ command }) => command.includes('demux.worker'));
    expect(workers).toHaveLength(1);
    return workers[0]!.pid;
  }
});
