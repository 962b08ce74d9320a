import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ConfigError, OverflowError, ProtocolError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { WorkerPoolOptions } from './options.ts';
import { createFlag, fixture, poolStarter, threadWatch } from './test-support.ts';
import { WorkerPool } from './worker-pool.ts';

const start = poolStarter();
const watch = threadWatch();

describe('WorkerPool: tasks and results', () => {
  it('gives each task its own result, however many threads work', async () => {
    const { pool } = start({ maxThreads: 3 });
    const tasks = Array.from({ length: 200 }, (_, number) => pool.exec({ do: 'add', with: [number, 1] }));
    expect(await Promise.all(tasks)).toEqual(Array.from({ length: 200 }, (_, number) => number + 1));
    expect(pool.stats()).toMatchObject({ completed: 200, queued: 0, running: 0, threads: 3 });
    const { waitTimeMs, runTimeMs } = pool.stats();
    expect(waitTimeMs.p99).toBeGreaterThanOrEqual(waitTimeMs.p50);
    expect(runTimeMs.p50).toBeGreaterThan(0);
  });

  it('starts tasks in the order in which they were accepted', async () => {
    const { pool } = start();
    const done: number[] = [];
    const run = async (number: number) =>
      done.push((await pool.exec({ do: 'echo', with: number })) as number);
    await Promise.all([1, 2, 3, 4, 5].map(run));
    expect(done).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes a task without a payload, and hands undefined back', async () => {
    expect(await start().pool.exec(undefined)).toBeUndefined();
  });

  it('moves what the caller transfers, and what the task marks with move()', async () => {
    const { pool } = start();
    const bytes = new Uint8Array(1_000);
    const length = pool.exec({ do: 'length', with: bytes }, { transfer: [bytes.buffer] });
    expect(await length).toBe(1_000);
    expect(bytes.byteLength).toBe(0);
    expect(await pool.exec({ do: 'moved', with: 3 })).toEqual(new Uint8Array([7, 7, 7]));
    expect(await pool.exec({ do: 'keptBytes' })).toBe(0);
  });

  it('rejects with what the task threw, class, code and cause included', async () => {
    const { pool } = start();
    const ours = await pool.exec({ do: 'throwOurs' }).catch((error: unknown) => error);
    expect(ours).toBeInstanceOf(ProtocolError);
    expect(ours).toMatchObject({ code: 'PROTOCOL_FLV', message: 'no such tag' });
    expect((ours as Error).cause).toMatchObject({ message: 'the byte was 9' });
    await expect(pool.exec({ do: 'throwTheirs' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(pool.exec({ do: 'throwText' })).rejects.toThrow('only a text');
    expect(pool.stats()).toMatchObject({ failed: 3, threads: 1, respawnsTotal: 0 });
  });

  it('says of a task that cannot be copied that it cannot, and keeps the thread', async () => {
    const { pool } = start();
    const refused = pool.exec({ do: 'echo', with: () => {} });
    await expect(refused).rejects.toMatchObject({
      code: 'TASK_UNSERIALIZABLE',
      cause: expect.objectContaining({ name: 'DataCloneError' }),
    });
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    expect(watch.threads).toHaveLength(1);
  });

  it('hands workerData to its threads', async () => {
    const { pool } = start({ workerData: { table: [1, 2] } });
    expect(await pool.exec({ do: 'workerData' })).toEqual({ table: [1, 2] });
  });
});

describe('WorkerPool: a task that is given up', () => {
  it('before it is accepted, is not touched', async () => {
    const { pool } = start();
    const reason = new Error('too late');
    await expect(pool.exec(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(pool.stats()).toMatchObject({ aborted: 0, queued: 0, running: 0 });
  });

  it('while it waits, leaves the queue and costs no thread', async () => {
    const { pool } = start();
    const { flag, raised } = createFlag();
    const busy = pool.exec({ do: 'never', flag }).catch(() => {});
    await raised;
    const { signal, abort } = abortable();
    const waiting = pool.exec({ do: 'add', with: [2, 3] }, { signal });
    expect(pool.stats().queued).toBe(1);
    abort('changed my mind');
    expect(pool.stats()).toMatchObject({ aborted: 1, queued: 0, running: 1, threads: 1 });
    await expect(waiting).rejects.toBe('changed my mind');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    pool.kill();
    await busy;
  });

  it('while it runs, ends its thread, and the next task gets another one', async () => {
    const { pool } = start();
    const { flag, raised } = createFlag();
    const { signal, abort } = abortable();
    const replaced = new Promise((resolve) => pool.once('threadReplaced', resolve));
    const hung = pool.exec({ do: 'spin', flag }, { signal });
    await raised;
    abort('changed my mind');
    await expect(hung).rejects.toBe('changed my mind');
    expect(await replaced).toEqual({ reason: 'task-aborted' });
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    expect(watch.threads).toHaveLength(2);
    expect(pool.stats()).toMatchObject({ aborted: 1, respawnsTotal: 0 });
  });

  it('after it is done, changes nothing, and a signal that lives on collects no listeners', async () => {
    const { pool } = start();
    const { signal, abort } = abortable();
    for (let round = 0; round < 20; round++) await pool.exec(undefined, { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    abort('too late');
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    expect(watch.threads).toHaveLength(1);
  });
});

describe('WorkerPool: more tasks than it can do', () => {
  it('refuses what does not fit and does not touch it', async () => {
    const clock = new ManualClock();
    const { pool } = start({ clock, maxQueue: 2 });
    const told: unknown[] = [];
    pool.on('saturated', (event) => told.push(event));
    const { flag, raised } = createFlag();
    const busy = pool.exec({ do: 'never', flag }, { timeoutMs: 5_000 }).catch(() => {});
    await raised;
    const waiting = [1, 2].map((left) => pool.exec({ do: 'add', with: [left, 1] }));
    const bytes = new Uint8Array(8);
    const refuse = () => pool.exec({ do: 'length', with: bytes }, { transfer: [bytes.buffer] });
    await expect(refuse()).rejects.toBeInstanceOf(OverflowError);
    await expect(refuse()).rejects.toMatchObject({
      code: 'OVERFLOW_TASKS',
      message: expect.stringMatching(/1 tasks run, 2 wait/),
    });
    expect(bytes.byteLength).toBe(8);
    await clock.advance(1_000);
    await expect(refuse()).rejects.toBeInstanceOf(OverflowError);
    const queued = 2;
    expect(told).toEqual([
      { queued, refused: 1 },
      { queued, refused: 3 },
    ]);
    expect(pool.stats()).toMatchObject({ refused: 3, queued: 2, running: 1 });
    await clock.advance(4_000);
    expect(await Promise.all(waiting)).toEqual([2, 3]);
    await busy;
  });

  it('lets a task wait only so long, and ends no thread for it', async () => {
    const clock = new ManualClock();
    const { pool } = start({ clock, queueTimeoutMs: 50 });
    const { flag, raised } = createFlag();
    const busy = pool.exec({ do: 'never', flag }).catch(() => {});
    await raised;
    const told = new Promise((resolve) => pool.once('saturated', resolve));
    const waiting = pool.exec({ do: 'add', with: [2, 3] });
    waiting.catch(() => {});
    await clock.advance(50);
    await expect(waiting).rejects.toMatchObject({
      code: 'TASK_WAIT_TIMEOUT',
      message: expect.stringMatching(/within 50 ms/),
    });
    expect(await told).toEqual({ queued: 0, refused: 0 });
    expect(pool.stats()).toMatchObject({ timedOut: 1, running: 1, queued: 0, threads: 1 });
    expect(watch.threads).toHaveLength(1);
    pool.kill();
    await busy;
  });
});

describe('WorkerPool: options', () => {
  const file = fixture('chores');
  it.each([
    { options: { file: 'chores.ts' }, says: /file must be a URL, got 'chores.ts'/ },
    { options: { file, maxThreads: 0 }, says: /maxThreads must be a whole number from 1 to 1024, got 0/ },
    { options: { file, maxThreads: 2, minThreads: 3 }, says: /minThreads .* from 1 to 2, got 3/ },
    { options: { file, maxQueue: Number.POSITIVE_INFINITY }, says: /maxQueue .*got Infinity/ },
    { options: { file, taskTimeoutMs: 0 }, says: /taskTimeoutMs .*got 0/ },
    { options: { file, maxRespawns: -1 }, says: /maxRespawns .*got -1/ },
    { options: { file, resourceLimits: 5 }, says: /resourceLimits must be an object/ },
    { options: { file, threads: 2 }, says: /WorkerPool has no option 'threads'/ },
    { options: { file, logger: {} }, says: /logger must be an object with debug\(\)/ },
  ])('refuses $options', ({ options, says }) => {
    const create = () => new WorkerPool(options as unknown as WorkerPoolOptions);
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(says);
  });

  it.each([
    { options: { timeoutMs: 0 }, says: /timeoutMs .*got 0/ },
    { options: { signal: {} }, says: /signal must be an object with addEventListener\(\)/ },
    { options: { transfer: new ArrayBuffer(1) }, says: /transfer must be an array/ },
    { options: { timeout: 5 }, says: /exec has no option 'timeout'/ },
  ])('refuses a task with $options', async ({ options, says }) => {
    const { pool } = start();
    await expect(pool.exec(undefined, options as never)).rejects.toThrow(says);
    expect(pool.stats()).toMatchObject({ queued: 0, running: 0 });
  });
});

function abortable(): { readonly signal: AbortSignal; readonly abort: (reason: unknown) => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}
