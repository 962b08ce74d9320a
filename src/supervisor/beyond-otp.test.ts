import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import { OtpChild, startOtp, startTimeoutMs, states } from './conformance/test-support.ts';
import { type SupervisorDiagnostic, supervisorDiagnostics } from './diagnostics.ts';
import { Supervisor } from './supervisor.ts';

const backoff = exponentialBackoff({ baseMs: 100, jitter: 'none' });

describe('a slow child', () => {
  it('does not hold up an admin call about another one', async () => {
    const [slow, quick] = [new OtpChild('slow'), new OtpChild('quick')];
    slow.startResult = 'never';
    const { supervisor, stop, outcome, clock } = await startOtp([]);
    const starting = expect(supervisor.startChild(slow, { startTimeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'CLOSED',
    });
    await expect(supervisor.startChild(quick, { startTimeoutMs })).resolves.toMatchObject({ name: 'quick' });
    await supervisor.stopChild('quick');
    expect(states(supervisor)).toEqual(['slow starting', 'quick stopped']);
    stop.abort();
    await clock.settle();
    await starting;
    await expect(outcome).resolves.toBe('returned');
  });

  it('can be stopped before it is up, and whoever waits for it hears so', async () => {
    const slow = new OtpChild('slow');
    slow.startResult = 'never';
    const { supervisor, stop, outcome } = await startOtp([]);
    const starting = expect(supervisor.startChild(slow, { startTimeoutMs })).rejects.toMatchObject({
      code: 'CLOSED',
      message: 'slow was stopped before it was up',
    });
    await supervisor.stopChild('slow');
    await starting;
    expect(supervisor.children()).toEqual([]);
    stop.abort();
    await outcome;
  });

  it('that also ignores its abort is reported to whoever started it, and forgotten when it has ended', async () => {
    const stubborn = new OtpChild('stubborn');
    Object.assign(stubborn, { startResult: 'never', stopManner: 'busy-forever' });
    const { supervisor, stop, outcome, clock } = await startOtp([]);
    const starting = expect(
      supervisor.startChild(stubborn, { startTimeoutMs, stopTimeoutMs: 500 }),
    ).rejects.toMatchObject({ code: 'CHILD_START_TIMEOUT' });
    await clock.advance(startTimeoutMs + 500 + 1_000);
    await starting;
    expect(states(supervisor)).toEqual(['stubborn stuck']);
    stubborn.exit('normal');
    await clock.settle();
    expect(supervisor.children()).toEqual([]);
    stop.abort();
    await outcome;
  });
});

describe('kill()', () => {
  it('ends a child that does not stop in time', async () => {
    const busy = new OtpChild('busy');
    busy.stopManner = 'busy';
    const { supervisor, stop, outcome, clock, diary } = await startOtp([[busy, { stopTimeoutMs: 700 }]]);
    const overdue: unknown[] = [];
    supervisor.on('child:stopTimeout', (event) => overdue.push(event));
    stop.abort();
    await clock.advance(699);
    expect(busy.alive).toBe(true);
    await clock.advance(1);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.at(-1)).toBe('busy killed');
    expect(overdue).toEqual([{ child: 'busy', incarnation: 1, stopTimeoutMs: 700, outcome: 'killed' }]);
    expect(clock.timers).toBe(0);
  });

  it('that throws or does not help leaves the child behind', async () => {
    const stubborn = new OtpChild('stubborn');
    stubborn.stopManner = 'busy-forever';
    const { supervisor, stop, outcome, clock } = await startOtp([[stubborn, { stopTimeoutMs: 700 }]]);
    const outcomes: string[] = [];
    supervisor.on('child:stopTimeout', (event) => outcomes.push(event.outcome));
    stop.abort();
    await clock.advance(1_700);
    await expect(outcome).resolves.toBe('returned');
    expect(outcomes).toEqual(['killed', 'left-behind']);
    expect(supervisor.health().children[0]).toMatchObject({ state: 'stuck', status: 'failing' });
  });
});

