import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { RestartLimitError, TimeoutError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import type { ChildOptions, SupervisorOptions } from './options.ts';
import { Supervisor } from './supervisor.ts';

describe('Supervisor', () => {
  it('starts children in the order they were added and stops them in reverse', async () => {
    const { supervisor, stop, outcome } = await run(['a', 'b', 'c']);
    const ends: string[] = [];
    supervisor.on('child:exited', ({ child, exit }) => ends.push(`${child} ${exit.reason}`));
    expect(supervisor.health().children.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'a running',
      'b running',
      'c running',
    ]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(ends).toEqual(['c stopped', 'b stopped', 'a stopped']);
  });

  it('starts the next child only when one with a start limit is ready', async () => {
    const { services, clock } = await run(['a', 'b'], { startTimeoutMs: 1_000 });
    const [a, b] = services;
    await clock.advance(999);
    expect([a!.runs, b!.runs]).toEqual([1, 0]);
    a!.ready();
    await clock.settle();
    expect(b!.runs).toBe(1);
  });

  it('restarts only the child that failed', async () => {
    const { services, clock, supervisor } = await run(['a', 'b']);
    services[0]!.fail();
    await clock.advance(0);
    expect(services.map(({ runs }) => runs)).toEqual([2, 1]);
    expect(supervisor.health().children[0]).toMatchObject({
      state: 'running',
      status: 'degraded',
      incarnation: 2,
      restartsTotal: 1,
      lastExit: { reason: 'failed', error: 'Error: a failed' },
    });
  });

  it.each([
    { restart: 'permanent', end: 'return', runs: 2 },
    { restart: 'permanent', end: 'fail', runs: 2 },
    { restart: 'transient', end: 'return', runs: 1 },
    { restart: 'transient', end: 'fail', runs: 2 },
    { restart: 'temporary', end: 'return', runs: 1 },
    { restart: 'temporary', end: 'fail', runs: 1 },
  ] as const)('a $restart child that ends by $end has run $runs times', async ({ restart, end, runs }) => {
    const { services, clock, supervisor } = await run(['a'], { restart });
    if (end === 'return') services[0]!.finish();
    else services[0]!.fail();
    await clock.advance(0);
    expect(services[0]!.runs).toBe(runs);
    expect(supervisor.health().children).toHaveLength(restart === 'temporary' ? 0 : 1);
  });

  it('restarts at once the first time and backs off after that', async () => {
    const { services, clock, supervisor } = await run(['a']);
    const delays: number[] = [];
    supervisor.on('child:restarting', ({ delayMs }) => delays.push(delayMs));
    for (let failure = 0; failure < 3; failure++) {
      services[0]!.fail();
      await clock.advance(delays.at(-1) ?? 0);
      await clock.advance(delays.at(-1)!);
    }
    expect(delays).toEqual([0, 100, 200]);
    expect(services[0]!.runs).toBe(4);
  });

  it('shows when a child that backs off is started again', async () => {
    const { services, clock, supervisor } = await run(['a']);
    services[0]!.fail();
    await clock.advance(0);
    services[0]!.fail();
    await clock.advance(40);
    expect(supervisor.health().children[0]).toMatchObject({
      state: 'backing-off',
      nextRestartInMs: 60,
      uptimeMs: null,
    });
  });

  it('forgets earlier failures once a child has lived as long as the window', async () => {
    const { services, clock, supervisor } = await run(['a']);
    const delays: number[] = [];
    supervisor.on('child:restarting', ({ delayMs }) => delays.push(delayMs));
    for (let failure = 0; failure < 4; failure++) {
      await clock.advance(5_000);
      services[0]!.fail();
      await clock.advance(0);
    }
    expect(delays).toEqual([0, 0, 0, 0]);
    expect(supervisor.health()).toMatchObject({ restartsInWindow: 1, restartsTotal: 4 });
  });

  it('gives up when restarts exceed the limit within the window, with the last failure as the cause', async () => {
    const { services, clock, supervisor, outcome } = await run(['a', 'b']);
    for (let failure = 0; failure < 4; failure++) {
      services[1]!.fail(new Error(`failure ${failure}`));
      await clock.advance(1_000);
    }
    const error = await outcome;
    expect(error).toBeInstanceOf(RestartLimitError);
    expect(error).toMatchObject({ code: 'RESTART_LIMIT', cause: new Error('failure 3') });
    expect((error as Error).message).toContain("'b'");
    expect(services.map(({ alive }) => alive)).toEqual([0, 0]);
    expect(supervisor.health()).toMatchObject({ state: 'gave-up', status: 'failing' });
  });

  it('escalates to the parent supervisor, which restarts the subtree', async () => {
    const clock = new ManualClock();
    const leaf = new ScriptedService('leaf');
    const inner = new Supervisor({ name: 'inner', clock, maxRestarts: 0 }).add(leaf);
    const outer = new Supervisor({ name: 'outer', clock }).add(inner);
    const stop = new AbortController();
    const outcome = outer.run({ signal: stop.signal });
    await clock.settle();
    leaf.fail();
    await clock.advance(0);
    expect(leaf.runs).toBe(2);
    expect(outer.health().children[0]).toMatchObject({
      incarnation: 2,
      lastExit: { reason: 'failed' },
      supervisor: { name: 'inner', children: [{ name: 'leaf', state: 'running' }] },
    });
    stop.abort();
    await outcome;
  });

  it('ends a child that made no progress within its heartbeat limit and restarts it', async () => {
    const { services, clock, supervisor } = await run(['a'], { heartbeatTimeoutMs: 1_000 });
    const silences: number[] = [];
    supervisor.on('child:hung', ({ silentMs }) => silences.push(silentMs));
    for (let beat = 0; beat < 3; beat++) {
      await clock.advance(900);
      services[0]!.beat();
    }
    expect(services[0]!.runs).toBe(1);
    await clock.advance(1_000);
    expect(silences).toEqual([1_000]);
    expect(services[0]!.runs).toBe(2);
    expect(supervisor.health().children[0]?.lastExit).toMatchObject({ reason: 'hung', error: /CHILD_HUNG/ });
  });

  it('restarts a child that is not ready again within its start limit', async () => {
    const { services, clock, supervisor } = await run(['a'], { startTimeoutMs: 500 });
    services[0]!.ready();
    await clock.advance(0);
    services[0]!.fail();
    await clock.advance(500);
    expect(supervisor.health().children[0]?.lastExit).toMatchObject({ reason: 'start-timeout' });
    await clock.advance(100);
    expect(services[0]!.runs).toBe(3);
  });

  it('ends the start with the error of a child that fails before it is ready', async () => {
    const { services, clock, outcome } = await run(['a', 'b'], { startTimeoutMs: 500 });
    services[0]!.ready();
    await clock.settle();
    services[1]!.fail(new Error('port taken'));
    await clock.settle();
    await expect(outcome).resolves.toMatchObject({ message: 'port taken' });
    expect(services.map(({ runs, alive }) => [runs, alive])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('ends the start when a child is not ready within its start limit', async () => {
    const { clock, outcome } = await run(['a'], { startTimeoutMs: 500 });
    await clock.advance(500);
    await expect(outcome).resolves.toMatchObject({ code: 'CHILD_START_TIMEOUT' });
  });

  it('reports a child that ignores its abort, leaves it behind and names it in health', async () => {
    const clock = new ManualClock();
    const deaf = new ScriptedService('deaf', 'ignore');
    const polite = new ScriptedService('polite');
    const supervisor = new Supervisor({ name: 'tree', clock }).add(polite).add(deaf, { stopTimeoutMs: 300 });
    const timeouts: string[] = [];
    supervisor.on('child:stopTimeout', ({ child }) => timeouts.push(child));
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    stop.abort();
    await clock.advance(300);
    await outcome;
    expect(timeouts).toEqual(['deaf']);
    expect(polite.alive).toBe(0);
    expect(supervisor.health().children[1]).toMatchObject({
      name: 'deaf',
      state: 'stuck',
      status: 'failing',
    });
    await expect(supervisor.run({ signal: stop.signal })).rejects.toBeInstanceOf(TimeoutError);
    deaf.finish();
    await clock.settle();
    expect(supervisor.health().children[1]?.state).toBe('stopped');
  });

  it('never runs two incarnations of a child at once, even when it hangs and ignores its abort', async () => {
    const clock = new ManualClock();
    const deaf = new ScriptedService('deaf', 'ignore');
    const supervisor = new Supervisor({ name: 'tree', clock }).add(deaf, {
      heartbeatTimeoutMs: 100,
      stopTimeoutMs: 100,
    });
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.advance(5_000);
    expect(deaf.runs).toBe(1);
    expect(supervisor.health()).toMatchObject({ status: 'failing', children: [{ state: 'stuck' }] });
    deaf.fail();
    await clock.advance(0);
    expect(deaf).toMatchObject({ runs: 2, mostAlive: 1 });
    stop.abort();
    deaf.finish();
    await outcome;
  });

  it('stops in the middle of a back-off and leaves no timer', async () => {
    const { services, clock, stop, outcome } = await run(['a'], {
      heartbeatTimeoutMs: 1_000,
      startTimeoutMs: 1_000,
    });
    services[0]!.ready();
    await clock.settle();
    services[0]!.fail();
    await clock.advance(0);
    services[0]!.fail();
    await clock.settle();
    stop.abort();
    await outcome;
    expect(clock.timers).toBe(0);
    expect(services[0]!.runs).toBe(2);
  });

  it('stops while a child has not become ready', async () => {
    const { services, stop, outcome, clock } = await run(['a', 'b'], { startTimeoutMs: 1_000 });
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(services.map(({ runs, alive }) => [runs, alive])).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(clock.timers).toBe(0);
  });

  it('can be disposed twice, and run again after that', async () => {
    const { supervisor, outcome, services, clock } = await run(['a']);
    await Promise.all([supervisor[Symbol.asyncDispose](), supervisor[Symbol.asyncDispose]()]);
    await outcome;
    const again = supervisor.run({ signal: new AbortController().signal });
    await clock.settle();
    expect(services[0]!.runs).toBe(2);
    await supervisor[Symbol.asyncDispose]();
    await again;
  });

  it('goes on when a listener throws', async () => {
    const { supervisor, services, clock } = await run(['a']);
    supervisor.on('child:exited', () => {
      throw new Error('listener');
    });
    services[0]!.fail();
    await clock.advance(0);
    expect(services[0]!.runs).toBe(2);
  });
});

async function run(
  names: readonly string[],
  child: ChildOptions = {},
  options: Partial<SupervisorOptions> = {},
) {
  const clock = new ManualClock();
  const backoff = exponentialBackoff({ jitter: 'none' });
  const supervisor = new Supervisor({ name: 'tree', clock, backoff, ...options });
  const services = names.map((name) => new ScriptedService(name));
  for (const service of services) supervisor.add(service, child);
  const stop = new AbortController();
  const outcome: Promise<unknown> = supervisor.run({ signal: stop.signal }).then(
    () => 'returned',
    (error: unknown) => error,
  );
  await clock.settle();
  return { supervisor, services, clock, stop, outcome };
}
