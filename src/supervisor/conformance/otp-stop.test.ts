// How children are stopped, and killed when they do not. The behaviour is that of Erlang/OTP's supervisor test suite
// (Apache-2.0), whose case names these tests bear; words and code are our own. docs/otp-conformance.md lists what differs
// on purpose.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ClosedError, ShutdownError } from '../../core/errors.ts';
import type { Service, ServiceContext } from '../../core/service.ts';
import { Supervisor } from '../supervisor.ts';
import { type ExitKind, OtpChild, otpSupervisor, startOtp, startTimeoutMs, states } from './test-support.ts';

const restartTypes = ['permanent', 'transient', 'temporary'] as const;

describe('OTP, stop of a supervisor', () => {
  it('sup_stop_infinity', async () => {
    const grandchild = busy('grandchild');
    const child1 = otpSupervisor({ name: 'child1' }).supervisor;
    child1.add(grandchild, { stopTimeoutMs: Infinity });
    const child2 = busy('child2');
    const { stop, outcome, clock, diary } = await startOtp([
      [child1, { stopTimeoutMs: Infinity }],
      [child2, { stopTimeoutMs: Infinity }],
    ]);
    const hasStopped = flag(outcome);
    stop.abort();
    await clock.advance(24 * 3_600_000);
    expect([hasStopped(), child2.alive]).toEqual([false, true]);
    child2.exit('normal');
    await clock.advance(24 * 3_600_000);
    expect([hasStopped(), grandchild.alive]).toEqual([false, true]);
    grandchild.exit('normal');
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(2)).toEqual(['child2 stopped', 'child1 stopped']);
    expect(clock.timers).toBe(0);
  });

  it('sup_stop_timeout', async () => {
    const [child1, child2] = [new OtpChild('child1'), busy('child2')];
    const { stop, outcome, clock, diary, supervisor } = await startOtp([
      [child1, { stopTimeoutMs: 1_000 }],
      [child2, { stopTimeoutMs: 1_000 }],
    ]);
    const warnings: unknown[] = [];
    supervisor.on('child:stopTimeout', (warning) => warnings.push(warning));
    stop.abort();
    await clock.advance(999);
    expect(states(supervisor)).toEqual(['child1 running', 'child2 stopping']);
    await clock.advance(1);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(2)).toEqual(['child2 killed', 'child1 stopped']);
    expect(warnings).toEqual([{ child: 'child2', incarnation: 1, stopTimeoutMs: 1_000, outcome: 'killed' }]);
  });

  // OTP's `kill` always works. A function cannot be killed, so it is left behind, and nobody waits for it.
  it('sup_stop_timeout: a child that cannot be killed', async () => {
    const [child1, child2] = [new OtpChild('child1'), busy('child2')];
    child2.stopManner = 'busy-forever';
    const { stop, outcome, clock, diary, supervisor } = await startOtp([
      [child1, { stopTimeoutMs: 1_000 }],
      [child2, { stopTimeoutMs: 1_000 }],
    ]);
    stop.abort();
    await clock.advance(2_000);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(2)).toEqual(['child1 stopped']);
    expect(states(supervisor)).toEqual(['child1 stopped', 'child2 stuck']);
    await expect(supervisor.run({ signal: stop.signal })).rejects.toMatchObject({
      code: 'CHILD_STOP_TIMEOUT',
    });
    child2.exit('normal');
    await clock.settle();
    expect(states(supervisor)).toEqual(['child1 stopped', 'child2 stopped']);
  });

  it('sup_stop_timeout_dynamic', async () => {
    const { supervisor, stop, outcome, clock, diary } = await startOtp([], { stopOrder: 'parallel' });
    for (const child of [new OtpChild('child1'), busy('child2')])
      await supervisor.startChild(child, { startTimeoutMs, stopTimeoutMs: 1_000 });
    stop.abort();
    await clock.advance(999);
    expect(states(supervisor)).toEqual(['child2 stopping']);
    await clock.advance(1);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(2)).toEqual(['child1 stopped', 'child2 killed']);
  });

  it('sup_stop_brutal_kill', async () => {
    const [child1, child2] = [new OtpChild('child1'), busy('child2')];
    const { stop, outcome, diary, clock } = await startOtp([
      [child1, { stopTimeoutMs: 1_000 }],
      [child2, { stopTimeoutMs: 0 }],
    ]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(2)).toEqual(['child2 killed', 'child1 stopped']);
    expect([clock.nowMs(), clock.timers]).toEqual([0, 0]);
  });

  it('sup_stop_brutal_kill: a real thread in an endless loop', async () => {
    const thread = new EndlessThread('thread');
    const supervisor = new Supervisor({ name: 'sup' })
      .add(new OtpChild('child1'))
      .add(thread, { stopTimeoutMs: 0, startTimeoutMs: 10_000 });
    const diary: string[] = [];
    supervisor.on('child:exited', ({ child, exit }) => diary.push(`${child} ${exit.reason}`));
    const stop = new AbortController();
    const isUp = new Promise<void>((resolve) => supervisor.once('child:ready', () => resolve()));
    const outcome = supervisor.run({ signal: stop.signal });
    await isUp;
    stop.abort();
    await outcome;
    expect(diary).toEqual(['thread killed', 'child1 stopped']);
    expect(thread.exitCode).toBe(1); // Node's, for a thread that was terminated.
  });

  it('sup_stop_brutal_kill_dynamic', async () => {
    const { supervisor, stop, outcome, clock, diary } = await startOtp([], { stopOrder: 'parallel' });
    const names = Array.from({ length: 10 }, (_, index) => `child${index}`);
    for (const name of names) await supervisor.startChild(busy(name), { startTimeoutMs, stopTimeoutMs: 0 });
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(10).sort()).toEqual(names.map((name) => `${name} killed`));
    expect([clock.nowMs(), supervisor.count().specs]).toEqual([0, 0]);
  });

  it('simple_one_for_one_shutdown', async () => {
    const { supervisor, stop, outcome, clock } = await startOtp([], { stopOrder: 'parallel' });
    const children = [busy('child1'), busy('child2'), busy('child3')];
    for (const child of children)
      await supervisor.startChild(child, { startTimeoutMs, stopTimeoutMs: 2_000 });
    const hasStopped = flag(outcome);
    stop.abort();
    for (const child of children.slice(0, 2)) clock.setTimer(1_000, () => child.exit('normal'));
    await clock.advance(1_999);
    expect([states(supervisor), hasStopped()]).toEqual([['child3 stopping'], false]);
    await clock.advance(1);
    expect([hasStopped(), await outcome]).toEqual([true, 'returned']);
  });
});