describe("a started child's handle", () => {
  it('waits for the end of the child when the supervisor is stopping already', async () => {
    const [early, late] = [new OtpChild('early'), new OtpChild('late')];
    late.stopManner = 'busy';
    const { supervisor, clock, stop, outcome, diary } = await startOtp([]);
    const handle = await supervisor.startChild(early, { startTimeoutMs });
    await supervisor.startChild(late, { startTimeoutMs, stopTimeoutMs: 500 });
    stop.abort();
    const stopped = handle.stop().then(() => diary.push('told'));
    await clock.advance(500);
    await Promise.all([stopped, outcome]);
    expect(diary.slice(-3)).toEqual(['early stopped', 'told', 'late killed']);
    await handle.stop();
  });
});

describe('a back-off', () => {
  it('does not start anew for a child that never became ready, however long that took', async () => {
    const child = new OtpChild('a');
    const { supervisor, clock, stop, outcome } = await startOtp([[child, { startTimeoutMs: 4_000 }]], {
      backoff,
      backoffResetMs: 1_000,
    });
    const delays: number[] = [];
    supervisor.on('child:restarting', ({ delayMs }) => delays.push(delayMs));
    child.startResult = 'never';
    child.exit('abnormal');
    await clock.advance(10_000);
    expect(delays).toEqual([0, 100, 200]);
    stop.abort();
    await outcome;
  });

  it('starts anew for a child that was up for backoffResetMs', async () => {
    const child = new OtpChild('a');
    const options = { backoff, backoffResetMs: 1_000, maxRestarts: 4 };
    const { supervisor, clock, stop, outcome } = await startOtp([child], options);
    const delays: number[] = [];
    supervisor.on('child:restarting', ({ delayMs }) => delays.push(delayMs));
    for (const upMs of [0, 0, 999, 1_000]) {
      await clock.advance(upMs);
      child.exit('abnormal');
      await clock.settle();
      await clock.advance(delays.at(-1)!);
    }
    expect(delays).toEqual([0, 100, 200, 0]);
    stop.abort();
    await outcome;
  });
});

describe('a supervisor as a child', () => {
  it('is given all the time it needs to stop', () => {
    const outer = new Supervisor({ name: 'outer' }).add(new Supervisor({ name: 'inner' }));
    expect(outer.child('inner')).toMatchObject({ isSupervisor: true, options: { stopTimeoutMs: Infinity } });
  });

  it('has no heartbeat', () => {
    const outer = new Supervisor({ name: 'outer' });
    expect(() => outer.add(new Supervisor({ name: 'inner' }), { heartbeatTimeoutMs: 1_000 })).toThrow(
      'heartbeatTimeoutMs must be left out for a supervisor',
    );
  });

  it('cannot hold the supervisor it stands under, however deep', () => {
    const top = new Supervisor({ name: 'top' });
    const middle = new Supervisor({ name: 'middle' }).add(top);
    const bottom = new Supervisor({ name: 'bottom' }).add(middle);
    expect(() => top.add(bottom)).toThrow('top cannot be a child of itself, nor of one of its children');
  });
});

describe('diagnostics_channel', () => {
  it('carries the events of every supervisor, with its name', async () => {
    const heard: SupervisorDiagnostic[] = [];
    const listen = (message: unknown): number => heard.push(message as SupervisorDiagnostic);
    subscribe(supervisorDiagnostics, listen);
    try {
      const { stop, outcome } = await startOtp([new OtpChild('a')]);
      stop.abort();
      await outcome;
    } finally {
      unsubscribe(supervisorDiagnostics, listen);
    }
    expect(heard.map(({ supervisor, event }) => `${supervisor} ${event}`)).toEqual([
      'sup child:started',
      'sup child:ready',
      'sup child:exited',
    ]);
  });
});

describe('a listener', () => {
  it('may stop the child whose end it hears of', async () => {
    const child = new ScriptedService('a');
    const clock = new ManualClock();
    const supervisor = new Supervisor({ name: 'sup', clock }).add(child);
    supervisor.on('child:exited', () => void supervisor.stopChild('a'));
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    child.fail();
    await clock.advance(1_000);
    expect([child.runs, ...states(supervisor)]).toEqual([1, 'a stopped']);
    stop.abort();
    await outcome;
  });
});
