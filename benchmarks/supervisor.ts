/**
 * Question: how long is a failed, a hung and a stopped child away, and what do many children cost?
 *
 * Run: `node --conditions=spillway-source benchmarks/supervisor.ts`. Peers do not exist on npm (no supervision tree over
 * threads was found), so the restart of a real thread is compared with Piscina's replacement of one whose task was aborted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { exponentialBackoff, type Service, Supervisor } from 'spillway';

const rounds = 40;
const crashFile = new URL('./fixtures/crash-or-hang.js', import.meta.url);

printLatencies('restart of a failed function', await measureFunctionRestart());
printLatencies('detection of a hung function, beyond its limit of 100 ms', await measureDetection());
printLatencies('thread that exits: until the next one answers', await measureThreadRestart('exit'));
printLatencies(
  'thread in an endless loop: terminated, until the next one answers',
  await measureThreadRestart('loop'),
);
printLatencies(
  'Piscina, task aborted in an endless loop: until the next task is done',
  await measurePiscina(),
);
await printScale();

async function measureFunctionRestart(): Promise<number[]> {
  const latencies: number[] = [];
  let failedAtMs = 0;
  const supervisor = tolerant();
  const { promise, resolve } = Promise.withResolvers<void>();
  supervisor.add({
    name: 'crasher',
    async run() {
      if (failedAtMs > 0) latencies.push(performance.now() - failedAtMs);
      if (latencies.length >= rounds) resolve();
      await sleep(1);
      failedAtMs = performance.now();
      throw new Error('again');
    },
  });
  await runUntil(supervisor, promise);
  return latencies;
}

async function measureDetection(): Promise<number[]> {
  const latencies: number[] = [];
  const limitMs = 100;
  const supervisor = tolerant();
  const { promise, resolve } = Promise.withResolvers<void>();
  const hung: Service = {
    name: 'hung',
    run: ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  };
  supervisor.add(hung, { heartbeatTimeoutMs: limitMs });
  supervisor.on('child:hung', ({ silentMs }) => {
    latencies.push(silentMs - limitMs);
    if (latencies.length >= rounds) resolve();
  });
  await runUntil(supervisor, promise);
  return latencies;
}

async function measureThreadRestart(how: 'exit' | 'loop'): Promise<number[]> {
  const latencies: number[] = [];
  let brokeAtMs = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const thread: Service = {
    name: 'thread',
    async run() {
      const worker = new Worker(crashFile, { workerData: how });
      const ended = new Promise<void>((end) => worker.once('exit', () => end()));
      await new Promise((answered) => worker.once('message', answered));
      if (brokeAtMs > 0) latencies.push(performance.now() - brokeAtMs);
      if (latencies.length >= rounds) resolve();
      brokeAtMs = performance.now();
      worker.postMessage('break');
      if (how === 'loop') await worker.terminate();
      await ended;
      throw new Error('the thread is gone');
    },
  };
  await runUntil(tolerant().add(thread), promise);
  return latencies;
}

async function measurePiscina(): Promise<number[]> {
  const latencies: number[] = [];
  const pool = new Piscina({ filename: fileURLToPath(crashFile), minThreads: 1, maxThreads: 1 });
  await pool.run('answer');
  for (let round = 0; round < rounds; round++) {
    const abort = new AbortController();
    const hung = pool.run('loop', { signal: abort.signal }).catch(() => {});
    await sleep(5);
    const brokeAtMs = performance.now();
    abort.abort();
    await hung;
    await pool.run('answer');
    latencies.push(performance.now() - brokeAtMs);
  }
  await pool.destroy();
  return latencies;
}

async function printScale(): Promise<void> {
  const rows: Record<string, Record<string, string>> = {};
  for (const count of [1_000, 10_000, 100_000]) {
    const supervisor = new Supervisor({ name: 'many', maxChildren: count });
    for (let index = 0; index < count; index++) supervisor.add(idle(`child ${index}`));
    const stop = new AbortController();
    const heapBefore = process.memoryUsage().heapUsed;
    const startedAtMs = performance.now();
    const up = Promise.withResolvers<void>();
    const run = supervisor.run({ signal: stop.signal, ready: up.resolve });
    await up.promise;
    const startMs = performance.now() - startedAtMs;
    const heapBytes = process.memoryUsage().heapUsed - heapBefore;
    const healthAtMs = performance.now();
    supervisor.health();
    const healthMs = performance.now() - healthAtMs;
    const stoppedAtMs = performance.now();
    stop.abort();
    await run;
    const stopMs = performance.now() - stoppedAtMs;
    rows[`${count} children`] = {
      'start µs each': ((startMs * 1000) / count).toFixed(2),
      'stop µs each': ((stopMs * 1000) / count).toFixed(2),
      'health µs each': ((healthMs * 1000) / count).toFixed(2),
      'heap B each': (heapBytes / count).toFixed(0),
    };
  }
  console.table(rows);
}

function idle(name: string): Service {
  return {
    name,
    run: ({ signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  };
}

// Restarts at once and for ever: what is measured is the supervisor, not the patience it was given.
function tolerant(): Supervisor {
  return new Supervisor({
    name: 'benchmark',
    maxRestarts: 10_000,
    restartWindowMs: 60_000,
    backoff: exponentialBackoff({ baseMs: 0 }),
  });
}

async function runUntil(supervisor: Supervisor, done: Promise<void>): Promise<void> {
  const stop = new AbortController();
  const run = supervisor.run({ signal: stop.signal });
  await Promise.race([done, run]);
  stop.abort();
  await run;
}

function printLatencies(title: string, latencies: readonly number[]): void {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(2);
  console.log(`${title}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${sorted.length} times)`);
}
