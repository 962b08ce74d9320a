import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ClosedError, RestartLimitError, TimeoutError, WorkerExitError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { createFlag, fixture, poolStarter, startPool, threadWatch } from './test-support.ts';

const start = poolStarter();
const watch = threadWatch();
const fifos: { readonly folder: string; readonly close: () => void }[] = [];

// A thread that is still blocked would keep the test's process from ending.
afterEach(() => {
  for (const { folder, close } of fifos.splice(0)) {
    close();
    rmSync(folder, { recursive: true });
  }
});

describe('WorkerPool: a task that hangs', () => {
  it.each([
    { hang: 'spin', what: 'an endless loop' },
    { hang: 'wait', what: 'Atomics.wait' },
    { hang: 'never', what: 'a promise that never settles' },
  ] as const)('is answered at its limit and costs its thread: $what', async ({ hang }) => {
    const clock = new ManualClock();
    const { pool } = start({ clock });
    const replaced = new Promise((resolve) => pool.once('threadReplaced', resolve));
    const { flag, raised } = createFlag();
    const hung = pool.exec({ do: hang, flag }, { timeoutMs: 200 });
    const behind = pool.exec({ do: 'add', with: [2, 3] });
    hung.catch(() => {});
    await raised;
    await clock.advance(199);
    expect(pool.stats()).toMatchObject({ running: 1, queued: 1, oldestRunningMs: 199, timedOut: 0 });
    await clock.advance(1);
    await expect(hung).rejects.toMatchObject({
      code: 'TASK_TIMEOUT',
      message: expect.stringMatching(/200 ms/),
    });
    await expect(hung).rejects.toBeInstanceOf(TimeoutError);
    expect(await behind).toBe(5);
    expect(await replaced).toEqual({ reason: 'task-timeout' });
    expect(pool.stats()).toMatchObject({ timedOut: 1, completed: 1, respawnsTotal: 0, lostThreads: 0 });
  });

  it('is answered in time when the thread cannot be ended; the lost thread is counted and replaced', async () => {
    const { path, release } = createFifo();
    const clock = new ManualClock();
    const { pool, ready } = start({ clock, maxThreads: 2 });
    await ready;
    const [stuck] = watch.threads;
    const { flag, raised } = createFlag();
    const hung = pool.exec({ do: 'openForReading', with: path, flag }, { timeoutMs: 100 });
    hung.catch(() => {});
    await raised;
    expect(await pool.exec({ do: 'add', with: [1, 1] })).toBe(2); // Long enough for open(2) to have been entered.
    const lost = new Promise((resolve) => pool.once('threadLost', resolve));
    await clock.advance(100);
    await expect(hung).rejects.toMatchObject({ code: 'TASK_TIMEOUT' });
    await clock.advance(1_000);
    expect(await lost).toEqual({ lostThreads: 1 });
    const both = [createFlag(), createFlag()];
    const pair = both.map(({ flag }) => pool.exec({ do: 'never', flag }).catch(() => {}));
    await Promise.all(both.map(({ raised }) => raised)); // Two threads again, beside the lost one.
    expect(pool.stats()).toMatchObject({ lostThreads: 1, threads: 2, running: 2, respawnsTotal: 0 });
    const exited = once(stuck!, 'exit');
    release();
    await exited;
    await clock.settle();
    expect(pool.stats().lostThreads).toBe(0);
    pool.kill();
    await Promise.all(pair);
  });

  it('fails the pool when more threads are lost than allowed', async () => {
    const { path, release } = createFifo();
    const clock = new ManualClock();
    const { pool, ready, run } = start({ clock, maxThreads: 2, maxLostThreads: 0 });
    await ready;
    const [stuck] = watch.threads;
    const { flag, raised } = createFlag();
    const hung = pool.exec({ do: 'openForReading', with: path, flag }, { timeoutMs: 100 }).catch(() => {});
    await raised;
    await pool.exec({ do: 'add', with: [1, 1] });
    await clock.advance(100);
    await hung;
    await clock.advance(1_000);
    await expect(run).rejects.toMatchObject({
      code: 'WORKER_HUNG',
      message: expect.stringMatching(/1 threads.*limit 0/),
    });
    const again = startPool(pool);
    const task = pool.exec(undefined);
    await expect(again.run).rejects.toMatchObject({ code: 'WORKER_HUNG' });
    await expect(task).rejects.toMatchObject({ code: 'WORKER_HUNG' });
    const exited = once(stuck!, 'exit');
    release();
    await exited;
  });
});

