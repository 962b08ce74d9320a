// Starting, stopping, restarting and removing children by hand. The behaviour is that of Erlang/OTP's supervisor test suite
// (Apache-2.0), whose case names these tests bear; words and code are our own. docs/otp-conformance.md lists what differs
// on purpose.
import { describe, expect, it } from 'vitest';
import { counts, lives, OtpChild, otpSupervisor, startOtp, startTimeoutMs, states } from './test-support.ts';

const limits = { startTimeoutMs, stopTimeoutMs: 1_000 };
const notFound = { name: 'StateError', code: 'CHILD_UNKNOWN' };
const running = { name: 'StateError', code: 'CHILD_RUNNING' };
const taken = { name: 'StateError', code: 'CHILD_EXISTS' };
const closed = { name: 'ClosedError', code: 'CLOSED' };

describe('OTP, administration of children', () => {
  it('child_adm', async () => {
    const child = new OtpChild('child1');
    const { supervisor, diary } = await startOtp([[child, limits]]);
    expect([states(supervisor), counts(supervisor)]).toEqual([['child1 running'], [1, 1, 0, 1]]);

    // It runs already.
    await expect(supervisor.startChild(child, limits)).rejects.toMatchObject(taken);
    await expect(supervisor.startChild(child, limits)).rejects.toThrow('which is running');

    // Stopping, also what is stopped already.
    await expect(supervisor.stopChild('other')).rejects.toMatchObject(notFound);
    await supervisor.stopChild('child1');
    expect(diary).toEqual(['child1 started', 'child1 stopped']);
    expect([states(supervisor), counts(supervisor)]).toEqual([['child1 stopped'], [1, 0, 0, 1]]);
    await supervisor.stopChild('child1');
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);

    // It does not run, but is there.
    await expect(supervisor.startChild(child, limits)).rejects.toMatchObject(taken);
    await expect(supervisor.startChild(child, limits)).rejects.toThrow('which is stopped');

    // Starting it again.
    expect(await supervisor.restartChild('child1')).toMatchObject({ name: 'child1', incarnation: 2 });
    expect([states(supervisor), counts(supervisor)]).toEqual([['child1 running'], [1, 1, 0, 1]]);
    await expect(supervisor.restartChild('child1')).rejects.toMatchObject(running);
    await expect(supervisor.restartChild('child2')).rejects.toMatchObject(notFound);

    // Removing it.
    expect(() => supervisor.removeChild('child1')).toThrow(expect.objectContaining(running));
    expect(() => supervisor.removeChild('other')).toThrow(expect.objectContaining(notFound));
    await supervisor.stopChild('child1');
    supervisor.removeChild('child1');
    await expect(supervisor.restartChild('child1')).rejects.toMatchObject(notFound);
    await expect(supervisor.stopChild('child1')).rejects.toMatchObject(notFound);
    expect([states(supervisor), counts(supervisor)]).toEqual([[], [0, 0, 0, 0]]);

    // Starting it as a new one, which is told by its name and not by what startChild() gave.
    const handle = await supervisor.startChild(child, limits);
    expect([lives(supervisor), counts(supervisor)]).toEqual([['child1 #1'], [1, 1, 0, 1]]);
    await expect(supervisor.stopChild(handle as never)).rejects.toMatchObject(notFound);
    expect([states(supervisor), counts(supervisor)]).toEqual([['child1 running'], [1, 1, 0, 1]]);
    expect([child.starts, child.mostAlive]).toEqual([3, 1]);
  });

  it.each(['not yet', 'no more'])('child_adm: a supervisor that does %s run', async (when) => {
    const child = new OtpChild('child1');
    const { supervisor } = otpSupervisor();
    supervisor.add(child, limits);
    if (when === 'no more') await supervisor.run({ signal: AbortSignal.abort() });
    await expect(supervisor.startChild(new OtpChild('child2'), limits)).rejects.toMatchObject(closed);
    await expect(supervisor.stopChild('child1')).rejects.toMatchObject(closed);
    await expect(supervisor.restartChild('child1')).rejects.toMatchObject(closed);
    expect(() => supervisor.removeChild('child1')).toThrow(expect.objectContaining(closed));
    // OTP's process is gone then. This object is not, and still tells what it knows.
    expect([lives(supervisor), counts(supervisor)]).toEqual([['child1 #0'], [1, 0, 0, 1]]);
  });

  it('child_adm: calls at the same moment do not disturb each other', async () => {
    const child = new OtpChild('child1');
    const { supervisor } = await startOtp([]);
    const both = await Promise.allSettled([
      supervisor.startChild(child, limits),
      supervisor.startChild(child, limits),
    ]);
    expect(both).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: taken }]);
    await Promise.all([supervisor.stopChild('child1'), supervisor.stopChild('child1')]);
    const restarts = await Promise.allSettled([
      supervisor.restartChild('child1'),
      supervisor.restartChild('child1'),
    ]);
    expect(restarts).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected' }]);
    expect([lives(supervisor), child.mostAlive]).toEqual([['child1 #2'], 1]);
  });

  it('child_adm: a child that waits for its turn can be stopped, and is not kept as it never was up', async () => {
    const [child1, child2] = [new OtpChild('child1'), new OtpChild('child2')];
    const { supervisor, settle } = await startOtp([child1], { strategy: 'one-for-all' });
    child1.startResult = 'never';
    child1.exit('abnormal');
    await settle();
    const started = supervisor.startChild(child2, limits).catch((error: unknown) => error);
    expect(states(supervisor)).toEqual(['child1 starting', 'child2 waiting']);
    await expect(supervisor.restartChild('child2')).rejects.toMatchObject({ code: 'CHILD_RESTARTING' });
    await supervisor.stopChild('child2');
    expect(await started).toMatchObject(closed);
    expect([states(supervisor), child2.starts]).toEqual([['child1 starting'], 0]);
  });

  it('child_adm: the next run begins with the children from before the first one', async () => {
    const { supervisor, clock, stop, outcome } = await startOtp([
      new OtpChild('child1'),
      [new OtpChild('child2'), { restart: 'temporary' }],
      new OtpChild('child3'),
    ]);
    await supervisor.stopChild('child1');
    supervisor.removeChild('child1');
    await supervisor.stopChild('child2');
    await supervisor.startChild(new OtpChild('child4'), limits);
    expect(states(supervisor)).toEqual(['child3 running', 'child4 running']);
    stop.abort();
    await outcome;
    const again = new AbortController();
    const secondRun = supervisor.run({ signal: again.signal });
    await clock.settle();
    expect(states(supervisor)).toEqual(['child1 running', 'child2 running', 'child3 running']);
    again.abort();
    await secondRun;
  });

  it('extra_return', async () => {
    const child = new OtpChild('child1');
    child.info = { port: 1_935 };
    const { supervisor, settle } = await startOtp([[child, limits]]);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    await supervisor.stopChild('child1');
    expect((await supervisor.restartChild('child1')).info).toBe(child.info);
    child.exit('abnormal');
    await settle();
    expect([states(supervisor), lives(supervisor)]).toEqual([['child1 running'], ['child1 #3']]);
    await supervisor.stopChild('child1');
    supervisor.removeChild('child1');
    expect((await supervisor.startChild(child, limits)).info).toBe(child.info);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });
});

