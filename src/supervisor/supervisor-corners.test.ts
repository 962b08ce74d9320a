import { describe, expect, it } from 'vitest';
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