describe('WorkerPool: a thread that ends under its task', () => {
  it.each([
    {
      what: 'process.exit()',
      chore: { do: 'exit', with: 3 } as const,
      error: { code: 'WORKER_EXITED', exitCode: 3 },
    },
    {
      what: 'an uncaught error',
      chore: { do: 'uncaught' } as const,
      error: {
        code: 'WORKER_FAILED',
        message: 'a thread of chores.worker.ts failed: E_LOOSE: nobody caught this',
        cause: { code: 'E_LOOSE' },
      },
    },
    {
      what: 'a result that cannot be copied',
      chore: { do: 'function' } as const,
      error: {
        code: 'RESULT_UNSERIALIZABLE',
        message: expect.stringContaining('DataCloneError: () => {} could not be cloned'),
      },
    },
  ])('tells its caller which way and is replaced: $what', async ({ chore, error }) => {
    const { pool } = start();
    const ended = pool.exec(chore).catch((thrown: unknown) => thrown);
    const behind = pool.exec({ do: 'add', with: [2, 3] });
    behind.catch(() => {});
    expect(await ended).toBeInstanceOf(WorkerExitError);
    expect(await ended).toMatchObject(error);
    expect(await behind).toBe(5);
    expect(pool.stats()).toMatchObject({ failed: 1, completed: 1, respawnsTotal: 1, respawnsInWindow: 1 });
  });

  it('tells of a heap that was used up', async () => {
    const { pool } = start({ resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } });
    await expect(pool.exec({ do: 'exhaust' })).rejects.toMatchObject({ code: 'WORKER_OUT_OF_MEMORY' });
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
  });

  it('fails the task that runs when an earlier one left something behind that throws', async () => {
    const { pool } = start();
    expect(await pool.exec({ do: 'uncaughtAfter' })).toBeUndefined();
    const error = { code: 'WORKER_FAILED', cause: { code: 'E_LOOSE' } };
    await expect(pool.exec({ do: 'never' })).rejects.toMatchObject(error);
    expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
  });

  it('leaves the tasks of the other threads alone', async () => {
    const { pool } = start({ maxThreads: 2 });
    const { flag, raised } = createFlag();
    const other = pool.exec({ do: 'never', flag }).catch((error: unknown) => error);
    await raised;
    await expect(pool.exec({ do: 'exit', with: 1 })).rejects.toBeInstanceOf(WorkerExitError);
    expect(pool.stats()).toMatchObject({ running: 1, failed: 1 });
    pool.kill();
    expect(await other).toBeInstanceOf(ClosedError);
  });
});

