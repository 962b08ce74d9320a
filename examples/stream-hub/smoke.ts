import { WorkerChannel } from 'spillway';
import type { LiveStream, StreamDirectory } from 'spillway/media';
import { consoleLogger } from './console-logger.ts';
import { runFfmpeg } from './ffmpeg.ts';
import type { Flags } from './flags.ts';
import { createHub, type Hub } from './hub.ts';
import type { SmokeProtocol } from './smoke.worker.ts';

const frames = 60;
const name = 'live/smoke';
const source = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30'];
const encoder = [
  '-frames:v',
  `${frames}`,
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-g',
  '30',
  '-pix_fmt',
  'yuv420p',
];

// The stream lasts 2 s: this is well inside.
const blockAfterMs = 600;
const limitMs = 60_000;
const slowestCommandMs = 50;

/**
 * Publishes 60 frames with ffmpeg, counts them at the ingest and at a viewer, times the answers to RTMP commands, and
 * prints one line of JSON. `true` when nothing was lost and, with a blocked main thread, no command waited.
 */
export async function smokeTest(flags: Flags, signal: AbortSignal): Promise<boolean> {
  const hub = createHub({
    ...{ host: '127.0.0.1', rtmpPort: 0, httpPort: 0 },
    ...{ publisher: false, logger: consoleLogger },
  });
  const stop = new AbortController();
  const limit = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(limitMs)]);
  const { promise: started, resolve: ready } = Promise.withResolvers<void>();
  const running = hub.supervisor.run({ signal: limit, ready });
  try {
    await Promise.race([started, running]);
    return await measure(hub, flags.blockMainMs, limit);
  } finally {
    stop.abort();
    await running.finally(() => hub.streams.close());
  }
}

async function measure(hub: Hub, blockMainMs: number, signal: AbortSignal): Promise<boolean> {
  const file = new URL('./smoke.worker.ts', import.meta.url);
  await using outside = await WorkerChannel.open<SmokeProtocol>(file, { signal });
  const startMs = performance.now();
  const port = hub.ingest.address?.port ?? 0;
  const publishing = publish(port, signal);
  const captured = capturedFrames(hub.streams);
  await untilStarted(hub.streams, publishing);
  const url = `${hub.web.url}/${name}.flv`;
  // All in one wait: when one of them fails, the others are not left to fail unseen.
  const [published, view, probe] = await Promise.all([
    publishing,
    outside.call('watch', { url }, { timeoutMs: limitMs }),
    probeWhileBlocked(outside, port, blockMainMs),
  ]);
  const result = { published, captured: await captured, delivered: view.frames, ...probe };
  const elapsedMs = Math.round(performance.now() - startMs);
  process.stdout.write(`${JSON.stringify({ ...result, elapsedMs })}\n`);
  const isComplete = [published, result.captured, view.frames].every((count) => count === frames);
  return isComplete && Math.max(...Object.values(probe.latencyMs)) <= slowestCommandMs;
}

/** Publishes with ffmpeg. Resolves to the number of frames it has sent. */
async function publish(port: number, signal: AbortSignal): Promise<number> {
  let published = 0;
  const onProgress = (count: number): void => {
    published = Math.max(published, count);
  };
  const args = [...source, ...encoder, '-f', 'flv', `rtmp://127.0.0.1:${port}/${name}`];
  await runFfmpeg({ args, signal, onProgress });
  return published;
}

async function probeWhileBlocked(outside: WorkerChannel<SmokeProtocol>, port: number, blockMainMs: number) {
  await new Promise((resolve) => setTimeout(resolve, blockAfterMs));
  const forMs = Math.max(500, blockMainMs - 500);
  const probing = outside.call('probe', { port, forMs }, { timeoutMs: limitMs });
  const mainBlockedMs = block(blockMainMs);
  return { mainBlockedMs, ...(await probing) };
}

/** Waits for the stream to start, or fails with the publisher. */
async function untilStarted(streams: StreamDirectory, publishing: Promise<unknown>): Promise<void> {
  const started = new Promise<void>((resolve) => {
    const release = streams.on('started', ({ stream }) => {
      if (stream.name !== name) return;
      release();
      resolve();
    });
  });
  const ended = publishing.then(() => {
    throw new Error('ffmpeg ended before its stream began');
  });
  await Promise.race([started, ended]);
}

/** Video frames the ingest has handed over when the stream ends. */
function capturedFrames(streams: StreamDirectory): Promise<number> {
  return new Promise((resolve) => {
    const release = streams.on('ended', ({ stream }: { stream: LiveStream }) => {
      if (stream.name !== name) return;
      release();
      resolve(stream.stats().video?.packets ?? 0);
    });
  });
}

/** Keeps the main thread busy, as an application that computes would. */
function block(forMs: number): number {
  const startMs = performance.now();
  while (performance.now() - startMs < forMs);
  return Math.round(performance.now() - startMs);
}