describe('OTP, children that end by themselves while they are being stopped', () => {
  const kinds: readonly ExitKind[] = ['normal', 'shutdown', 'abnormal'];
  const reasons = { normal: 'returned', shutdown: 'shutdown', abnormal: 'failed' };
  const racers = restartTypes.flatMap((restart) =>
    [...kinds, 'abnormal' as const].map((kind, index) => ({ restart, kind, name: `${restart}${index}` })),
  );

  it('sup_stop_race', async () => {
    const children = racers.map(({ name }) => new OtpChild(name));
    const last = busy('last'); // Stopped first; while it takes its time, the others end.
    const { supervisor, stop, outcome, diary, clock } = await startOtp([
      ...children.map((child, index) => [child, { restart: racers[index]!.restart }] as const),
      last,
    ]);
    stop.abort();
    await clock.settle();
    for (const [index, child] of children.entries()) child.exit(racers[index]!.kind);
    await clock.advance(5_000);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(13)).toEqual([
      ...racers.map(({ name, kind }) => `${name} ${reasons[kind]}`),
      'last killed',
    ]);
    expect(children.map(({ starts }) => starts)).toEqual(children.map(() => 1));
    expect(supervisor.health().restartsInWindow).toBe(0);
  });

  it.each(restartTypes)(
    'sup_stop_race: what a %s child answers to the stop changes nothing',
    async (restart) => {
      const answers = [new ClosedError('bye'), new ShutdownError('bye'), new Error('disk full'), undefined];
      const children = answers.map((answer, index) => new Answering(`child${index}`, answer));
      const { supervisor, stop, outcome } = await startOtp(children.map((child) => [child, { restart }]));
      const exits: unknown[] = [];
      supervisor.on('child:exited', ({ exit }) => exits.unshift([exit.reason, exit.error]));
      stop.abort();
      await expect(outcome).resolves.toBe('returned');
      expect(exits).toEqual([
        ['stopped', undefined],
        ['stopped', undefined],
        ['stopped', 'Error: disk full'],
        ['stopped', undefined],
      ]);
      expect(supervisor.health()).toMatchObject({ state: 'idle', restartsTotal: 0 });
    },
  );

  it.each(restartTypes)('sup_stop_non_shutdown_exit_dynamic: %s', async (restart) => {
    const { supervisor, stop, outcome, clock, diary } = await startOtp([], { stopOrder: 'parallel' });
    const children = [busy('child1'), busy('child2'), busy('child3')];
    for (const child of children) await supervisor.startChild(child, { restart, startTimeoutMs });
    stop.abort();
    await clock.advance(10);
    for (const [index, child] of children.entries()) child.exit(kinds[index]!);
    await expect(outcome).resolves.toBe('returned');
    expect(diary.slice(3)).toEqual(['child1 stopped', 'child2 stopped', 'child3 stopped']);
    expect([clock.timers, supervisor.count().specs]).toEqual([0, 0]);
    expect(children.map(({ starts }) => starts)).toEqual([1, 1, 1]);
  });
});

function busy(name: string): OtpChild {
  const child = new OtpChild(name);
  child.stopManner = 'busy';
  return child;
}

/** Whether a promise has settled. */
function flag(promise: Promise<unknown>): () => boolean {
  let hasSettled = false;
  void promise.then(() => {
    hasSettled = true;
  });
  return () => hasSettled;
}

/** Answers the request to stop with an error, or without one. */
class Answering implements Service {
  readonly name: string;
  readonly #answer: Error | undefined;

  constructor(name: string, answer: Error | undefined) {
    this.name = name;
    this.#answer = answer;
  }

  async run({ signal, ready }: ServiceContext): Promise<void> {
    ready();
    await once(signal, 'abort');
    if (this.#answer !== undefined) throw this.#answer;
  }
}

/** A thread that never looks up from its work, so that only `terminate()` ends it. */
class EndlessThread implements Service {
  readonly name: string;
  exitCode: number | undefined;
  #worker: Worker | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async run({ ready }: ServiceContext): Promise<void> {
    const loop = `require('node:worker_threads').parentPort.postMessage('spins'); for (;;);`;
    const worker = new Worker(loop, { eval: true });
    this.#worker = worker;
    worker.once('message', () => ready());
    const [exitCode] = (await once(worker, 'exit')) as [number];
    this.exitCode = exitCode;
  }

  kill(): void {
    void this.#worker?.terminate();
  }
}