describe('WorkerPool: threads that do not live', () => {
  it.each([
    {
      file: 'broken',
      error: {
        code: 'WORKER_FAILED',
        message: expect.stringMatching(/could not load.*the table is missing/),
      },
    },
    {
      file: 'no-function',
      error: { code: 'WORKER_FAILED', message: expect.stringMatching(/must be a function, got string/) },
    },
    {
      file: 'missing',
      error: { code: 'WORKER_FAILED', message: expect.stringMatching(/ERR_MODULE_NOT_FOUND/) },
    },
    { file: 'exits', error: { code: 'WORKER_EXITED', exitCode: 7 } },
  ])('use up the respawn budget and settle every task: $file', async ({ file, error }) => {
    const { pool, run } = start({ file: fixture(file), maxRespawns: 2 });
    const tasks = [1, 2, 3].map(() => pool.exec(undefined).catch((thrown: unknown) => thrown));
    await expect(run).rejects.toBeInstanceOf(RestartLimitError);
    await expect(run).rejects.toMatchObject({ cause: error });
    const failure = await run.catch((thrown: unknown) => thrown);
    expect(await Promise.all(tasks)).toEqual([failure, failure, failure]);
    expect(watch.threads).toHaveLength(3);
    expect(pool.stats()).toMatchObject({ cutOff: 3, threads: 0, respawnsTotal: 3 });
  });

  it('are given up when they take too long to load', async () => {
    const clock = new ManualClock();
    const { run } = start({ file: fixture('hangs'), clock, startTimeoutMs: 300, maxRespawns: 0 });
    await watch.next();
    await clock.advance(300);
    await expect(run).rejects.toMatchObject({
      cause: { code: 'WORKER_START_TIMEOUT', message: expect.stringMatching(/300 ms/) },
    });
  });

  it('are noticed when they end while they are idle', async () => {
    const { pool, ready, run } = start({ maxRespawns: 2 });
    await ready;
    for (const lives of [1, 2]) {
      const replaced = new Promise((resolve) => pool.once('threadReplaced', resolve));
      await watch.threads.at(-1)?.terminate();
      expect(await replaced).toMatchObject({ reason: 'failed', error: { code: 'WORKER_EXITED' } });
      expect(pool.stats()).toMatchObject({ respawnsInWindow: lives, threads: 1 });
      expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
    }
    await watch.threads.at(-1)?.terminate();
    await expect(run).rejects.toMatchObject({ code: 'RESTART_LIMIT', cause: { code: 'WORKER_EXITED' } });
  });

  it('do not use up the budget when they end seldom enough', async () => {
    const clock = new ManualClock();
    const { pool } = start({ clock, maxRespawns: 1, respawnWindowMs: 100 });
    for (let round = 0; round < 4; round++) {
      await pool.exec({ do: 'exit', with: 1 }).catch(() => {});
      await clock.advance(60);
      expect(await pool.exec({ do: 'add', with: [2, 3] })).toBe(5);
      await clock.advance(60);
    }
    expect(pool.stats()).toMatchObject({ respawnsTotal: 4, failed: 4, completed: 4 });
  });

  it('tell the task that ran in the last one what happened to it', async () => {
    const { pool, run } = start({ maxRespawns: 0 });
    const last = pool.exec({ do: 'exit', with: 3 }).catch((error: unknown) => error);
    const behind = pool.exec(undefined).catch((error: unknown) => error);
    await expect(run).rejects.toMatchObject({ code: 'RESTART_LIMIT', cause: await last });
    expect(await last).toMatchObject({ code: 'WORKER_EXITED', exitCode: 3 });
    expect(await behind).toMatchObject({ code: 'RESTART_LIMIT' });
  });

  it('fail the run at once when none can be made', async () => {
    const { pool, run } = start({ workerData: () => {} });
    const task = pool.exec(undefined).catch((error: unknown) => error);
    await expect(run).rejects.toMatchObject({ code: 'WORKER_FAILED', cause: { name: 'DataCloneError' } });
    expect(await task).toMatchObject({ code: 'WORKER_FAILED' });
  });
});

/** A pipe that blocks the thread that opens it for reading, in a native call, until it is released. */
function createFifo(): { readonly path: string; readonly release: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'pool-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  // Opened for both, which does not block on Linux, and held: a reader that comes later gets through as well.
  let held: number | undefined;
  const release = (): void => {
    held ??= openSync(path, 'r+');
  };
  fifos.push({ folder, close });
  return { path, release };

  function close(): void {
    release();
    closeSync(held!);
  }
}
