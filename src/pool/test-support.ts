import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach } from 'vitest';
import type { Chore } from './fixtures/chores.worker.ts';
import type { WorkerPoolOptions } from './options.ts';
import { WorkerPool } from './worker-pool.ts';

/** A pool that a test started, and what its supervisor would see of it. */
export interface StartedPool {
  readonly pool: WorkerPool<Chore, unknown>;
  /** Settles as `run` does. */
  readonly run: Promise<void>;
  readonly ready: Promise<void>;
  readonly beats: () => number;
  readonly abort: () => void;
}

export const fixture = (name: string): URL => new URL(`./fixtures/${name}.worker.ts`, import.meta.url);

/** Starts pools and kills them after the test. Call it once per file. */
export function poolStarter(): (options?: Partial<WorkerPoolOptions>) => StartedPool {
  const started: StartedPool[] = [];
  afterEach(async () => {
    for (const { pool } of started) pool.kill();
    await Promise.allSettled(started.splice(0).map(({ run }) => run));
  });
  return (options = {}) => {
    const pool = new WorkerPool<Chore, unknown>({ file: fixture('chores'), maxThreads: 1, ...options });
    const start = startPool(pool);
    started.push(start);
    return start;
  };
}

/** Runs a pool as a supervisor would. */
export function startPool(pool: WorkerPool<Chore, unknown>): StartedPool {
  const ready = Promise.withResolvers<void>();
  const controller = new AbortController();
  let beats = 0;
  const run = pool.run({ signal: controller.signal, ready: () => ready.resolve(), beat: () => beats++ });
  run.catch(() => {}); // Each test looks at what concerns it.
  const abort = (): void => controller.abort();
  return { pool, run, ready: ready.promise, beats: () => beats, abort };
}

/** The threads that a test has made so far, in order. Call it once per file. */
export function threadWatch(): { readonly threads: readonly Worker[]; readonly next: () => Promise<Worker> } {
  const threads: Worker[] = [];
  const add = (worker: Worker): void => void threads.push(worker);
  beforeEach(() => void process.on('worker', add));
  afterEach(() => {
    process.off('worker', add);
    threads.length = 0;
  });
  return { threads, next: async () => (await once(process, 'worker'))[0] as Worker };
}

/** A flag for a chore to raise, and the moment it did: from then on the thread is busy with it. */
export function createFlag(): { readonly flag: Int32Array; readonly raised: Promise<unknown> } {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  return { flag, raised: Promise.resolve(Atomics.waitAsync(flag, 0, 0).value) };
}
