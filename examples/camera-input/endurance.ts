// Does to one input everything that can happen to it and prints what it measured, as one line of JSON.
//   node --import ./examples/camera-input/fixtures/sabotage.ts examples/camera-input/endurance.ts [seconds per trouble]
import { setTimeout as pause } from 'node:timers/promises';
import type { MediaInputState } from 'spillway/ffmpeg';
import { FakeCamera } from './fake-camera.ts';
import { WatchedInput } from './watched-input.ts';

interface Trouble {
  readonly what: string;
  readonly begin: (camera: FakeCamera, watched: WatchedInput) => unknown;
  /** Ends what does not end by itself. */
  readonly end?: (camera: FakeCamera) => unknown;
  /** What the input is doing then. */
  readonly state: MediaInputState;
}

const troubles: readonly Trouble[] = [
  {
    what: 'unreachable',
    begin: (camera) => camera.switchOff(),
    end: (camera) => camera.switchOn(),
    state: 'waiting',
  },
  {
    what: 'silent',
    begin: (camera) => camera.switchOn('silent'),
    end: (camera) => camera.switchOn(),
    state: 'connecting',
  },
  { what: 'stalled', begin: (camera) => camera.freeze(), end: (camera) => camera.thaw(), state: 'connected' },
  { what: 'ffmpeg frozen', begin: (_camera, watched) => watched.signalFfmpeg('SIGSTOP'), state: 'connected' },
  {
    what: 'ffmpeg killed',
    begin: (_camera, watched) => watched.signalFfmpeg('SIGKILL'),
    state: 'connecting',
  },
  {
    what: 'worker in an endless loop',
    begin: (_camera, watched) => watched.blockWorker(),
    state: 'connected',
  },
];

const seconds = Number(process.argv[2] ?? 8);
const ffmpegPath = process.env.FFMPEG_PATH ?? 'ffmpeg';
const backoff = { maxMs: 500 };
const limits = {
  connectTimeoutMs: 3_000,
  stallTimeoutMs: 1_000,
  probeMs: 700,
  reconnectOnEnd: true,
  backoff,
};

await using camera = await FakeCamera.start(ffmpegPath);
await camera.switchOn();
const options = { name: 'camera', url: camera.url, ffmpegPath, ...limits };

/** Goes through all troubles with one input and measures its heartbeats and how soon it is back. */
async function endure(): Promise<object> {
  const watched = new WatchedInput(options);
  await watched.until('connected');
  const back: Record<string, object> = {};
  for (const { what, begin, end } of troubles) {
    const connections = watched.connections.length;
    const beganMs = performance.now();
    await begin(camera, watched);
    if (end !== undefined) await pause(seconds * 1_000);
    const endedMs = end === undefined ? beganMs : performance.now();
    await end?.(camera);
    const { atMs, connectMs } = await watched.untilConnected(connections + 1);
    // Dead time: from the end of the trouble, or its begin where it ends by itself, without ffmpeg's own start.
    back[what] = { deadMs: Math.round(atMs - endedMs - connectMs), connectMs };
    if (end === undefined) await pause(seconds * 1_000);
  }
  const gapsMs = watched.beatsMs.slice(1).map((atMs, index) => Math.round(atMs - watched.beatsMs[index]!));
  const { workerRestarts, reconnects } = watched.input.stats();
  return {
    ...{ beats: watched.beatsMs.length, minGapMs: Math.min(...gapsMs), maxGapMs: Math.max(...gapsMs) },
    ...{ back, workerRestarts, reconnects, ...(await watched.stop()) },
  };
}

/** Stops an input in the middle of each trouble. */
async function stopInEach(): Promise<object> {
  const results: Record<string, object> = {};
  for (const { what, begin, end, state } of troubles) {
    const watched = new WatchedInput(options);
    await watched.until('connected');
    await begin(camera, watched);
    await pause(100); // Until it has taken hold.
    await watched.until(state);
    results[what] = await watched.stop();
    await end?.(camera);
  }
  return results;
}

process.stdout.write(`${JSON.stringify({ endured: await endure(), stopped: await stopInEach() })}\n`);
