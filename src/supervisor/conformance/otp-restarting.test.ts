/**
 * Children whose restart keeps failing. The behaviour is that of Erlang/OTP's supervisor test suite (Apache-2.0); words
 * and code are our own.
 */
import { describe, expect, it } from 'vitest';
import type { RestartStrategy } from '../options.ts';
import { counts, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

// OTP's suite makes each attempt take 2 s; here the pause lies between the attempts, where the back-off is.
const pauseMs = 100;
const loop = {
  maxRestarts: 20,
  restartWindowMs: 10_000,
  backoff: { delayMs: () => pauseMs, maxDelayMs: () => pauseMs },
} as const;

describe('OTP: restart loops', () => {
  it('count_restarting_children', async () => {
    const { supervisor, clock } = await startOtp([], loop);
    const children = [new OtpChild('a'), new OtpChild('b'), new OtpChild('c')] as const;
    const [a, b, c] = children;
    for (const child of children) await supervisor.startChild(child, { startTimeoutMs });
    for (const child of children) child.exit('abnormal');
    await clock.advance(pauseMs);
    expect(counts(supervisor)).toEqual([3, 3, 0, 3]);

    for (const child of [a, b]) child.startResult = 'fail';
    for (const child of [a, b]) child.exit('abnormal');
    await clock.advance(4 * pauseMs);
    expect(counts(supervisor)).toEqual([3, 1, 0, 3]);
    expect(states(supervisor)).toEqual(['a backing-off', 'b backing-off', 'c running']);

    for (const child of children) child.startResult = 'ok';
    await clock.advance(pauseMs);
    expect(counts(supervisor)).toEqual([3, 3, 0, 3]);
    expect(c.starts).toBe(2);

    for (const [index, name] of ['c', 'a', 'b'].entries()) {
      await supervisor.stopChild(name);
      supervisor.removeChild(name);
      expect(counts(supervisor)).toEqual([2 - index, 2 - index, 0, 2 - index]);
    }
  });

  it('hanging_restart_loop: a child in the loop can be neither started, restarted nor removed', async () => {
    const { supervisor, child } = await looping();
    expect(states(supervisor)).toEqual(['child backing-off']);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await expect(supervisor.startChild(child)).rejects.toMatchObject({
      code: 'CHILD_EXISTS',
      message: "sup has a child 'child', which is backing-off",
    });
    await expect(supervisor.restartChild('child')).rejects.toMatchObject({ code: 'CHILD_RESTARTING' });
    expect(() => supervisor.removeChild('child')).toThrow(
      expect.objectContaining({ code: 'CHILD_RESTARTING' }),
    );
  });

  it('hanging_restart_loop: stopping the child ends the loop', async () => {
    const { supervisor, child, clock } = await looping();
    await supervisor.stopChild('child');
    const { starts } = child;
    await clock.advance(5 * pauseMs);
    expect(child.starts).toBe(starts);
    expect(states(supervisor)).toEqual(['child stopped']);
    child.startResult = 'ok';
    await expect(supervisor.restartChild('child')).resolves.toMatchObject({ name: 'child' });
    expect(states(supervisor)).toEqual(['child running']);
  });

  it('hanging_restart_loop: the supervisor can be stopped during the loop', async () => {
    const { child, clock, stop, outcome } = await looping();
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    const { starts } = child;
    await clock.advance(5 * pauseMs);
    expect(child).toMatchObject({ starts, alive: false });
    expect(clock.timers).toBe(0);
  });

  it('hanging_restart_loop: the supervisor can be stopped during an attempt', async () => {
    const { supervisor, child, clock, stop, outcome } = await looping();
    child.startResult = 'never';
    await clock.advance(pauseMs);
    expect(states(supervisor)).toEqual(['child starting']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(child.alive).toBe(false);
    expect(clock.timers).toBe(0);
  });

  it('hanging_restart_loop: the loop ends when the restarts are spent', async () => {
    const { child, clock, outcome } = await looping();
    await clock.advance(20 * pauseMs);
    await expect(outcome).resolves.toMatchObject({
      code: 'RESTART_LIMIT',
      cause: new Error('child cannot start'),
    });
    expect(child.starts).toBe(1 + loop.maxRestarts);
    expect(clock.timers).toBe(0);
  });

  it('hanging_restart_loop_rest_for_one', async () => {
    const { supervisor, children, clock } = await loopingSecond('rest-for-one');
    const [child1, child2, child3] = children;
    expect(states(supervisor)).toEqual(['child1 running', 'child2 backing-off', 'child3 waiting']);
    expect(counts(supervisor)).toEqual([3, 1, 0, 3]);
    expect([child1.starts, child3.starts, child3.alive]).toEqual([1, 1, false]);
    await expect(supervisor.startChild(child2)).rejects.toMatchObject({ code: 'CHILD_EXISTS' });
    for (const name of ['child2', 'child3']) {
      await expect(supervisor.restartChild(name)).rejects.toMatchObject({ code: 'CHILD_RESTARTING' });
      expect(() => supervisor.removeChild(name)).toThrow(
        expect.objectContaining({ code: 'CHILD_RESTARTING' }),
      );
    }
    await supervisor.stopChild('child2');
    await clock.advance(pauseMs);
    expect(states(supervisor)).toEqual(['child1 running', 'child2 stopped', 'child3 running']);
    child2.startResult = 'ok';
    await supervisor.restartChild('child2');
    expect(states(supervisor)).toEqual(['child1 running', 'child2 running', 'child3 running']);
    expect(children.map(({ mostAlive }) => mostAlive)).toEqual([1, 1, 1]);
  });

  it.each([
    { strategy: 'rest-for-one', aliveBefore: [true, false, false] },
    { strategy: 'one-for-all', aliveBefore: [false, false, false] },
  ] as const)(
    'hanging_restart_loop_rest_for_one: the supervisor can be stopped during the loop ($strategy)',
    async ({ strategy, aliveBefore }) => {
      const { children, clock, stop, outcome } = await loopingSecond(strategy);
      expect(children.map(({ alive }) => alive)).toEqual(aliveBefore);
      stop.abort();
      await expect(outcome).resolves.toBe('returned');
      expect(children.map(({ alive }) => alive)).toEqual([false, false, false]);
      expect(clock.timers).toBe(0);
    },
  );

  it('hanging_restart_loop_simple', async () => {
    const { supervisor, child, clock, stop, outcome } = await looping({ stopOrder: 'parallel' });
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await supervisor.stopChild('child');
    expect(states(supervisor)).toEqual(['child stopped']);
    supervisor.removeChild('child');
    child.startResult = 'ok';
    await supervisor.startChild(child, { startTimeoutMs });
    child.startResult = 'fail';
    child.exit('abnormal');
    await clock.advance(3 * pauseMs);
    expect(states(supervisor)).toEqual(['child backing-off']);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(supervisor.children()).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});

/** A supervisor whose only child failed and cannot be started again. */
async function looping(options: { stopOrder?: 'parallel' } = {}) {
  const child = new OtpChild('child');
  const run = await startOtp([], { ...loop, ...options });
  await run.supervisor.startChild(child, { startTimeoutMs });
  child.startResult = 'fail';
  child.exit('abnormal');
  await run.clock.advance(4 * pauseMs);
  return { ...run, child };
}

/** The same with the second of three children. */
async function loopingSecond(strategy: RestartStrategy) {
  const children = [new OtpChild('child1'), new OtpChild('child2'), new OtpChild('child3')] as const;
  const run = await startOtp(children, { ...loop, strategy });
  children[1].startResult = 'fail';
  children[1].exit('abnormal');
  await run.clock.advance(4 * pauseMs);
  return { ...run, children };
}
