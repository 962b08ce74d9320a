/**
 * What Pekko asks of restarts with back-off. The behaviour is that of its BackoffSupervisor, BackoffOnRestartSupervisor and
 * typed supervision tests (Apache-2.0); words and code are our own. The first restart is immediate here, so every delay
 * comes one restart later than in Pekko.
 */
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../../core/backoff.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ChildOptions, SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';

const aSecond = 1_000;
const aMinute = 60_000;
const aDay = 24 * 60 * aMinute;

describe('Pekko: BackoffSupervisor', () => {
  it.each(['return', 'fail'] as const)('start child again when it stops (%s)', async (end) => {
    const { child, clock, supervisor } = await run({ backoff: noJitter(100) });
    await endAndWait(child, clock, end, 0);
    expect(child.runs).toBe(2);
    await endAndWait(child, clock, end, 99);
    expect(child.runs).toBe(2);
    await clock.advance(1);
    expect(child).toMatchObject({ runs: 3, mostAlive: 1 });
    expect(supervisor.child('child').incarnation).toBe(3);
  });

  it.each([
    { restartCount: 0, minMs: 0, maxMs: 0, delayMs: 0 },
    { restartCount: 0, minMs: 5 * aMinute, maxMs: 7 * aMinute, delayMs: 5 * aMinute },
    { restartCount: 2, minMs: 5 * aSecond, maxMs: 7 * aSecond, delayMs: 7 * aSecond },
    { restartCount: 2, minMs: 5 * aSecond, maxMs: 7 * aDay, delayMs: 20 * aSecond },
    { restartCount: 29, minMs: 5 * aMinute, maxMs: 10 * aMinute, delayMs: 10 * aMinute },
    { restartCount: 29, minMs: 24 * aDay, maxMs: 24 * aDay, delayMs: 24 * aDay },
    { restartCount: 2 ** 31 - 1, minMs: 24 * aDay, maxMs: 24 * aDay, delayMs: 24 * aDay },
    { restartCount: 2 ** 31 - 1, minMs: 1, maxMs: 24 * aDay, delayMs: 24 * aDay },
  ])(
    'correctly calculate the delay ($minMs to $maxMs ms, restart $restartCount)',
    ({ restartCount, minMs, maxMs, delayMs }) => {
      const backoff = exponentialBackoff({ baseMs: minMs, maxMs, jitter: 'none' });
      expect(backoff.delayMs(restartCount + 1)).toBe(delayMs);
      expect(backoff.maxDelayMs(restartCount + 1)).toBe(delayMs);
      expect(backoff.delayMs(0)).toBe(0);
    },
  );

  it('support manual reset: not by the child; the count starts anew when it was up long enough', async () => {
    const { child, clock, delays } = await run({ backoff: noJitter(100), backoffResetMs: 300 });
    await endAndWait(child, clock, 'fail', 0);
    child.beat();
    child.ready();
    await endAndWait(child, clock, 'fail', 100);
    await clock.advance(300);
    await endAndWait(child, clock, 'fail', 0);
    expect(delays).toEqual([0, 100, 0]);
  });

  it.each(['return', 'fail'] as const)(
    'stop restarting the child after reaching maxNrOfRetries limit (%s)',
    async (end) => {
      const { child, clock, supervisor, outcome } = await run({ maxRestarts: 2, backoff: noJitter(100) });
      await endAndWait(child, clock, end, 0);
      expect(supervisor.health()).toMatchObject({ restartsInWindow: 1, restartsTotal: 1 });
      await endAndWait(child, clock, end, 100);
      expect(supervisor.health()).toMatchObject({ restartsInWindow: 2, restartsTotal: 2 });
      await endAndWait(child, clock, end, 0);
      await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
      expect(child).toMatchObject({ runs: 3, alive: 0 });
    },
  );

  it('reply while stopped: the supervisor answers while its child backs off', async () => {
    const { child, clock, supervisor } = await run({ backoff: noJitter(100) });
    await endAndWait(child, clock, 'fail', 0);
    await endAndWait(child, clock, 'fail', 40);
    expect(supervisor.child('child')).toMatchObject({ state: 'backing-off', incarnation: 2 });
    expect(supervisor.health().children[0]).toMatchObject({ nextRestartInMs: 60, restartsTotal: 1 });
  });

  it.each([
    { when: 'the child runs', elapsedMs: 100, runs: 3 },
    { when: 'it backs off', elapsedMs: 99, runs: 2 },
  ])('stop restarting the child if a final stop was asked for while $when', async ({ elapsedMs, runs }) => {
    const { child, clock, stop, outcome } = await run({ backoff: noJitter(100) });
    await endAndWait(child, clock, 'return', 0);
    await endAndWait(child, clock, 'return', elapsedMs);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    await clock.advance(aSecond);
    expect(child).toMatchObject({ runs, alive: 0 });
    expect(clock.timers).toBe(0);
  });
});

