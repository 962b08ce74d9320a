// What a supervisor and its children may be told: OTP's supervisor flags and child specifications. The behaviour is that of
// Erlang/OTP's supervisor test suite (Apache-2.0), whose case names these tests bear; words and code are our own.
// docs/otp-conformance.md lists what differs on purpose.
import { describe, expect, it } from 'vitest';
import { type ChildOptions, resolveChildOptions, type SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { counts, OtpChild, otpSupervisor, startOtp, startTimeoutMs, states } from './test-support.ts';

const worker = new OtpChild('child1');

describe('OTP, defaults of a child', () => {
  it('sup_start_map', () => {
    const supervisor = new Supervisor({ name: 'sup' })
      .add(worker)
      .add(new OtpChild('child2'), { stopTimeoutMs: 0 })
      .add(new Supervisor({ name: 'child3' }));
    expect(supervisor.child('child1')).toEqual({
      name: 'child1',
      state: 'waiting',
      incarnation: 0,
      isSupervisor: false,
      options: { restart: 'permanent', stopTimeoutMs: 5_000, significant: false },
    });
    expect(supervisor.child('child2').options.stopTimeoutMs).toBe(0);
    expect(supervisor.child('child3')).toMatchObject({
      isSupervisor: true,
      options: { restart: 'permanent', stopTimeoutMs: Infinity },
    });
    expect(() => supervisor.child('child4')).toThrow(
      expect.objectContaining({ name: 'StateError', code: 'CHILD_UNKNOWN' }),
    );
  });

  it('sup_start_map_simple', async () => {
    const { supervisor } = await startOtp([], { stopOrder: 'parallel' });
    const handle = await supervisor.startChild(new OtpChild('instance'));
    expect(supervisor.child(handle.name)).toEqual({
      name: 'instance',
      state: 'running',
      incarnation: 1,
      isSupervisor: false,
      options: { restart: 'permanent', stopTimeoutMs: 5_000, significant: false },
    });
    expect(() => supervisor.child('template')).toThrow(expect.objectContaining({ code: 'CHILD_UNKNOWN' }));
  });
});

describe('OTP, faulty children', () => {
  it.each([
    ['no name', { run: async () => {} }, 'service.name'],
    ['an empty name', { name: '', run: async () => {} }, 'service.name'],
    ['no run()', { name: 'child2' }, 'run()'],
    ['no object', 'child4', 'run()'],
    ['nothing', undefined, 'run()'],
  ])('sup_start_map_faulty_specs: %s', async (_what, service, named) => {
    const { supervisor, stop, outcome } = await startOtp([]);
    const refused = { code: 'CONFIG_INVALID', message: expect.stringContaining(named) };
    expect(() => otpSupervisor().supervisor.add(service as never)).toThrow(expect.objectContaining(refused));
    await expect(supervisor.startChild(service as never)).rejects.toMatchObject(refused);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    stop.abort();
    await expect(outcome).resolves.toBe('returned');
  });

  // OTP takes an unknown key for somebody else's business. Here it is a typo, and a typo must not be silent.
  it('sup_start_map_faulty_specs: an option that does not exist', async () => {
    const silly = { sillyFlag: true } as ChildOptions;
    expect(() => new Supervisor({ name: 'sup' }).add(worker, silly)).toThrow("no option 'sillyFlag'");
    const { supervisor } = await startOtp([]);
    await expect(supervisor.startChild(worker, silly)).rejects.toThrow("no option 'sillyFlag'");
  });

  it.each<[keyof ChildOptions, unknown]>([
    ['restart', 'prmanent'],
    ['restart', 3],
    ['stopTimeoutMs', -10],
    ['stopTimeoutMs', Number.NaN],
    ['stopTimeoutMs', 'brutal_kill'],
    ['startTimeoutMs', 0],
    ['startTimeoutMs', Infinity],
    ['heartbeatTimeoutMs', 9],
    ['heartbeatTimeoutMs', '1000'],
    ['significant', 'yes'],
  ])('child_specs_map: %s cannot be %s', async (option, value) => {
    const bad = { [option]: value } as ChildOptions;
    const refused = { code: 'CONFIG_INVALID', message: expect.stringMatching(`^${option} must be .*, got `) };
    expect(() => new Supervisor({ name: 'sup' }).add(worker, bad)).toThrow(expect.objectContaining(refused));
    const { supervisor } = await startOtp([]);
    await expect(supervisor.startChild(worker, bad)).rejects.toMatchObject(refused);
    expect(supervisor.children()).toEqual([]);
  });

  it('child_specs_map: every combination of good values is good, unless they contradict each other', () => {
    const combinations = product({
      restart: [undefined, 'permanent', 'transient', 'temporary'],
      stopTimeoutMs: [undefined, 0, 1_000, Infinity],
      startTimeoutMs: [undefined, 1, 1_000],
      heartbeatTimeoutMs: [undefined, 10],
      significant: [undefined, false, true],
      autoShutdown: ['never', 'any-significant', 'all-significant'],
      service: [worker, new Supervisor({ name: 'inner' })],
    });
    expect(combinations).toHaveLength(4 * 4 * 3 * 2 * 3 * 3 * 2);
    for (const { service, autoShutdown, ...options } of combinations) {
      const isGood = !contradicts(options, autoShutdown, service instanceof Supervisor);
      const given = JSON.stringify({ ...options, autoShutdown, name: service.name });
      expect(
        accepts(() => resolveChildOptions(service, defined(options), autoShutdown)),
        given,
      ).toBe(isGood);
    }
  });

  it('child_specs_map: two children of the same name', async () => {
    const supervisor = new Supervisor({ name: 'sup' }).add(worker);
    expect(() => supervisor.add(new OtpChild('child1'))).toThrow("has a child 'child1' already");
    expect(states(supervisor)).toEqual(['child1 waiting']);
  });

  it('child_specs_map: a child that the supervisor runs already', async () => {
    const { supervisor } = await startOtp([worker]);
    await expect(supervisor.startChild(worker, { startTimeoutMs })).rejects.toMatchObject({
      name: 'StateError',
      code: 'CHILD_EXISTS',
    });
    expect(() => supervisor.add(new OtpChild('child2'))).toThrow('startChild');
    expect(states(supervisor)).toEqual(['child1 running']);
  });
});

describe('OTP, faulty supervisors', () => {
  it.each<[keyof SupervisorOptions, unknown]>([
    ['name', ''],
    ['strategy', 'none-for-one'],
    ['maxRestarts', Infinity],
    ['maxRestarts', -1],
    ['maxRestarts', 1.5],
    ['restartWindowMs', 0],
    ['restartWindowMs', Infinity],
    ['autoShutdown', 'some-significant'],
    ['stopOrder', 'random'],
    ['maxChildren', 0],
  ])('sup_flags: %s cannot be %s', (option, value) => {
    expect(() => new Supervisor({ name: 'sup', [option]: value })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(`^${option} must be .*, got `),
      }),
    );
  });

  // Ignored by OTP; see above.
  it('sup_flags: an option that does not exist', () => {
    expect(() => new Supervisor({ name: 'sup', sillyFlag: true } as SupervisorOptions)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining("'sillyFlag'") }),
    );
  });
});

function contradicts(
  { restart, significant, heartbeatTimeoutMs }: Loose<ChildOptions>,
  autoShutdown: string,
  isSupervisor: boolean,
): boolean {
  const isPermanent = (restart ?? 'permanent') === 'permanent';
  if (significant === true && (isPermanent || autoShutdown === 'never')) return true;
  return heartbeatTimeoutMs !== undefined && isSupervisor;
}

function accepts(resolve: () => unknown): boolean {
  try {
    resolve();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return false;
  }
}

type Loose<T> = { [Key in keyof T]?: T[Key] | undefined };

/** Leaves out what is undefined, as somebody does who does not write the option. */
function defined<T extends object>(options: T): ChildOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

type Choices = Readonly<Record<string, readonly unknown[]>>;
type Chosen<C extends Choices> = { [Key in keyof C]: C[Key][number] };

/** All ways to choose one value for each key. */
function product<const C extends Choices>(choices: C): Chosen<C>[] {
  let chosen: object[] = [{}];
  for (const [key, values] of Object.entries(choices))
    chosen = chosen.flatMap((soFar) => values.map((value) => ({ ...soFar, [key]: value })));
  return chosen as Chosen<C>[];
}
