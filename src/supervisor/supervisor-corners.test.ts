import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import type { ServiceContext } from '../core/service.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import type { SupervisorOptions } from './options.ts';
import { Supervisor } from './supervisor.ts';

describe('Supervisor: a child that ends after the run', () => {
  it('is there again in the next run, also when it is temporary', async () => {
    const { supervisor, clock, run } = create();
    const deaf = new ScriptedService('deaf', 'ignore');
    supervisor.add(deaf, { restart: 'temporary', stopTimeoutMs: 100 });
    const first = await run();
    first.stop.abort();
    await clock.advance(100);
    await first.outcome;
    deaf.finish();
    await clock.settle();
    expect(supervisor.children()).toMatchObject([{ name: 'deaf', state: 'stopped' }]);
    await run();
    expect(deaf.runs).toBe(2);
  });
});

describe('Supervisor: closing it from a listener', () => {
  it('waits for the run also while that is being started', async () => {
    const { supervisor, clock, run } = create();
    const slow = new ScriptedService('slow', 'ignore');
    supervisor.add(slow);
    const order: string[] = [];
    supervisor.once('child:started', () => {
      void supervisor[Symbol.asyncDispose]().then(() => order.push('closed'));
    });
    const { outcome } = await run();
    expect(order).toEqual([]);
    void outcome.then(() => order.push('run settled'));
    slow.finish();
    await clock.settle();
    expect(order).toEqual(['run settled', 'closed']);
  });
});

describe('Supervisor: a child that is stopped in the turn it is started', () => {
  it('hears so although it only listens from its run on', async () => {
    const { supervisor, clock, run } = create();
    await run();
    const started = supervisor.startChild({
      name: 'trusting',
      run: ({ signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    });
    const stopped = supervisor.stopChild('trusting');
    await clock.settle();
    expect(supervisor.child('trusting').state).toBe('stopped');
    await Promise.all([started, stopped]);
  });

  it('is not ready any more', async () => {
    const { supervisor, clock, run } = create();
    await run();
    const hasty = new ScriptedService('hasty');
    const service = {
      name: 'hasty',
      run(context: ServiceContext): Promise<void> {
        context.ready();
        return hasty.run(context);
      },
    };
    const started = supervisor.startChild(service, { startTimeoutMs: 100 });
    const answer = expect(started).rejects.toMatchObject({ code: 'CLOSED' });
    await supervisor.stopChild('hasty');
    await answer;
    expect(hasty.alive).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

describe('Supervisor: startChild', () => {
  it('tells the caller when a temporary child falls with its group before it is up', async () => {
    const { supervisor, clock, run } = create({ strategy: 'one-for-all' });
    const cause = new ScriptedService('cause');
    supervisor.add(cause);
    await run();
    const started = supervisor.startChild(new ScriptedService('slow'), {
      restart: 'temporary',
      startTimeoutMs: 100,
    });
    const answer = expect(started).rejects.toMatchObject({ code: 'CLOSED' });
    await clock.settle();
    cause.fail();
    await clock.settle();
    await answer;
    expect(supervisor.children().map(({ name }) => name)).toEqual(['cause']);
  });
});

describe('Supervisor: a service that has something open between two runs', () => {
  it('hears when none follows: the supervisor stops, or the child is stopped, while it waits', async () => {
    const backoff = exponentialBackoff({ baseMs: 500, jitter: 'none' });
    const { supervisor, clock, run } = create({ backoff, maxRestarts: 4 });
    const retired: string[] = [];
    for (const name of ['a', 'b']) {
      const service = new ScriptedService(name);
      supervisor.add(Object.assign(service, { retire: () => retired.push(name) }));
      supervisor.on('child:started', ({ child }) => {
        if (child === name) clock.setTimer(0, () => service.fail());
      });
    }
    const { outcome, stop } = await run();
    await clock.advance(100);
    expect(supervisor.children().map(({ state }) => state)).toEqual(['backing-off', 'backing-off']);
    await supervisor.stopChild('a');
    expect(retired).toEqual(['a']);
    stop.abort();
    await outcome;
    expect(retired).toEqual(['a', 'b']);
  });

  it('does not hear so when a parent may restart its supervisor', async () => {
    const { supervisor: parent, clock, run } = create();
    const [a, b] = [new ScriptedService('a'), new ScriptedService('b')];
    const retired: string[] = [];
    const inner = new Supervisor({ name: 'inner', clock, maxRestarts: 0 })
      .add(a)
      .add(Object.assign(b, { retire: () => retired.push('b') }));
    parent.add(inner);
    const { outcome, stop } = await run();
    a.fail();
    await clock.advance(0);
    expect(b.contexts[0]?.signal.reason).toMatchObject({ code: 'CHILD_RESTARTING' });
    expect([a.runs, b.runs, retired.length]).toEqual([2, 2, 0]);
    stop.abort();
    await outcome;
    expect(b.contexts[1]?.signal.reason).toMatchObject({ code: 'CLOSED' });
  });
});

describe('Supervisor: the last of the significant children', () => {
  it('is the one that ended while another one was being started, if that does not come up', async () => {
    const { supervisor, clock, run } = create({ autoShutdown: 'all-significant' });
    const [a, b] = [new ScriptedService('a'), new ScriptedService('b')];
    supervisor.add(a, { restart: 'transient', significant: true });
    const { outcome } = await run();
    const starting = expect(
      supervisor.startChild(b, { restart: 'transient', significant: true, startTimeoutMs: 1_000 }),
    ).rejects.toThrow('b failed');
    a.finish();
    await clock.settle();
    b.fail();
    await starting;
    await expect(outcome).resolves.toBe('returned');
  });
});

function create(options: Partial<SupervisorOptions> = {}) {
  const clock = new ManualClock();
  const supervisor = new Supervisor({ name: 'sup', clock, ...options });
  const run = async () => {
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal }).then(
      () => 'returned',
      (error: unknown) => error,
    );
    await clock.settle();
    return { stop, outcome };
  };
  return { supervisor, clock, run };
}
