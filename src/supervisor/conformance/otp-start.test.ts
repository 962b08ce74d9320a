// How a supervisor and its children start. The behaviour is that of Erlang/OTP's supervisor test suite (Apache-2.0), whose
// case names these tests bear; words and code are our own. docs/otp-conformance.md lists what differs on purpose.
import { describe, expect, it } from 'vitest';
import type { Service } from '../../core/service.ts';
import { Supervisor } from '../supervisor.ts';
import { counts, lives, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

const temporary = { restart: 'temporary', startTimeoutMs } as const;
const permanent = { restart: 'permanent', startTimeoutMs } as const;

describe('OTP, start of a supervisor', () => {
  it('sup_start_normal', async () => {
    const { supervisor, stop, outcome, clock } = await startOtp([]);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    expect(supervisor.health()).toMatchObject({ state: 'running', status: 'healthy' });
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(supervisor.health().state).toBe('idle');
    expect(clock.timers).toBe(0);
  });

  it('sup_start_ignore_init', async () => {
    const { supervisor, stop, outcome } = await startOtp([]);
    const inner = factory('inner', () => undefined);
    const handle = await supervisor.startChild(inner, permanent);
    expect(await handle.ended).toMatchObject({ reason: 'ignored' });
    expect(states(supervisor)).toEqual(['inner finished']);
    expect(supervisor.count().active).toBe(0);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });

  it.each([undefined, null, 'invalid', () => ({})])(
    'sup_start_error_return: %s instead of options',
    (options) => {
      expect(() => new Supervisor(options as never)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('an object') }),
      );
    },
  );

  it('sup_start_fail', async () => {
    const failure = new Error('no configuration');
    const before = new OtpChild('before');
    const { supervisor, outcome, clock } = await startOtp([
      before,
      factory('inner', () => {
        throw failure;
      }),
      new OtpChild('after'),
    ]);
    expect(await outcome).toBe(failure);
    expect(before.alive).toBe(false);
    expect(lives(supervisor)).toEqual(['before #1', 'inner #1', 'after #0']);
    expect(counts(supervisor)).toEqual([3, 0, 0, 3]);
    expect(clock.timers).toBe(0);
  });
});

