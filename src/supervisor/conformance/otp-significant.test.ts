/**
 * Supervisors that end with their significant children. The behaviour is that of Erlang/OTP's supervisor test suite
 * (Apache-2.0); words and code are our own.
 */
import { describe, expect, it } from 'vitest';
import type { AutoShutdown, ChildOptions, RestartStrategy } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { type ExitKind, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

const modes: readonly AutoShutdown[] = ['never', 'any-significant', 'all-significant'];
const decidingModes = modes.slice(1);
const strategies: readonly RestartStrategy[] = ['one-for-one', 'one-for-all', 'rest-for-one'];
const exits: readonly ExitKind[] = ['abnormal', 'shutdown', 'normal'];

describe('OTP: auto-shutdown', () => {
  it.each(modes)('nonsignificant_temporary (%s)', async (autoShutdown) => {
    const options = { restart: 'temporary', startTimeoutMs } as const;
    const { children, supervisor, settle } = await start([options], autoShutdown);
    const child = children[0]!;
    await supervisor.stopChild('child1');
    for (const kind of exits) {
      await supervisor.startChild(child, options);
      child.exit(kind);
      await settle();
      expect(supervisor.health()).toMatchObject({ state: 'running', children: [] });
    }
  });

  it.each(modes)('nonsignificant_transient (%s)', async (autoShutdown) => {
    const { children, supervisor, settle } = await start([{ restart: 'transient' }], autoShutdown);
    const child = children[0]!;
    await supervisor.stopChild('child1');
    expect(states(supervisor)).toEqual(['child1 stopped']);
    await supervisor.restartChild('child1');
    for (const starts of [3, 4]) {
      child.exit('abnormal');
      await settle();
      expect(child).toMatchObject({ starts, alive: true });
    }
    child.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 finished']);
    expect(supervisor.health().state).toBe('running');
  });

  it('significant_temporary: the request to stop one does not count', async () => {
    const { supervisor, settle, children } = await start(trio('temporary'), 'any-significant');
    await supervisor.stopChild('child1');
    await settle();
    expect(states(supervisor)).toEqual(['child2 running', 'child3 running']);
    expect(children.map(({ alive }) => alive)).toEqual([false, true, true]);
  });

  it.each(exits)('significant_temporary: any of them ends it by an exit that is %s', async (kind) => {
    const { children, supervisor, outcome, settle } = await start(trio('temporary'), 'any-significant');
    const causes: string[] = [];
    supervisor.on('autoShutdown', ({ child, exit }) => causes.push(`${child} ${exit.reason}`));
    children[0]!.exit(kind);
    await settle();
    await expect(outcome).resolves.toBe('returned');
    expect(causes).toEqual([`child1 ${reasonOf[kind]}`]);
    expect(children.map(({ starts, alive }) => [starts, alive])).toEqual(endedAfterOneLife);
  });

  it('significant_temporary: a child that does not count ends nothing', async () => {
    const { children, supervisor, settle } = await start(trio('temporary'), 'any-significant');
    children[2]!.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 running']);
  });

  it('significant_temporary: all of them, the last one ends it', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('temporary'), 'all-significant');
    children[0]!.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child2 running', 'child3 running']);
    children[1]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
    expect(children.map(({ starts, alive }) => [starts, alive])).toEqual(endedAfterOneLife);
  });

  it('significant_temporary: one that declines to run does not count', async () => {
    const { children, supervisor, settle } = await start(trio('temporary'), 'any-significant');
    await supervisor.stopChild('child1');
    children[0]!.startResult = 'ignore';
    await supervisor.startChild(children[0]!, { ...significant('temporary'), startTimeoutMs });
    await settle();
    expect(states(supervisor)).toEqual(['child2 running', 'child3 running']);
  });

  it('significant_transient: failures restart, a normal exit ends it', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('transient'), 'any-significant');
    await supervisor.stopChild('child1');
    await supervisor.restartChild('child1');
    for (const starts of [3, 4]) {
      children[0]!.exit('abnormal');
      await settle();
      expect(children.map((child) => child.starts)).toEqual([starts, 1, 1]);
      expect(supervisor.health().state).toBe('running');
    }
    children[0]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
    expect(children.map(({ alive }) => alive)).toEqual([false, false, false]);
  });

  it('significant_transient: all of them, the last one ends it', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('transient'), 'all-significant');
    children[0]!.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 finished', 'child2 running', 'child3 running']);
    children[1]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
    expect(children.map(({ starts, alive }) => [starts, alive])).toEqual(endedAfterOneLife);
  });

  it('significant_transient: all of them, one that is about to be restarted is not gone', async () => {
    const backoff = { delayMs: () => 100, maxDelayMs: () => 100 };
    const { children, supervisor, settle } = await start(trio('transient'), 'all-significant', { backoff });
    children[0]!.exit('abnormal');
    await settle();
    expect(states(supervisor)[0]).toBe('child1 backing-off');
    children[1]!.exit('normal');
    await settle();
    expect(supervisor.health().state).toBe('running');
  });

  it('significant_transient: all of them, one that was stopped is gone', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('transient'), 'all-significant');
    await supervisor.stopChild('child1');
    children[1]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
  });

  it('significant_transient: all of them, one that was restarted by hand counts again', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('transient'), 'all-significant');
    children[0]!.exit('normal');
    await settle();
    await supervisor.restartChild('child1');
    children[1]!.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 finished', 'child3 running']);
    children[0]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
  });

  it('significant_transient: all of them, in the next run as well', async () => {
    const { children, supervisor, outcome, settle } = await start(trio('transient'), 'all-significant');
    children[0]!.exit('normal');
    children[1]!.exit('normal');
    await settle();
    await outcome;
    const again = supervisor.run(new AbortController());
    await settle();
    children[0]!.exit('normal');
    await settle();
    expect(states(supervisor)).toEqual(['child1 finished', 'child2 running', 'child3 running']);
    children[1]!.exit('normal');
    await settle();
    await expect(again).resolves.toBeUndefined();
  });

  it('significant_simple', async () => {
    const { supervisor, outcome, settle } = await startOtp([], {
      autoShutdown: 'all-significant',
      stopOrder: 'parallel',
    });
    const children = ['a', 'b', 'c'].map((name) => new OtpChild(name));
    for (const child of children)
      await supervisor.startChild(child, { restart: 'temporary', significant: true, startTimeoutMs });
    children[1]!.exit('normal');
    children[0]!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['c running']);
    children[2]!.exit('normal');
    await settle();
    await expect(outcome).resolves.toBe('returned');
  });

  const bystanders = strategies.flatMap((strategy) => decidingModes.map((mode) => ({ strategy, mode })));

  it.each(bystanders)('significant_bystander ($strategy, $mode)', async ({ strategy, mode }) => {
    const { children, supervisor, settle } = await start(
      [significant('transient'), { restart: 'transient' }, significant('transient')],
      mode,
      { strategy },
    );
    children[1]!.exit('abnormal');
    await settle();
    expect(children.map(({ starts }) => starts)).toEqual(startsAfterTheSecondFailed[strategy]);
    expect(supervisor.health().state).toBe('running');
    expect(states(supervisor)).toEqual(['child1 running', 'child2 running', 'child3 running']);
  });

  it.each(decidingModes)('significant_bystander (temporary ones go unnoticed, %s)', async (mode) => {
    const { children, supervisor, settle } = await start(
      [significant('temporary'), { restart: 'transient' }, significant('temporary')],
      mode,
      { strategy: 'one-for-all' },
    );
    children[1]!.exit('abnormal');
    await settle();
    expect(states(supervisor)).toEqual(['child2 running']);
    expect(supervisor.health().state).toBe('running');
  });

  it('significant_escalation: a significant supervisor takes its parent with it', async () => {
    const { worker, inner, outer } = await nested(true);
    worker.exit('normal');
    await outer.settle();
    await expect(outer.outcome).resolves.toBe('returned');
    expect([outer.supervisor.health().state, inner.health().state]).toEqual(['idle', 'idle']);
  });

  it('significant_escalation: one that is not significant does not', async () => {
    const { worker, inner, outer } = await nested(false);
    worker.exit('normal');
    await outer.settle();
    expect(inner.health().state).toBe('idle');
    expect(states(outer.supervisor)).toEqual(['inner finished']);
    expect(outer.supervisor.health().state).toBe('running');
    outer.stop.abort();
    await expect(outer.outcome).resolves.toBe('returned');
  });
});

