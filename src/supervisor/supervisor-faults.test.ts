import { describe, expect, it } from 'vitest';
import type { LogFields } from '../core/logger.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { ScriptedService } from '../testing/scripted-service.ts';
import type { ChildOptions, SupervisorOptions } from './options.ts';
import { Supervisor } from './supervisor.ts';

describe('Supervisor: callbacks that throw', () => {
  it('stops the children when the ready() it was given throws', async () => {
    const { supervisor, child } = create();
    const { signal } = new AbortController();
    const ready = (): void => {
      throw new Error('not ready for this');
    };
    await expect(supervisor.run({ signal, ready })).rejects.toThrow('not ready for this');
    expect(child.alive).toBe(0);
  });

  it('does not notice a logger that throws', async () => {
    const fail = (): void => {
      throw new Error('disk full');
    };
    const { supervisor, child, clock } = create({
      logger: { debug: fail, info: fail, warn: fail, error: fail },
    });
    const deaf = new ScriptedService('deaf', 'ignore');
    supervisor.add(deaf, { stopTimeoutMs: 100 });
    supervisor.on('child:exited', fail);
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    child.fail();
    await clock.advance(0);
    expect(child.runs).toBe(2);
    stop.abort();
    await clock.advance(100);
    await outcome;
    expect(child.alive).toBe(0);
    expect(supervisor.health().children[1]?.state).toBe('stuck');
    deaf.finish();
  });

  it('ends with the error of a back-off that throws, with every child stopped', async () => {
    const delayMs = (): never => {
      throw new Error('no delay today');
    };
    const { supervisor, child, clock } = create({ backoff: { maxDelayMs: () => 0, delayMs } });
    const other = new ScriptedService('other');
    const outcome = supervisor.add(other).run({ signal: new AbortController().signal });
    const failed = expect(outcome).rejects.toThrow('no delay today');
    await clock.settle();
    child.fail();
    await failed;
    expect(other.alive).toBe(0);
  });

  it.each([Number.NaN, -5, Number.POSITIVE_INFINITY])(
    'refuses a back-off that says %d ms',
    async (delayMs) => {
      const { supervisor, child, clock } = create({
        backoff: { maxDelayMs: () => 0, delayMs: () => delayMs },
      });
      const outcome = supervisor
        .run({ signal: new AbortController().signal })
        .catch((error: unknown) => error);
      await clock.settle();
      child.fail();
      expect(await outcome).toMatchObject({ code: 'CONFIG_INVALID', message: /backoff\.delayMs\(\)/ });
      expect(clock.timers).toBe(0);
    },
  );
});

describe('Supervisor: what a child throws', () => {
  it('restarts one that throws what cannot even be looked at', async () => {
    const { supervisor, child, clock } = create();
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    child.fail(proxy);
    await clock.advance(0);
    expect(child.runs).toBe(2);
    expect(supervisor.health().children[0]?.lastExit).toMatchObject({
      reason: 'failed',
      error: 'Error: something that cannot be shown',
    });
    stop.abort();
    await outcome;
  });

  it('leaves a child behind whose kill() is asynchronous and fails', async () => {
    const { supervisor, clock } = create();
    const deaf = new ScriptedService('deaf', 'ignore');
    const kill = async (): Promise<void> => {
      throw new Error('no such process');
    };
    supervisor.add(Object.assign(deaf, { kill }), { stopTimeoutMs: 100 });
    const outcomes: string[] = [];
    supervisor.on('child:stopTimeout', (event) => outcomes.push(event.outcome));
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    stop.abort();
    await clock.advance(1_100);
    await outcome; // An unhandled rejection would fail the test as well.
    expect(outcomes).toEqual(['killed', 'left-behind']);
    deaf.finish();
  });
});