describe('OTP, start of a child that declines', () => {
  it('sup_start_ignore_child', async () => {
    const { supervisor } = await startOtp([]);
    const handle = await supervisor.startChild(declining('child1'), permanent);
    await supervisor.startChild(new OtpChild('child2'), permanent);
    expect(await handle.ended).toMatchObject({ reason: 'ignored' });
    expect(states(supervisor)).toEqual(['child1 finished', 'child2 running']);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
  });

  it('sup_start_ignore_child: one that was there at the start', async () => {
    const [child1, child2] = [declining('child1'), new OtpChild('child2')];
    const { supervisor } = await startOtp([child1, child2]);
    expect(states(supervisor)).toEqual(['child1 finished', 'child2 running']);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
    expect(child1.starts).toBe(1);
  });

  it('sup_start_ignore_temporary_child', async () => {
    const { supervisor } = await startOtp([
      [declining('child1'), temporary],
      [new OtpChild('child2'), temporary],
    ]);
    expect(states(supervisor)).toEqual(['child2 running']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('sup_start_ignore_temporary_child_start_child', async () => {
    const { supervisor } = await startOtp([]);
    const handle = await supervisor.startChild(declining('child1'), temporary);
    await supervisor.startChild(new OtpChild('child2'), temporary);
    expect(await handle.ended).toMatchObject({ reason: 'ignored' });
    expect(states(supervisor)).toEqual(['child2 running']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('sup_start_ignore_temporary_child_start_child_simple', async () => {
    const { supervisor } = await startOtp([], { stopOrder: 'parallel' });
    for (const name of ['a', 'b', 'c']) await supervisor.startChild(declining(name), temporary);
    await supervisor.startChild(new OtpChild('d'), temporary);
    expect(states(supervisor)).toEqual(['d running']);
    // The name is free at once.
    await supervisor.startChild(new OtpChild('a'), temporary);
    expect(counts(supervisor)).toEqual([2, 2, 0, 2]);
  });

  it('sup_start_ignore_permanent_child_start_child_simple', async () => {
    const { supervisor, stop, outcome, clock } = await startOtp([], { stopOrder: 'parallel' });
    await supervisor.startChild(declining('child1'), permanent);
    await supervisor.startChild(new OtpChild('child2'), permanent);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]); // OTP keeps no such child: here its owner removes it.
    supervisor.removeChild('child1');
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    await supervisor.startChild(declining('child3'), permanent);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    expect(clock.timers).toBe(0);
  });
});

describe('OTP, start of a child that fails', () => {
  it('sup_start_child_returns_error', async () => {
    const { supervisor, outcome, stop } = await startOtp([]);
    const child1 = failing('child1');
    await expect(supervisor.startChild(child1, permanent)).rejects.toThrow('child1 cannot start');
    expect(supervisor.children()).toEqual([]);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    expect([child1.starts, supervisor.health().restartsInWindow]).toEqual([1, 0]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });

  it('sup_start_child_returns_error: one that never answers', async () => {
    const { supervisor, clock } = await startOtp([]);
    const child1 = new OtpChild('child1');
    child1.startResult = 'never';
    const started = supervisor.startChild(child1, permanent).catch((error: unknown) => error);
    await clock.advance(startTimeoutMs - 1);
    expect(states(supervisor)).toEqual(['child1 starting']);
    await clock.advance(1);
    expect(await started).toMatchObject({ name: 'TimeoutError', code: 'CHILD_START_TIMEOUT' });
    expect(supervisor.children()).toEqual([]);
    expect(child1.alive).toBe(false);
  });

  // Here the difference between a start that fails and a life that ends early is the start limit.
  it('sup_start_child_returns_error: without a start limit the child is up at once, and is restarted', async () => {
    const { supervisor, settle } = await startOtp([], { maxRestarts: 1 });
    const child1 = failing('child1');
    const handle = await supervisor.startChild(child1);
    child1.startResult = 'ok';
    expect(await handle.ended).toMatchObject({ reason: 'failed' });
    await settle();
    expect([states(supervisor), child1.starts]).toEqual([['child1 running'], 2]);
  });

  it('sup_start_restart_child_returns_error', async () => {
    const child1 = new OtpChild('child1');
    const { supervisor } = await startOtp([child1]);
    await supervisor.stopChild('child1');
    child1.startResult = 'fail';
    await expect(supervisor.restartChild('child1')).rejects.toThrow('child1 cannot start');
    expect(states(supervisor)).toEqual(['child1 finished']);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    child1.startResult = 'ok';
    await supervisor.restartChild('child1');
    expect(states(supervisor)).toEqual(['child1 running']);
  });

  it('sup_start_restart_child_returns_error: one that startChild() added', async () => {
    const child1 = new OtpChild('child1');
    const { supervisor } = await startOtp([]);
    await supervisor.startChild(child1, permanent);
    await supervisor.stopChild('child1');
    child1.startResult = 'fail';
    await expect(supervisor.restartChild('child1')).rejects.toThrow('child1 cannot start');
    expect(states(supervisor)).toEqual(['child1 finished']);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
  });

  it('sup_start_child_returns_error_simple', async () => {
    const { supervisor } = await startOtp([], { stopOrder: 'parallel' });
    await supervisor.startChild(new OtpChild('a'), permanent);
    for (const restart of ['permanent', 'transient', 'temporary'] as const)
      await expect(supervisor.startChild(failing('b'), { restart, startTimeoutMs })).rejects.toThrow(
        'b cannot start',
      );
    expect(states(supervisor)).toEqual(['a running']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });
});

/** OTP's `start_link` with an `init`: a service that makes its supervisor when it is started, or none. */
function factory(name: string, init: () => Supervisor | undefined): Service {
  return { name, run: async (context) => init()?.run(context) };
}

function declining(name: string): OtpChild {
  const child = new OtpChild(name);
  child.startResult = 'ignore';
  return child;
}

function failing(name: string): OtpChild {
  const child = new OtpChild(name);
  child.startResult = 'fail';
  return child;
}
