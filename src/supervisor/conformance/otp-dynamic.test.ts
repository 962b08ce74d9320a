// Children that come and go: OTP's `simple_one_for_one` as children that `startChild()` adds and that are stopped all at
// once. The behaviour is that of Erlang/OTP's supervisor test suite (Apache-2.0), whose case names these tests bear; words
// and code are our own. docs/otp-conformance.md lists what differs on purpose.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { RestartLimitError } from '../../core/errors.ts';
import type { Supervisor } from '../supervisor.ts';
import { counts, lives, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

const dynamic = { stopOrder: 'parallel', restartWindowMs: 3_600_000 } as const;

describe('OTP, simple_one_for_one', () => {
  it('simple_one_for_one', async () => {
    const { supervisor, outcome, settle } = await startOtp([], { ...dynamic, maxRestarts: 2 });
    const { child1, child2 } = await startTwo(supervisor);
    child1.exit('abnormal');
    await settle();
    expect([lives(supervisor), counts(supervisor)]).toEqual([
      ['child1 #2', 'child2 #1'],
      [2, 2, 0, 2],
    ]);
    child2.exit('abnormal');
    await settle();
    expect(lives(supervisor)).toEqual(['child1 #2', 'child2 #2']);
    child1.exit('abnormal');
    expect(await outcome).toMatchObject({ code: 'RESTART_LIMIT', cause: new Error('child1 crashed') });
    expect([child1.alive, child2.alive]).toEqual([false, false]);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('simple_one_for_one_extra', async () => {
    const { supervisor, outcome, settle } = await startOtp([], { ...dynamic, maxRestarts: 2 });
    const { child1, child2, infos } = await startTwo(supervisor);
    expect(infos).toEqual(['child1 is up', 'child2 is up']);
    child1.info = 'told to nobody';
    child1.exit('abnormal');
    await settle();
    expect([lives(supervisor), counts(supervisor)]).toEqual([
      ['child1 #2', 'child2 #1'],
      [2, 2, 0, 2],
    ]);
    expect(states(supervisor)).toEqual(['child1 running', 'child2 running']);
    child2.exit('abnormal');
    await settle();
    child1.exit('abnormal');
    expect(await outcome).toBeInstanceOf(RestartLimitError);
  });

  it('simple_one_for_one_escalation', async () => {
    const { supervisor, outcome, clock, diary } = await startOtp([], { ...dynamic, maxRestarts: 4 });
    const { child1, child2 } = await startTwo(supervisor);
    child1.startResult = 'fail';
    child1.exit('abnormal');
    await clock.advance(0);
    expect(await outcome).toMatchObject({ code: 'RESTART_LIMIT', cause: new Error('child1 cannot start') });
    expect([child1.starts, child2.alive, diary.at(-1)]).toEqual([5, false, 'child2 stopped']);
    expect([counts(supervisor), clock.timers]).toEqual([[0, 0, 0, 0], 0]);
  });

  it('simple_one_for_one_corruption', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { supervisor, clock } = await startOtp([], dynamic);
    const held = new WeakRef(await liveAndDie(supervisor));
    await supervisor.startChild(new Loaded('child2', 50_000), { startTimeoutMs, restart: 'temporary' });
    // A WeakRef keeps its target until the turn of the event loop is over in which it was made or read.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(held.deref()).toBeUndefined();
    expect([states(supervisor), clock.timers]).toEqual([['child2 running'], 0]);
  });
});

async function startTwo(supervisor: Supervisor) {
  const [child1, child2] = [new OtpChild('child1'), new OtpChild('child2')];
  const infos: unknown[] = [];
  for (const child of [child1, child2]) {
    child.info = `${child.name} is up`;
    infos.push((await supervisor.startChild(child, { startTimeoutMs })).info);
  }
  return { child1, child2, infos };
}

/** A child with an argument that weighs something. */
class Loaded extends OtpChild {
  readonly argument: Uint8Array;

  constructor(name: string, bytes: number) {
    super(name);
    this.argument = new Uint8Array(bytes);
  }
}

/** The argument of a temporary child that was started and has ended. */
async function liveAndDie(supervisor: Supervisor): Promise<Uint8Array> {
  const child = new Loaded('child1', 50_000);
  const handle = await supervisor.startChild(child, { startTimeoutMs, restart: 'temporary' });
  child.exit('abnormal');
  await handle.ended;
  return child.argument;
}