const reasonOf = { abnormal: 'failed', shutdown: 'shutdown', normal: 'returned' } as const;

const endedAfterOneLife = [
  [1, false],
  [1, false],
  [1, false],
];

const startsAfterTheSecondFailed = {
  'one-for-one': [1, 2, 1],
  'one-for-all': [2, 2, 2],
  'rest-for-one': [1, 2, 2],
} as const;

function significant(restart: 'temporary' | 'transient'): ChildOptions {
  return { restart, significant: true };
}

/** Two children that count and one that does not. */
function trio(restart: 'temporary' | 'transient'): readonly ChildOptions[] {
  return [significant(restart), significant(restart), { restart }];
}

async function start(
  childOptions: readonly ChildOptions[],
  autoShutdown: AutoShutdown,
  options: Parameters<typeof startOtp>[1] = {},
) {
  const children = childOptions.map((_, index) => new OtpChild(`child${index + 1}`));
  const entries = children.map((child, index) => [child, childOptions[index]!] as const);
  return { ...(await startOtp(entries, { autoShutdown, maxRestarts: 5, ...options })), children };
}

/** A supervisor that ends with its worker, below one that ends with significant children. */
async function nested(isSignificant: boolean) {
  const outer = await startOtp([], { autoShutdown: 'any-significant' });
  const worker = new OtpChild('worker');
  const inner = new Supervisor({ name: 'inner', autoShutdown: 'any-significant', clock: outer.clock });
  await outer.supervisor.startChild(inner, { restart: 'transient', significant: isSignificant });
  await outer.settle();
  await inner.startChild(worker, { restart: 'transient', significant: true, startTimeoutMs });
  return { worker, inner, outer };
}