describe('Supervisor: what it tells', () => {
  it('does not depend on the wall clock, which may be set back', async () => {
    const { supervisor, child, clock } = create();
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.advance(0);
    child.fail();
    await clock.advance(4_999);
    expect(supervisor.health().status).toBe('degraded');
    clock.setBack(3_600_000);
    await clock.advance(1);
    expect(supervisor.health().status).toBe('healthy');
    stop.abort();
    await outcome;
  });

  it('ignores a ready() that comes after the end', async () => {
    const { supervisor, child, clock } = create();
    const late = new ScriptedService('late');
    supervisor.add(late, { startTimeoutMs: 100, restart: 'transient' });
    const ready: string[] = [];
    supervisor.on('child:ready', (event) => ready.push(event.child));
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    late.finish();
    await clock.settle();
    late.ready();
    expect(ready).toEqual([]);
    expect(child.runs).toBe(1);
    stop.abort();
    await outcome;
  });

  it('logs the failure of a child that is not restarted', async () => {
    const warnings: (LogFields | undefined)[] = [];
    const { supervisor, clock } = create({
      logger: { ...silent, warn: (_, fields) => warnings.push(fields) },
    });
    const once = new ScriptedService('once');
    supervisor.add(once, { restart: 'temporary' });
    const stop = new AbortController();
    const outcome = supervisor.run({ signal: stop.signal });
    await clock.settle();
    once.fail(new Error('for good'));
    await clock.settle();
    expect(warnings).toEqual([
      { supervisor: 'tree', child: 'once', reason: 'failed', error: 'Error: for good' },
    ]);
    stop.abort();
    await outcome;
  });
});

describe('Supervisor: options', () => {
  it.each([
    {
      name: 'an unknown option',
      make: () => new Supervisor({ name: 's', maxRestart: 3 } as never),
      says: /maxRestart/,
    },
    {
      name: 'a missing name',
      make: () => new Supervisor({} as never),
      says: /name must be .* got undefined/,
    },
    {
      name: 'a negative limit',
      make: () => new Supervisor({ name: 's', maxRestarts: -1 }),
      says: /maxRestarts .* got -1/,
    },
    {
      name: 'an empty window',
      make: () => new Supervisor({ name: 's', restartWindowMs: 0 }),
      says: /restartWindowMs .* got 0/,
    },
    {
      name: 'a back-off that outlasts the window',
      make: () => new Supervisor({ name: 's', maxRestarts: 10, restartWindowMs: 5_000 }),
      says: /restartWindowMs must be above 51100/,
    },
    {
      name: 'an unknown restart type',
      make: () => add({ restart: 'always' as never }),
      says: /restart .* got 'always'/,
    },
    {
      name: 'a heartbeat limit of 0',
      make: () => add({ heartbeatTimeoutMs: 0 }),
      says: /heartbeatTimeoutMs .* got 0/,
    },
    {
      name: 'a second child of the same name',
      make: () => new Supervisor({ name: 's' }).add(new ScriptedService('a')).add(new ScriptedService('a')),
      says: /'a' already/,
    },
  ])('refuses $name', ({ make, says }) => {
    expect(make).toThrow(says);
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it.each([
    { options: { backoff: {} }, says: /backoff must be an object with delayMs\(\), maxDelayMs\(\)/ },
    { options: { backoff: { maxDelayMs: () => 0 } }, says: /backoff must be an object with delayMs\(\)/ },
    { options: { logger: {} }, says: /logger must be an object with debug\(\)/ },
    { options: { clock: Date }, says: /clock must be an object with nowMs\(\)/ },
  ])('refuses $options', ({ options, says }) => {
    const make = (): unknown => new Supervisor({ name: 's', ...(options as object) });
    expect(make).toThrow(says);
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it.each([
    { service: { name: '', run() {} }, says: /service\.name must be a string/ },
    { service: { run() {} }, says: /service\.name must be a string/ },
    { service: { name: 'x' }, says: /service must be an object with run\(\)/ },
    { service: null, says: /service must be an object with run\(\), got null/ },
  ])('refuses the service $service', ({ service, says }) => {
    const add = (): unknown => new Supervisor({ name: 's' }).add(service as never);
    expect(add).toThrow(says);
    expect(add).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('refuses itself as a child', () => {
    const supervisor = new Supervisor({ name: 's' });
    expect(() => supervisor.add(supervisor)).toThrow(/s cannot be a child of itself/);
  });
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A clock whose wall time an operator or a time server may set back. */
class AdjustableClock extends ManualClock {
  #setBackMs = 0;

  override wallMs(): number {
    return super.wallMs() - this.#setBackMs;
  }

  setBack(byMs: number): void {
    this.#setBackMs += byMs;
  }
}

function add(options: ChildOptions): unknown {
  return new Supervisor({ name: 's' }).add(new ScriptedService('a'), options);
}

function create(options: Partial<SupervisorOptions> = {}) {
  const clock = new AdjustableClock(1e12);
  const child = new ScriptedService('child');
  const supervisor = new Supervisor({ name: 'tree', clock, ...options });
  return { supervisor: supervisor.add(child), child, clock };
}