describe('OTP, administration of dynamic children', () => {
  it.each(['permanent', 'transient', 'temporary'] as const)('child_adm_simple: %s', async (restart) => {
    const { supervisor, stop, outcome } = await startOtp([], { stopOrder: 'parallel' });
    const [child1, child2] = [new OtpChild('child1'), new OtpChild('child2')];
    const handle1 = await supervisor.startChild(child1, { ...limits, restart });
    await supervisor.startChild(child2, { ...limits, restart });
    expect(counts(supervisor)).toEqual([2, 2, 0, 2]);

    await handle1.stop();
    expect([child1.alive, supervisor.count().active]).toEqual([false, 1]);
    expect(await handle1.ended).toMatchObject({ reason: 'stopped' });
    await handle1.stop();
    // OTP forgets every dynamic child at once; here its owner removes what might be restarted.
    expect(states(supervisor)).toEqual([
      ...(restart === 'temporary' ? [] : ['child1 stopped']),
      'child2 running',
    ]);
    if (restart !== 'temporary') supervisor.removeChild('child1');
    await handle1.stop();
    expect([states(supervisor), counts(supervisor)]).toEqual([['child2 running'], [1, 1, 0, 1]]);

    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    await handle1.stop();
  });

  it('child_adm_simple: the child of another supervisor', async () => {
    const foreign = new OtpChild('foreign');
    await startOtp([foreign]);
    const { supervisor } = await startOtp([new OtpChild('child1')]);
    await expect(supervisor.stopChild('foreign')).rejects.toMatchObject(notFound);
    expect(foreign.alive).toBe(true);
  });

  it('child_adm_simple: a handle does not stop the next child of the same name', async () => {
    const { supervisor, settle } = await startOtp([]);
    const [old, young] = [new OtpChild('child1'), new OtpChild('child1')];
    const handle = await supervisor.startChild(old, { ...limits, restart: 'temporary' });
    old.exit('normal');
    await settle();
    await supervisor.startChild(young, { ...limits, restart: 'temporary' });
    await handle.stop();
    expect([young.alive, states(supervisor)]).toEqual([true, ['child1 running']]);
  });

  it('child_adm_simple: a handle stops whichever life its child is in', async () => {
    const { supervisor, settle } = await startOtp([]);
    const child = new OtpChild('child1');
    const handle = await supervisor.startChild(child, limits);
    child.exit('abnormal');
    await settle();
    expect([await handle.ended, lives(supervisor)]).toMatchObject([{ reason: 'failed' }, ['child1 #2']]);
    await handle.stop();
    expect([child.alive, states(supervisor)]).toEqual([false, ['child1 stopped']]);
  });
});
