import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import { OtpChild, startOtp, startTimeoutMs, states } from './conformance/test-support.ts';

const backoff = exponentialBackoff({ baseMs: 100, jitter: 'none' });

describe('a group whose member does not stop', () => {
  it('waits for it, says so, and goes on when it has ended', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new OtpChild(name)) as [OtpChild, OtpChild, OtpChild];
    b.stopManner = 'busy-forever';
    const { supervisor, clock, stop, outcome } = await startOtp(
      [a, [b, { stopTimeoutMs: 500, startTimeoutMs }], c],
      { strategy: 'one-for-all' },
    );
    a.exit('abnormal');
    await clock.advance(1_500);
    expect(states(supervisor)).toEqual(['a running', 'b stuck', 'c waiting']);
    expect(supervisor.health().status).toBe('failing');
    b.exit('abnormal');
    await clock.advance(0);
    expect(states(supervisor)).toEqual(['a running', 'b running', 'c running']);
    expect([b.mostAlive, supervisor.health().restartsInWindow]).toEqual([1, 1]);
    b.stopManner = 'obey';
    stop.abort();
    await outcome;
  });
});

describe('a child that was stopped by request and does not end', () => {
  it('does not hold up those behind it, nor end the start of the tree', async () => {
    const [a, b] = [new OtpChild('a'), new OtpChild('b')];
    Object.assign(a, { startResult: 'never', stopManner: 'busy-forever' });
    const { supervisor, clock, stop, outcome } = await startOtp([[a, { stopTimeoutMs: 100 }], b]);
    const stopping = expect(supervisor.stopChild('a')).rejects.toMatchObject({ code: 'CHILD_STOP_TIMEOUT' });
    expect(states(supervisor)).toEqual(['a stopping', 'b waiting']);
    await clock.advance(1_100);
    await stopping;
    expect(states(supervisor)).toEqual(['a stuck', 'b running']);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });

  it('lets the rest of its group come up again', async () => {
    const [a, b] = [new OtpChild('a'), new OtpChild('b')];
    a.stopManner = 'busy-forever';
    const { supervisor, clock, stop, outcome } = await startOtp([[a, { stopTimeoutMs: 100 }], b], {
      strategy: 'one-for-all',
    });
    b.exit('abnormal');
    await clock.advance(1_100);
    expect(states(supervisor)).toEqual(['a stuck', 'b waiting']);
    await expect(supervisor.stopChild('a')).rejects.toMatchObject({ code: 'CHILD_STOP_TIMEOUT' });
    await clock.settle();
    expect(states(supervisor)).toEqual(['a stuck', 'b running']);
    stop.abort();
    await clock.advance(0);
    await outcome;
  });
});

describe('a group restart', () => {
  it('stops the others at once, waits out the back-off and shows when it is over', async () => {
    const [a, b] = [new OtpChild('a'), new OtpChild('b')];
    const { supervisor, clock, stop, outcome } = await startOtp([a, b], {
      strategy: 'rest-for-one',
      backoff,
    });
    a.exit('abnormal');
    await clock.advance(0);
    a.exit('abnormal');
    await clock.advance(40);
    expect(states(supervisor)).toEqual(['a backing-off', 'b waiting']);
    expect(supervisor.health().children[0]).toMatchObject({ nextRestartInMs: 60 });
    await clock.advance(60);
    expect(states(supervisor)).toEqual(['a running', 'b running']);
    stop.abort();
    await outcome;
    expect(clock.timers).toBe(0);
  });

  it('tells those it stops that they are to be started again', async () => {
    const [a, b] = [new ScriptedService('a'), new ScriptedService('b')];
    const { clock, stop, outcome } = await startOtp(
      [
        [a, {}],
        [b, {}],
      ],
      { strategy: 'one-for-all' },
    );
    a.ready();
    await clock.settle();
    b.ready();
    a.fail();
    await clock.advance(0);
    stop.abort();
    await outcome;
    expect(b.contexts[0]?.signal.reason).toMatchObject({ code: 'CHILD_RESTARTING' });
    expect(a.contexts[1]?.signal.reason).toMatchObject({ code: 'CLOSED' });
  });

  it('takes a child along that is started meanwhile', async () => {
    const [a, late] = [new OtpChild('a'), new OtpChild('late')];
    const { supervisor, clock, stop, outcome, diary } = await startOtp([a], {
      strategy: 'one-for-all',
      backoff,
    });
    a.exit('abnormal');
    await clock.advance(0);
    a.exit('abnormal');
    await clock.advance(10);
    const started = supervisor.startChild(late, { startTimeoutMs });
    expect(states(supervisor)).toEqual(['a backing-off', 'late waiting']);
    await clock.advance(90);
    await expect(started).resolves.toMatchObject({ incarnation: 1 });
    expect(diary.slice(-2)).toEqual(['a started', 'late started']);
    stop.abort();
    await outcome;
  });
});