describe('Pekko: BackoffOnRestartSupervisor', () => {
  const stopping = { restart: 'transient', significant: true } as const;

  it('terminate when child terminates', async () => {
    const { child, clock, outcome } = await run({ autoShutdown: 'any-significant' }, stopping);
    await endAndWait(child, clock, 'return', 0);
    await expect(outcome).resolves.toBe('returned');
    expect(child.runs).toBe(1);
  });

  it('restart the child with an exponential back off', async () => {
    const { child, clock } = await run({ backoff: noJitter(200) });
    await endAndWait(child, clock, 'fail', 0);
    for (const [index, delayMs] of [200, 400, 800, 1_600].entries()) {
      await endAndWait(child, clock, 'fail', delayMs - 1);
      expect(child.runs).toBe(index + 2);
      await clock.advance(1);
      expect(child).toMatchObject({ runs: index + 3, alive: 1, mostAlive: 1 });
    }
  });

  it('accept commands while child is terminating', async () => {
    const slow = new ScriptedService('slow', 'ignore');
    const { supervisor, clock } = await run();
    await supervisor.startChild(slow, { heartbeatTimeoutMs: 100 });
    await clock.advance(200);
    expect(supervisor.child('slow')).toMatchObject({ state: 'stopping', incarnation: 1 });
    expect(supervisor.health()).toMatchObject({ status: 'degraded', restartsTotal: 0 });
    await supervisor.startChild(new ScriptedService('other'));
    await supervisor.stopChild('other');
    slow.finish();
    await clock.advance(0);
    expect(supervisor.child('slow')).toMatchObject({ state: 'running', incarnation: 2 });
    expect(slow.mostAlive).toBe(1);
  });

  it('respect maxNrOfRetries', async () => {
    const { child, clock, outcome } = await run({ maxRestarts: 5, restartWindowMs: 30_000 });
    for (let failure = 0; failure < 5; failure++) await endAndWait(child, clock, 'fail', 2_000);
    expect(child).toMatchObject({ runs: 6, alive: 1 });
    await endAndWait(child, clock, 'fail', 0);
    await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
  });

  it('respect withinTimeRange', async () => {
    const { child, clock, outcome } = await run({
      maxRestarts: 3,
      restartWindowMs: 1_000,
      backoff: noJitter(0),
    });
    for (let failure = 0; failure < 3; failure++) await endAndWait(child, clock, 'fail', 0);
    await clock.advance(1_000);
    for (let failure = 0; failure < 3; failure++) await endAndWait(child, clock, 'fail', 0);
    expect(child).toMatchObject({ runs: 7, alive: 1 });
    await endAndWait(child, clock, 'fail', 0);
    await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
  });

  it('keep restarting when failures happen outside of withinTimeRange', async () => {
    const { child, clock } = await run({ maxRestarts: 3, restartWindowMs: 10, backoff: noJitter(0) });
    for (let failure = 0; failure < 20; failure++) await endAndWait(child, clock, 'fail', 10);
    expect(child).toMatchObject({ runs: 21, alive: 1 });
  });

  it('keep restarting: refuses a back-off that would spread all failures beyond the time range', () => {
    const options = { name: 'sup', maxRestarts: 3, restartWindowMs: 10, backoff: noJitter(100) };
    expect(() => new Supervisor(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('Pekko: typed supervision', () => {
  it('restart after exponential backoff', async () => {
    const { child, clock, delays } = await run({ backoff: noJitter(100) });
    for (const delayMs of [0, 100, 200, 400]) await endAndWait(child, clock, 'fail', delayMs);
    expect(delays).toEqual([0, 100, 200, 400]);
    expect(child).toMatchObject({ runs: 5, alive: 1 });
  });

  it('stop after exceeding maximum number of restarts when the restart itself fails', async () => {
    const { child, clock, outcome } = await run({ maxRestarts: 2, backoff: noJitter(100) }, limited);
    child.ready();
    await endAndWait(child, clock, 'fail', 0);
    await endAndWait(child, clock, 'fail', 100);
    await endAndWait(child, clock, 'fail', 0);
    await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
    expect(child.runs).toBe(3);
  });

  it.each([
    { upMs: 299, delays: [0, 100, 200] },
    { upMs: 300, delays: [0, 100, 0] },
  ])('reset exponential backoff count after reset timeout ($upMs ms)', async ({ upMs, delays }) => {
    const { child, clock, delays: told } = await run({ backoff: noJitter(100), backoffResetMs: 300 });
    await endAndWait(child, clock, 'fail', 0);
    await endAndWait(child, clock, 'fail', 100);
    await clock.advance(upMs);
    await endAndWait(child, clock, 'fail', 0);
    expect(told).toEqual(delays);
  });

  it.each([
    { upMs: 3_999, delays: [0, 100, 200] },
    { upMs: 4_000, delays: [0, 100, 0] },
  ])('default resetBackoffAfter: the restart window (up for $upMs of 4000 ms)', async ({ upMs, delays }) => {
    const options = { maxRestarts: 3, restartWindowMs: 4_000, backoff: noJitter(100) };
    const { child, clock, delays: told } = await run(options);
    await endAndWait(child, clock, 'fail', 0);
    await endAndWait(child, clock, 'fail', 100);
    await clock.advance(upMs);
    await endAndWait(child, clock, 'fail', 0);
    expect(told).toEqual(delays);
  });
});

const limited = { startTimeoutMs: 1_000 } as const;

function noJitter(baseMs: number) {
  return exponentialBackoff({ baseMs, maxMs: 10_000, jitter: 'none' });
}

async function endAndWait(
  child: ScriptedService,
  clock: ManualClock,
  end: 'return' | 'fail',
  waitMs: number,
) {
  if (end === 'return') child.finish();
  else child.fail();
  await clock.advance(waitMs);
}

async function run(options: Partial<SupervisorOptions> = {}, childOptions: ChildOptions = {}) {
  const clock = new ManualClock();
  const child = new ScriptedService('child');
  const supervisor = new Supervisor({
    name: 'sup',
    maxRestarts: 10,
    restartWindowMs: aMinute,
    ...options,
    clock,
  });
  const delays: number[] = [];
  supervisor.on('child:restarting', ({ delayMs }) => delays.push(delayMs));
  const stop = new AbortController();
  const outcome: Promise<unknown> = supervisor
    .add(child, childOptions)
    .run({ signal: stop.signal })
    .then(
      () => 'returned',
      (error: unknown) => error,
    );
  await clock.settle();
  return { supervisor, child, clock, stop, outcome, delays };
}
