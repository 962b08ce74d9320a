import { describe, expect, it } from 'vitest';
import { ClosedError, ConfigError } from '../core/errors.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { Chore } from './fixtures/chores.worker.ts';
import { createFlag, fixture, poolStarter, startPool, threadWatch } from './test-support.ts';
import { WorkerPool } from './worker-pool.ts';

const start = poolStarter();
const watch = threadWatch();

describe('WorkerPool: as a service', () => {
  it('takes no tasks before it runs and after it has ended', async () => {
    const options = { file: fixture('chores'), maxThreads: 1 };
    const pool = new WorkerPool<Chore, unknown>(options);
    await expect(pool.exec(undefined)).rejects.toBeInstanceOf(ClosedError);
    const { run, abort, ready } = startPool(pool);
    await ready;
    abort();
    await expect(pool.exec(undefined)).rejects.toBeInstanceOf(ClosedError);
    await run;
    await expect(pool.exec(undefined)).rejects.toBeInstanceOf(ClosedError);
  });

  it('is ready when minThreads have loaded the file', async () => {
    const { pool, ready, beats } = start({ minThreads: 2, maxThreads: 3 });
    await ready;
    expect(pool.stats().threads).toBe(2);
    expect(beats()).toBe(2);
  });

  it('finishes what it has accepted when it is asked to stop, and then ends its threads', async () => {
    const { pool, run, abort } = start();
    const tasks = [1, 2, 3].map((number) => pool.exec({ do: 'add', with: [number, 1] }));
    abort();
    expect(await Promise.all(tasks)).toEqual([2, 3, 4]);
    await run;
    expect(pool.stats()).toMatchObject({ completed: 3, cutOff: 0, threads: 0 });
    expect(watch.threads.map(({ threadId }) => threadId)).toEqual([-1]);
  });

  it('cuts off what is not done within its grace', async () => {
    const clock = new ManualClock();
    const { pool, run, abort } = start({ clock, graceMs: 400 });
    const { flag, raised } = createFlag();
    const tasks = [pool.exec({ do: 'spin', flag }), pool.exec(undefined)];
    for (const task of tasks) task.catch(() => {});
    await raised;
    abort();
    await clock.advance(399);
    expect(pool.stats()).toMatchObject({ running: 1, queued: 1, cutOff: 0 });
    await clock.advance(1);
    for (const task of tasks) await expect(task).rejects.toBeInstanceOf(ClosedError);
    await run;
    expect(pool.stats()).toMatchObject({ running: 0, queued: 0, cutOff: 2, threads: 0 });
    expect(clock.timers).toBe(0);
  });

  it('ends at once when it is killed, also during its grace', async () => {
    const clock = new ManualClock();
    const { pool, run, abort } = start({ clock });
    const { flag, raised } = createFlag();
    const hung = pool.exec({ do: 'spin', flag });
    hung.catch(() => {});
    await raised;
    abort();
    pool.kill();
    pool.kill();
    await expect(hung).rejects.toBeInstanceOf(ClosedError);
    await run;
    expect(clock.timers).toBe(0);
  });

  it('stops before it has started, and when its signal aborted before', async () => {
    const { pool, run } = start();
    pool.kill();
    await run;
    const context = { signal: AbortSignal.abort(), ready() {}, beat() {} };
    await pool.run(context);
    expect(pool.stats().threads).toBe(0);
    expect(watch.threads.every(({ threadId }) => threadId === -1)).toBe(true);
  });

  it('can be disposed of twice, and before it ever ran', async () => {
    const pool = new WorkerPool({ file: fixture('chores'), maxThreads: 1 });
    await pool[Symbol.asyncDispose]();
    const { pool: other, run } = start();
    await Promise.all([other[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    await run;
    await other[Symbol.asyncDispose]();
    expect(other.stats().threads).toBe(0);
  });

  it('runs again after it has ended, keeps its counts, and is never run twice at the same time', async () => {
    const { pool, run, abort } = start();
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    await expect(startPool(pool).run).rejects.toBeInstanceOf(ConfigError);
    abort();
    await run;
    const again = startPool(pool);
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    expect(pool.stats().completed).toBe(2);
    again.abort();
    await again.run;
  });

  it('beats while a thread answers, and not while every thread hangs', async () => {
    const clock = new ManualClock();
    const { pool, ready, beats } = start({ clock });
    await ready;
    const answered = beats();
    await clock.advance(250); // A thread has just answered.
    expect(beats()).toBe(answered);
    await clock.advance(250);
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5); // Waits behind the question.
    expect(beats()).toBe(answered + 2);
    const { flag, raised } = createFlag();
    const hung = pool.exec({ do: 'spin', flag }, { timeoutMs: 20_000 }).catch(() => {});
    await raised;
    await clock.advance(19_999);
    expect(beats()).toBe(answered + 2);
    await clock.advance(1);
    await hung;
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    expect(beats()).toBeGreaterThan(answered + 2);
  });

  it('beats at least every half second while it has nothing to do', async () => {
    const clock = new ManualClock();
    const { ready, beats } = start({ clock });
    await ready;
    for (let half = 0; half < 3; half++) {
      const before = beats();
      await clock.advance(500);
      while (beats() === before) await new Promise((resolve) => setImmediate(resolve)); // The thread's answer comes in real time.
    }
  });

  it('sends threads home that have nothing to do, down to minThreads', async () => {
    const clock = new ManualClock();
    const { pool, ready } = start({ clock, maxThreads: 3, idleTimeoutMs: 200 });
    await ready;
    await occupy(pool, 3, async () => {});
    expect(pool.stats().threads).toBe(3);
    await clock.advance(199);
    expect(pool.stats().threads).toBe(3);
    await clock.advance(1);
    expect(pool.stats()).toMatchObject({ threads: 1, respawnsTotal: 0 });
  });

  it('does not send a thread home that works again', async () => {
    const clock = new ManualClock();
    const { pool } = start({ clock, maxThreads: 2, idleTimeoutMs: 200 });
    await occupy(pool, 2, async () => {});
    await clock.advance(150);
    await occupy(pool, 2, () => clock.advance(100));
    expect(pool.stats()).toMatchObject({ completed: 4, threads: 2 });
  });

  it('accounts for every accepted task', async () => {
    const { pool, abort, run } = start({ maxThreads: 2 });
    const chores = [
      { do: 'echo' },
      { do: 'throwText' },
      { do: 'exit', with: 1 },
      { do: 'function' },
    ] as const;
    const tasks = Array.from({ length: 20 }, (_, index) => pool.exec(chores[index % 4]));
    const settled = Promise.allSettled(tasks);
    abort();
    await Promise.all([settled, run]);
    const { completed, failed, timedOut, aborted, cutOff, queued, running } = pool.stats();
    expect(completed + failed + timedOut + aborted + cutOff).toBe(20);
    expect([completed > 0, failed > 0, queued, running]).toEqual([true, true, 0, 0]);
  });
});

/** Has `count` threads work at the same time, until `meanwhile` is over. */
async function occupy(
  pool: WorkerPool<Chore, unknown>,
  count: number,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const flags = Array.from({ length: count }, createFlag);
  const tasks = flags.map(({ flag }) => pool.exec({ do: 'waitFor', with: gate, flag }));
  await Promise.all(flags.map(({ raised }) => raised));
  await meanwhile();
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  await Promise.all(tasks);
}

describe('WorkerPool: under a Supervisor', () => {
  it('is started afresh when its threads crash too often', async () => {
    const pool = new WorkerPool<Chore, unknown>({ file: fixture('chores'), maxThreads: 1, maxRespawns: 0 });
    const supervisor = new Supervisor({ name: 'app' }).add(pool, { startTimeoutMs: 10_000 });
    const stop = new AbortController();
    const ready = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    supervisor.on('child:ready', ({ incarnation }) => ready[incarnation - 1]?.resolve());
    const run = supervisor.run({ signal: stop.signal });
    await ready[0].promise;
    await expect(pool.exec({ do: 'exit', with: 3 })).rejects.toMatchObject({ code: 'WORKER_EXITED' });
    await ready[1].promise;
    expect(supervisor.health().children[0]).toMatchObject({
      incarnation: 2,
      lastExit: { reason: 'failed', error: expect.stringContaining('RESTART_LIMIT') },
    });
    await expect(pool.exec({ do: 'add', with: [1, 2] })).resolves.toBe(3);
    stop.abort();
    await run;
  });
});
