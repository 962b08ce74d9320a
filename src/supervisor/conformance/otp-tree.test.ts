/**
 * Supervisors below supervisors. The behaviour is that of Erlang/OTP's supervisor test suite (Apache-2.0); words and code
 * are our own.
 */
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../../core/backoff.ts';
import { RestartLimitError } from '../../core/errors.ts';
import type { ManualClock } from '../../testing/manual-clock.ts';
import type { SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { counts, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

describe('OTP: trees', () => {
  it('faulty_application_shutdown: a nested start that fails ends every start above it with its error', async () => {
    const root = await startOtp([]);
    const inner = below(root.clock, 'inner');
    const middle = below(root.clock, 'middle').add(inner, { startTimeoutMs });
    const before = new OtpChild('before');
    const faulty = new OtpChild('faulty');
    faulty.startResult = 'fail';
    inner.add(before, { startTimeoutMs }).add(faulty, { startTimeoutMs });
    await expect(root.supervisor.startChild(middle, { startTimeoutMs })).rejects.toThrow(
      'faulty cannot start',
    );
    expect([faulty.starts, before.starts, before.alive]).toEqual([1, 1, false]);
    expect(root.supervisor.children()).toEqual([]);
    expect(root.supervisor.health().state).toBe('running');
  });

  it('faulty_application_shutdown: each level that gives up names the one below as its cause', async () => {
    const root = await startOtp([], { maxRestarts: 0 });
    const inner = below(root.clock, 'inner', { maxRestarts: 0 });
    const worker = new OtpChild('worker');
    await root.supervisor.startChild(inner.add(worker, { startTimeoutMs }), { startTimeoutMs });
    worker.exit('abnormal');
    await root.settle();
    const error = (await root.outcome) as RestartLimitError;
    const cause = error.cause as RestartLimitError;
    expect(error).toBeInstanceOf(RestartLimitError);
    expect(cause).toBeInstanceOf(RestartLimitError);
    expect([error.message, cause.message]).toEqual([
      expect.stringContaining("sup gave up: more than 0 restarts within 5000 ms, the last one of 'inner'"),
      expect.stringContaining("inner gave up: more than 0 restarts within 5000 ms, the last one of 'worker'"),
    ]);
    expect(cause.cause).toEqual(new Error('worker crashed'));
  });

  it('child_unlink', async () => {
    const naughty = new OtpChild('naughty');
    naughty.stopManner = 'busy-forever';
    const { supervisor, clock } = await startOtp([]);
    await supervisor.startChild(naughty, { stopTimeoutMs: 1_000, startTimeoutMs });
    const stopped = supervisor.stopChild('naughty').catch((error: unknown) => error);
    await clock.settle();
    await supervisor.startChild(new OtpChild('foo'), { startTimeoutMs });
    expect(states(supervisor)).toEqual(['naughty stopping', 'foo running']);
    await clock.advance(5_000);
    await expect(stopped).resolves.toMatchObject({ code: 'CHILD_STOP_TIMEOUT' });
    expect(states(supervisor)).toEqual(['naughty stuck', 'foo running']);
  });

  it('tree', async () => {
    const top = await startOtp([], { strategy: 'one-for-all', maxRestarts: 4 });
    const [child1, child2, child3, child4] = fourChildren();
    const options = { maxRestarts: 4, restartWindowMs: 3_600_000 };
    const sup1 = below(top.clock, 'sup1', options)
      .add(child1, { startTimeoutMs })
      .add(child2, { startTimeoutMs });
    const sup2 = below(top.clock, 'sup2', options);
    const sup3 = below(top.clock, 'sup3', options);
    for (const nested of [sup1, sup2]) await top.supervisor.startChild(nested, { startTimeoutMs });
    await top.supervisor.startChild(sup3, { startTimeoutMs, restart: 'transient' });
    await top.supervisor.stopChild('sup3');
    expect([top.supervisor, sup1, sup2].map(counts)).toEqual([
      [3, 2, 3, 0],
      [2, 2, 0, 2],
      [0, 0, 0, 0],
    ]);

    await sup2.startChild(child3, { startTimeoutMs });
    await sup2.startChild(child4, { startTimeoutMs });
    child4.exit('abnormal');
    await top.settle();
    expect([child1, child2, child3, child4].map(({ starts }) => starts)).toEqual([1, 1, 1, 2]);
    expect([sup1, sup2].map(counts)).toEqual([
      [2, 2, 0, 2],
      [2, 2, 0, 2],
    ]);

    child3.startResult = 'fail';
    child3.exit('abnormal');
    await top.settle();
    expect([child1, child2, child3, child4].map(({ alive }) => alive)).toEqual([true, true, false, false]);
    expect([child1, child2, child3, child4].map(({ starts }) => starts)).toEqual([2, 2, 4, 2]);
    expect([top.supervisor, sup1, sup2].map(counts)).toEqual([
      [3, 2, 3, 0],
      [2, 2, 0, 2],
      [0, 0, 0, 0],
    ]);
    expect(states(top.supervisor)).toEqual(['sup1 running', 'sup2 running', 'sup3 stopped']);
  });

  it('simple_global_supervisor: a nested supervisor that is ended is replaced, and its child with it', async () => {
    const { top, middle, server } = await threeLevels();
    await middle[Symbol.asyncDispose]();
    await top.settle();
    expect(top.diary).toEqual(['middle started', 'middle returned', 'middle started']);
    expect(server).toMatchObject({ starts: 2, alive: true, mostAlive: 1 });
  });

  it.each(['abnormal', 'normal'] as const)(
    'simple_global_supervisor: a worker that ends (%s) is replaced below the same supervisor',
    async (kind) => {
      const { top, server } = await threeLevels();
      server.exit(kind);
      await top.settle();
      expect(top.diary).toEqual(['middle started']);
      expect(server).toMatchObject({ starts: 2, alive: true, mostAlive: 1 });
    },
  );

  it('simple_global_supervisor: a worker can be stopped and restarted by hand', async () => {
    const { top, middle, server } = await threeLevels();
    await middle.stopChild('server');
    expect(server.alive).toBe(false);
    await middle.restartChild('server');
    expect(server).toMatchObject({ starts: 2, alive: true });
    top.stop.abort();
    await expect(top.outcome).resolves.toBe('returned');
    expect(server.alive).toBe(false);
  });
});

function below(clock: ManualClock, name: string, options: Partial<SupervisorOptions> = {}): Supervisor {
  return new Supervisor({ name, clock, backoff: exponentialBackoff({ baseMs: 0 }), ...options });
}

function fourChildren() {
  const child = (number: number): OtpChild => new OtpChild(`child${number}`);
  return [child(1), child(2), child(3), child(4)] as const;
}

async function threeLevels() {
  const options = { strategy: 'one-for-all', maxRestarts: 3, restartWindowMs: 60_000 } as const;
  const top = await startOtp([], options);
  const server = new OtpChild('server');
  const middle = below(top.clock, 'middle', options).add(server, { startTimeoutMs });
  await top.supervisor.startChild(middle, { stopTimeoutMs: 2_000, startTimeoutMs });
  return { top, middle, server };
}
