// Who is restarted with a child that failed, and when the supervisor gives up. The behaviour is that of Erlang/OTP's
// supervisor test suite (Apache-2.0), whose case names these tests bear; words and code are our own.
// docs/otp-conformance.md lists what differs on purpose.
import { describe, expect, it } from 'vitest';
import { RestartLimitError } from '../../core/errors.ts';
import type { RestartStrategy, SupervisorOptions } from '../options.ts';
import { counts, lives, OtpChild, startOtp, states } from './test-support.ts';

const hourMs = 3_600_000;

describe('OTP, restart limit', () => {
  it('multiple_restarts', async () => {
    const child1 = new OtpChild('child1');
    const { supervisor, stop, outcome, clock, settle } = await startOtp([[child1, { stopTimeoutMs: 0 }]], {
      maxRestarts: 1,
      restartWindowMs: 1_000,
    });
    for (let restart = 1; restart <= 4; restart++) {
      child1.exit('abnormal');
      await settle();
      expect(supervisor.health()).toMatchObject({ restartsInWindow: 1, restartsTotal: restart });
      await clock.advance(2_100);
    }
    expect([states(supervisor), lives(supervisor)]).toEqual([['child1 running'], ['child1 #5']]);
    await supervisor.stopChild('child1');
    supervisor.removeChild('child1');
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });

  it('multiple_restarts: the window slides and does not start anew', async () => {
    const child1 = new OtpChild('child1');
    const { outcome, clock } = await startOtp([child1], { maxRestarts: 1, restartWindowMs: 1_000 });
    for (const pauseMs of [0, 1_000, 1_000, 999]) {
      await clock.advance(pauseMs);
      expect(child1.alive).toBe(true);
      child1.exit('abnormal');
      await clock.settle();
    }
    expect(await outcome).toBeInstanceOf(RestartLimitError);
  });
});

describe('OTP, one_for_one', () => {
  it('one_for_one', async () => {
    const { children, supervisor, outcome, settle, diary } = await start('one-for-one', 2, 2);
    const [child1, child2] = children;
    child1!.exit('abnormal');
    await settle();
    expect([lives(supervisor), counts(supervisor)]).toEqual([
      ['child1 #2', 'child2 #1'],
      [2, 2, 0, 2],
    ]);
    expect(diary).toEqual(['child1 failed', 'child1 started']);
    child2!.exit('abnormal');
    await settle();
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2']);
    child2!.exit('abnormal');
    expect(await outcome).toMatchObject({ code: 'RESTART_LIMIT', cause: new Error('child2 crashed') });
    expect(diary.slice(4)).toEqual(['child2 failed', 'child1 stopped']);
    expect(mostAlive(children)).toEqual([1, 1]);
  });

  it('one_for_one_escalation', async () => {
    const { children, supervisor, outcome, clock, diary } = await start('one-for-one', 2, 4);
    const [child1, child2] = children;
    child1!.startResult = 'fail';
    child1!.exit('abnormal');
    expect(await gaveUp(outcome, clock)).toMatchObject({ cause: new Error('child1 cannot start') });
    expect(diary).toEqual([
      'child1 failed',
      ...times(4, 'child1 started', 'child1 failed'),
      'child2 stopped',
    ]);
    expect(lives(supervisor)).toEqual(['child1 #5', 'child2 #1']);
    expect([child2!.alive, clock.timers]).toEqual([false, 0]);
  });
});

