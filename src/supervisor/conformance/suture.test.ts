/**
 * What Go's suture asks of a supervisor, hung services above all. The behaviour is that of suture v4's tests (MIT); words
 * and code are our own. Suture counts failures that decay and pauses at a threshold; here a window slides and the
 * supervisor gives up.
 */
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../../core/backoff.ts';
import type { ManualClock } from '../../testing/manual-clock.ts';
import type { SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { OtpChild, type StopManner, startOtp, startTimeoutMs, states } from './test-support.ts';

describe('suture: restarts', () => {
  it('TestTheHappyCase', async () => {
    const service = new OtpChild('service');
    const { supervisor, settle, stop, outcome } = await startOtp([service]);
    expect(supervisor.name).toBe('sup');
    service.exit('normal');
    await settle();
    expect(service).toMatchObject({ starts: 2, alive: true });
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(service.alive).toBe(false);
  });

  it('TestAddingToRunningSupervisor', async () => {
    const { supervisor } = await startOtp([]);
    const service = new OtpChild('service');
    await supervisor.startChild(service);
    expect(service.alive).toBe(true);
    expect(states(supervisor)).toEqual(['service running']);
  });

  it('TestFailures', async () => {
    const [service1, service2] = [new OtpChild('service1'), new OtpChild('service2')];
    const { supervisor, clock, settle, outcome } = await startOtp([service1, service2], {
      maxRestarts: 3,
      restartWindowMs: 30_000,
      backoff: exponentialBackoff({ baseMs: 1_000, jitter: 'none' }),
    });
    const inWindow = (): number => supervisor.health().restartsInWindow;
    service1.exit('normal');
    await settle();
    expect([service1.starts, inWindow()]).toEqual([2, 1]);
    service2.exit('abnormal');
    await settle();
    expect([service2.starts, inWindow()]).toEqual([2, 2]);

    // Once the window has passed, the old failures count for nothing.
    await clock.advance(30_000);
    expect(inWindow()).toBe(0);
    service2.exit('abnormal');
    await settle();
    expect([service2.starts, inWindow()]).toEqual([3, 1]);

    // A service that backs off holds nobody up, and is not started before its time.
    service2.exit('abnormal');
    await clock.advance(999);
    expect(states(supervisor)).toEqual(['service1 running', 'service2 backing-off']);
    await clock.advance(1);
    expect([service2.starts, inWindow()]).toEqual([4, 2]);

    for (const service of [service1, service1]) {
      service.exit('abnormal');
      await settle();
    }
    await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
    expect([service1.alive, service2.alive]).toEqual([false, false]);
  });

  it('TestFailingSupervisors', async () => {
    const top = await startOtp([], { backoff: { delayMs: () => 500, maxDelayMs: () => 500 } });
    const service = new OtpChild('service');
    const nested = below(top.clock, 'nested').add(service);
    await top.supervisor.startChild(nested);
    service.exit('abnormal');
    await top.settle();
    expect(states(top.supervisor)).toEqual(['nested backing-off']);
    expect(service.alive).toBe(false);
    await top.clock.advance(500);
    expect(service).toMatchObject({ starts: 2, alive: true, mostAlive: 1 });
  });

  it('TestRunningAlreadyRunning', async () => {
    const service = new OtpChild('service');
    const { supervisor, stop } = await startOtp([service]);
    await expect(supervisor.run(stop)).rejects.toThrow('sup runs already');
    expect(service).toMatchObject({ starts: 1, alive: true });
  });
});

describe('suture: stopping', () => {
  it('TestStoppingSupervisorStopsServices', async () => {
    const service = new OtpChild('service');
    const { supervisor, stop, outcome } = await startOtp([service]);
    stop.abort();
    await outcome;
    expect(service.alive).toBe(false);
    await expect(supervisor.stopChild('service')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(supervisor.restartChild('service')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('TestAddAfterStopping', async () => {
    const { supervisor, stop, outcome, clock } = await startOtp([]);
    stop.abort();
    const service = new OtpChild('service');
    await expect(supervisor.startChild(service)).rejects.toMatchObject({ code: 'CLOSED' });
    await outcome;
    await expect(supervisor.startChild(service)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(service.starts).toBe(0);

    const again = new AbortController();
    const rerun = supervisor.add(service).run(again);
    await clock.settle();
    expect(service.alive).toBe(true);
    again.abort();
    await rerun;
  });

  it('TestStoppingStillWorksWithHungServices', async () => {
    const { hung, clock, stop, outcome, reports } = await withHungService();
    stop.abort();
    await clock.advance(10_000);
    await expect(outcome).resolves.toBe('returned');
    expect(reports).toEqual(['hung left-behind']);
    expect(clock.timers).toBe(0);
    hung.exit('normal');
  });

  it('TestServiceReport', async () => {
    const { hung, supervisor, clock, stop, outcome } = await withHungService();
    stop.abort();
    await clock.advance(10_000);
    await outcome;
    const unstopped = supervisor.health().children.filter(({ state }) => state === 'stuck');
    expect(unstopped).toMatchObject([{ name: 'hung', status: 'failing', incarnation: 1 }]);
    hung.exit('normal');
    await clock.settle();
    expect(states(supervisor)).toEqual(['polite stopped', 'hung stopped']);
  });

  it('TestRemovingHungService', async () => {
    const { hung, supervisor, clock, reports } = await withHungService();
    const removed = supervisor.stopChild('hung').catch((error: unknown) => error);
    await clock.advance(10_000);
    await expect(removed).resolves.toMatchObject({ code: 'CHILD_STOP_TIMEOUT' });
    expect(reports).toEqual(['hung left-behind']);
    expect(() => supervisor.removeChild('hung')).toThrow(expect.objectContaining({ code: 'CHILD_RUNNING' }));
    hung.exit('normal');
    await clock.settle();
    supervisor.removeChild('hung');
    expect(states(supervisor)).toEqual(['polite running']);
  });

  it('TestRemoveAndWait', async () => {
    const { hung, supervisor, clock, stop } = await withHungService();
    await supervisor.stopChild('polite');
    await expect(supervisor.stopChild('polite')).resolves.toBeUndefined();
    await expect(supervisor.stopChild('nobody' as never)).rejects.toMatchObject({ code: 'CHILD_UNKNOWN' });

    const removed = supervisor.stopChild('hung');
    await clock.advance(100);
    stop.abort(); // The supervisor itself ends while somebody waits.
    hung.exit('normal');
    await expect(removed).resolves.toBeUndefined();
    expect(states(supervisor)).toEqual(['polite stopped', 'hung stopped']);
  });

  it('TestStopAfterRemoveAndWait', async () => {
    const { hung, supervisor, clock, stop, outcome, reports } = await withHungService();
    hung.stopManner = 'obey';
    await supervisor.stopChild('hung');
    supervisor.removeChild('hung');
    stop.abort();
    await clock.advance(10_000);
    await expect(outcome).resolves.toBe('returned');
    expect(reports).toEqual([]);
  });
});

describe('suture: services that end the tree', () => {
  it('TestServiceAndTreeTermination: a service may decide not to be restarted', async () => {
    const { first, second, top, settle } = await terminatingTree(true);
    second.exit('shutdown');
    await settle();
    expect(second.starts).toBe(1);
    expect(first.alive).toBe(true);
    expect(top.supervisor.health().state).toBe('running');
  });

  it('TestServiceAndTreeTermination: a service may end the tree', async () => {
    const { first, second, nested, top, settle } = await terminatingTree(true);
    first.exit('shutdown');
    await settle();
    await expect(top.outcome).resolves.toBe('returned');
    expect([first.alive, second.alive, nested.health().state]).toEqual([false, false, 'idle']);
  });

  it('TestDoNotPropagate', async () => {
    const { first, second, nested, top, settle } = await terminatingTree(false);
    first.exit('shutdown');
    await settle();
    expect([first.alive, second.alive, nested.health().state]).toEqual([false, false, 'idle']);
    expect(states(top.supervisor)).toEqual(['nested finished']);
    expect(top.supervisor.health().state).toBe('running');
  });
});

describe('suture: never two of one', () => {
  it.each(['one-for-one', 'one-for-all', 'rest-for-one'] as const)(
    'TestEverMultistarted (%s)',
    async (strategy) => {
      const services = ['a', 'b', 'c'].map((name) => new OtpChild(name));
      const { supervisor, clock, stop, outcome } = await startOtp(
        services.map((service) => [service, { stopTimeoutMs: 50 }] as const),
        { strategy, maxRestarts: 1_000, restartWindowMs: 60_000 },
      );
      const overdue = new Set<string>();
      supervisor.on('child:stopTimeout', (event) => overdue.add(event.outcome));
      for (let round = 0; round < 60; round++) {
        const service = services[round % 3]!;
        service.stopManner = manners[round % 4]!;
        service.startResult = round % 7 === 0 ? 'fail' : 'ok';
        const calls = [supervisor.stopChild(service.name), supervisor.restartChild(service.name)];
        if (round % 4 < 2) services[(round + 1) % 3]!.exit('abnormal');
        await clock.advance(round % 3 === 0 ? 2_000 : 10);
        service.exit('abnormal');
        service.startResult = 'ok';
        await clock.advance(20);
        calls.push(supervisor.restartChild(service.name));
        await clock.advance(2_000);
        for (const { name, state } of supervisor.children())
          if (state === 'stuck') services.find((one) => one.name === name)!.exit('normal');
        await Promise.all([Promise.allSettled(calls), clock.advance(2_000)]);
      }
      expect(services.map(({ mostAlive }) => mostAlive)).toEqual([1, 1, 1]);
      expect(services.every(({ starts }) => starts > 20)).toBe(true);
      expect([...overdue].sort()).toEqual(['killed', 'left-behind']);
      stop.abort();
      for (const service of services) service.exit('normal');
      await clock.advance(10_000);
      await expect(outcome).resolves.toBe('returned');
    },
  );
});

const manners: readonly StopManner[] = ['busy-forever', 'obey', 'busy', 'obey'];

function below(clock: ManualClock, name: string, options: Partial<SupervisorOptions> = {}): Supervisor {
  return new Supervisor({ name, clock, maxRestarts: 0, ...options });
}

async function withHungService() {
  const [polite, hung] = [new OtpChild('polite'), new OtpChild('hung')];
  hung.stopManner = 'busy-forever';
  const run = await startOtp([polite, [hung, { stopTimeoutMs: 10_000 - 1_000 }]]);
  const reports: string[] = [];
  run.supervisor.on('child:stopTimeout', ({ child, outcome }) => {
    if (outcome === 'left-behind') reports.push(`${child} ${outcome}`);
  });
  return { ...run, hung, reports };
}

/** Two services below a nested supervisor, which ends with the first of them; its parent perhaps with it. */
async function terminatingTree(propagates: boolean) {
  const top = await startOtp([], { autoShutdown: 'any-significant' });
  const [first, second] = [new OtpChild('first'), new OtpChild('second')];
  const nested = below(top.clock, 'nested', { autoShutdown: 'any-significant' })
    .add(first, { restart: 'transient', significant: true, startTimeoutMs })
    .add(second, { restart: 'transient', startTimeoutMs });
  await top.supervisor.startChild(nested, { restart: 'transient', significant: propagates });
  await top.settle();
  return { first, second, nested, top, settle: top.settle };
}