describe('OTP, one_for_all', () => {
  it('one_for_all', async () => {
    const { children, supervisor, outcome, settle, diary } = await start('one-for-all', 3, 2);
    children[0]!.exit('abnormal');
    await settle();
    expect(diary.splice(0)).toEqual([
      ...['child1 failed', 'child3 stopped', 'child2 stopped'],
      ...['child1 started', 'child2 started', 'child3 started'],
    ]);
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2', 'child3 #2']);
    expect([counts(supervisor), supervisor.health().restartsInWindow]).toEqual([[3, 3, 0, 3], 1]);
    children[2]!.exit('abnormal');
    await settle();
    expect(lives(supervisor)).toEqual(['child1 #3', 'child2 #3', 'child3 #3']);
    diary.length = 0;
    children[1]!.exit('abnormal');
    expect(await outcome).toBeInstanceOf(RestartLimitError);
    expect(diary).toEqual(['child2 failed', 'child3 stopped', 'child1 stopped']);
    expect(mostAlive(children)).toEqual([1, 1, 1]);
  });

  it('one_for_all: a child that has finished is started with the others', async () => {
    const [child1, child2] = [new OtpChild('child1'), new OtpChild('child2')];
    const { supervisor, settle } = await startOtp([child1, [child2, { restart: 'transient' }]], {
      strategy: 'one-for-all',
    });
    child2.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 finished']);
    child1.exit('abnormal');
    await settle();
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2']);
  });

  // OTP starts it with the others.
  it('one_for_all: a child that was stopped by hand stays stopped', async () => {
    const { children, supervisor, settle } = await start('one-for-all', 3, 3);
    await supervisor.stopChild('child2');
    children[0]!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 stopped', 'child3 running']);
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #1', 'child3 #2']);
    await supervisor.restartChild('child2');
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2', 'child3 #2']);
  });

  // OTP has no back-off.
  it('one_for_all: with a back-off the others are stopped at once and started when it is over', async () => {
    const backoff = { delayMs: () => 100, maxDelayMs: () => 100 };
    const { children, supervisor, settle, clock } = await start('one-for-all', 3, 3, { backoff });
    children[1]!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 waiting', 'child2 backing-off', 'child3 waiting']);
    await clock.advance(99);
    expect(supervisor.count().active).toBe(0);
    await clock.advance(1);
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2', 'child3 #2']);
  });

  it('one_for_all_escalation', async () => {
    const { children, outcome, clock, diary } = await start('one-for-all', 2, 4);
    children[1]!.startResult = 'fail';
    children[0]!.exit('abnormal');
    expect(await gaveUp(outcome, clock)).toMatchObject({ cause: new Error('child2 cannot start') });
    expect(diary).toEqual([
      ...['child1 failed', 'child2 stopped'],
      ...times(4, 'child1 started', 'child2 started', 'child2 failed', 'child1 stopped'),
    ]);
    expect([children.map(({ alive }) => alive), clock.timers]).toEqual([[false, false], 0]);
  });

  it('one_for_all_other_child_fails_restart', async () => {
    const { children, supervisor, settle, diary, stop, outcome } = await start('one-for-all', 2, 3);
    const [child1, child2] = children;
    child2!.startResult = 'never';
    child1!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 starting']);
    child2!.startResult = 'ok';
    child2!.exit('abnormal');
    await settle();
    expect(diary.splice(0)).toEqual([
      ...['child1 failed', 'child2 stopped', 'child1 started', 'child2 started'],
      ...['child2 failed', 'child1 stopped', 'child1 started', 'child2 started'],
    ]);
    expect([states(supervisor), supervisor.health().restartsInWindow]).toEqual([
      ['child1 running', 'child2 running'],
      2,
    ]);
    expect(mostAlive(children)).toEqual([1, 1]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(diary).toEqual(['child2 stopped', 'child1 stopped']);
  });
});

describe('OTP, rest_for_one', () => {
  it('rest_for_one', async () => {
    const { children, supervisor, outcome, settle, diary } = await start('rest-for-one', 4, 2);
    children[1]!.exit('abnormal');
    await settle();
    expect(diary.splice(0)).toEqual([
      ...['child2 failed', 'child4 stopped', 'child3 stopped'],
      ...['child2 started', 'child3 started', 'child4 started'],
    ]);
    expect(lives(supervisor)).toEqual(['child1 #1', 'child2 #2', 'child3 #2', 'child4 #2']);
    expect(counts(supervisor)).toEqual([4, 4, 0, 4]);
    children[3]!.exit('abnormal');
    await settle();
    expect(lives(supervisor)).toEqual(['child1 #1', 'child2 #2', 'child3 #2', 'child4 #3']);
    diary.length = 0;
    children[1]!.exit('abnormal');
    expect(await outcome).toBeInstanceOf(RestartLimitError);
    expect(diary).toEqual(['child2 failed', 'child4 stopped', 'child3 stopped', 'child1 stopped']);
    expect(mostAlive(children)).toEqual([1, 1, 1, 1]);
  });

  it('rest_for_one_escalation', async () => {
    const { children, outcome, clock, diary } = await start('rest-for-one', 2, 4);
    children[1]!.startResult = 'fail';
    children[0]!.exit('abnormal');
    expect(await gaveUp(outcome, clock)).toMatchObject({ cause: new Error('child2 cannot start') });
    expect(diary).toEqual([
      ...['child1 failed', 'child2 stopped', 'child1 started'],
      ...times(4, 'child2 started', 'child2 failed'),
      'child1 stopped',
    ]);
    expect([children.map(({ alive }) => alive), clock.timers]).toEqual([[false, false], 0]);
  });

  // OTP leaves the rest of the group down.
  it('rest_for_one_escalation: without the child that cannot start the rest of its group comes up', async () => {
    const backoff = { delayMs: () => 100, maxDelayMs: () => 100 };
    const { children, supervisor, clock } = await start('rest-for-one', 4, 4, { backoff });
    children[1]!.startResult = 'fail';
    children[1]!.exit('abnormal');
    await clock.advance(150);
    expect(states(supervisor).slice(1)).toEqual(['child2 backing-off', 'child3 waiting', 'child4 waiting']);
    await supervisor.stopChild('child2');
    await clock.advance(1_000);
    expect(states(supervisor).slice(1)).toEqual(['child2 stopped', 'child3 running', 'child4 running']);
    expect(lives(supervisor)).toEqual(['child1 #1', 'child2 #2', 'child3 #2', 'child4 #2']);
  });

  it('rest_for_one_other_child_fails_restart', async () => {
    const { children, supervisor, settle, diary, stop, outcome } = await start('rest-for-one', 2, 3);
    const [child1, child2] = children;
    child2!.startResult = 'never';
    child1!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 starting']);
    child2!.startResult = 'ok';
    child2!.exit('abnormal');
    await settle();
    expect(diary).toEqual([
      ...['child1 failed', 'child2 stopped', 'child1 started', 'child2 started'],
      ...['child2 failed', 'child2 started'],
    ]);
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #3']);
    expect(supervisor.health().restartsInWindow).toBe(2);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });
});

/** A supervisor of `child1`, `child2`, …, whose window is an hour; the diary begins when all are up. */
async function start(
  strategy: RestartStrategy,
  size: number,
  maxRestarts: number,
  options: Partial<SupervisorOptions> = {},
) {
  const children = Array.from({ length: size }, (_, index) => new OtpChild(`child${index + 1}`));
  const run = await startOtp(children, { strategy, maxRestarts, restartWindowMs: hourMs, ...options });
  run.diary.length = 0;
  return { children, ...run };
}

/** Waits until a supervisor has given up, which is to take no time. */
async function gaveUp(outcome: Promise<unknown>, clock: { advance(ms: number): Promise<void> }) {
  await clock.advance(0);
  const error = await outcome;
  expect(error).toBeInstanceOf(RestartLimitError);
  return error;
}

function times(count: number, ...lines: readonly string[]): string[] {
  return Array.from({ length: count }, () => lines).flat();
}

function mostAlive(children: readonly OtpChild[]): number[] {
  return children.map((child) => child.mostAlive);
}
