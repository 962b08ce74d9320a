/**
 * What Elixir asks of children that are started on demand. The behaviour is that of its DynamicSupervisor's tests
 * (Apache-2.0); words and code are our own.
 */
import { describe, expect, it } from 'vitest';
import type { ChildOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import {
  counts,
  type ExitKind,
  OtpChild,
  type OtpRun,
  startOtp,
  startTimeoutMs,
  states,
} from './test-support.ts';

describe('DynamicSupervisor: options', () => {
  it('set default options', () => {
    const { maxRestarts, restartWindowMs, children } = new Supervisor({ name: 'sup' }).health();
    expect({ maxRestarts, restartWindowMs, children }).toEqual({
      maxRestarts: 3,
      restartWindowMs: 5_000,
      children: [],
    });
  });

  it.each([
    { options: { strategy: 'unknown' }, says: /strategy .* got 'unknown'/ },
    { options: { maxRestarts: -1 }, says: /maxRestarts .* got -1/ },
    { options: { restartWindowMs: 0 }, says: /restartWindowMs .* got 0/ },
    { options: { maxChildren: -1 }, says: /maxChildren .* got -1/ },
  ])('with non-ok init: $options', ({ options, says }) => {
    expect(() => new Supervisor({ name: 'sup', ...options } as never)).toThrow(says);
  });

  it.each([
    { options: { stopTimeoutMs: -1 }, says: /stopTimeoutMs .* got -1/ },
    { options: { significant: true }, says: /significant/ },
    { options: { restart: 'always' }, says: /restart .* got 'always'/ },
  ])('with invalid child spec: $options', async ({ options, says }) => {
    const { supervisor } = await startOtp([]);
    const child = new OtpChild('child');
    await expect(supervisor.startChild(child, options as never)).rejects.toThrow(says);
    expect([child.starts, ...counts(supervisor)]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('DynamicSupervisor: startChild', () => {
  it('with different returns', async () => {
    const { supervisor } = await startOtp([]);
    const [ok, extra, ignore, error] = ['ok', 'extra', 'ignore', 'error'].map((name) => new OtpChild(name));
    extra!.info = { port: 1935 };
    ignore!.startResult = 'ignore';
    error!.startResult = 'fail';
    const start = (child: OtpChild) => supervisor.startChild(child, { startTimeoutMs, restart: 'temporary' });
    await expect(start(ok!)).resolves.toMatchObject({ name: 'ok', incarnation: 1, info: undefined });
    await expect(start(extra!)).resolves.toMatchObject({ name: 'extra', info: { port: 1935 } });
    await expect((await start(ignore!)).ended).resolves.toMatchObject({ reason: 'ignored' });
    await expect(start(error!)).rejects.toThrow('error cannot start');
    expect(states(supervisor)).toEqual(['ok running', 'extra running']);
  });

  it.each([new Error('oops'), 'oops', undefined])('with throw/error/exit: %s', async (thrown) => {
    const { supervisor } = await startOtp([]);
    const child = { name: 'child', run: () => Promise.reject(thrown) };
    const error = await supervisor.startChild(child, { startTimeoutMs }).catch((reason: unknown) => reason);
    expect(error).toEqual(thrown ?? new Error('child threw undefined'));
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('with max_children', async () => {
    const { supervisor } = await startOtp([], { maxChildren: 1 });
    const first = new OtpChild('first');
    const handle = await supervisor.startChild(first, { restart: 'temporary' });
    await expect(supervisor.startChild(new OtpChild('second'))).rejects.toMatchObject({
      code: 'OVERFLOW_CHILDREN',
      message: "sup has 1 children, limit 1: 'second' was not added",
    });
    await handle.stop();
    await supervisor.startChild(new OtpChild('third'));
    expect(states(supervisor)).toEqual(['third running']);
  });

  it('restarting on init children counted in max_children', async () => {
    const { supervisor, clock } = await startOtp([], { maxChildren: 1, ...slowRestarts });
    const child = new OtpChild('child');
    await supervisor.startChild(child, { startTimeoutMs });
    child.startResult = 'fail';
    child.exit('shutdown');
    await clock.advance(250);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await expect(supervisor.startChild(new OtpChild('other'))).rejects.toMatchObject({
      code: 'OVERFLOW_CHILDREN',
    });
  });

  it('restarting on exit children counted in max_children', async () => {
    const { supervisor, settle } = await startOtp([], { maxChildren: 1 });
    const child = new OtpChild('child');
    await supervisor.startChild(child);
    child.exit('shutdown');
    await settle();
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    await expect(supervisor.startChild(new OtpChild('other'))).rejects.toMatchObject({
      code: 'OVERFLOW_CHILDREN',
    });
  });
});

describe('DynamicSupervisor: restarts', () => {
  it.each([
    {
      restart: 'temporary',
      title: 'temporary child is not restarted regardless of reason',
      active: [0, 0, 0],
    },
    {
      restart: 'transient',
      title: 'transient child is restarted unless normal or shutdown',
      active: [0, 0, 1],
    },
    { restart: 'permanent', title: 'permanent child is restarted regardless of reason', active: [1, 1, 1] },
  ] as const)('$title', async ({ restart, active }) => {
    const kinds: readonly ExitKind[] = ['normal', 'shutdown', 'abnormal'];
    for (const [index, kind] of kinds.entries()) {
      const { supervisor, settle } = await startOtp([]);
      const child = new OtpChild('child');
      await supervisor.startChild(child, { restart, startTimeoutMs });
      child.exit(kind);
      await settle();
      expect(supervisor.count()).toMatchObject({
        active: active[index],
        specs: restart === 'temporary' ? 0 : 1,
      });
    }
  });

  it('child is restarted with different values', async () => {
    const { supervisor, clock } = await startOtp([], slowRestarts);
    const results = ['ok', 'ignore', 'fail', 'never'] as const;
    const children = results.map((result) => [new OtpChild(result), result] as const);
    for (const [child, result] of children) {
      const { info } = await supervisor.startChild(child, { startTimeoutMs });
      child.info = 'more';
      child.startResult = result;
      child.exit('shutdown');
      expect(info).toBeUndefined();
    }
    await clock.advance(150);
    expect(states(supervisor)).toEqual([
      'ok running',
      'ignore finished',
      'fail backing-off',
      'never starting',
    ]);
    expect(counts(supervisor)).toEqual([4, 2, 0, 4]);
  });

  it('child is restarted when trying again', async () => {
    const { supervisor, clock } = await startOtp([], { ...slowRestarts, maxRestarts: 2 });
    const child = new OtpChild('child');
    await supervisor.startChild(child, { startTimeoutMs });
    child.startResult = 'fail';
    child.exit('shutdown');
    await clock.advance(150);
    child.startResult = 'ok';
    await clock.advance(100);
    expect(child).toMatchObject({ starts: 3, alive: true });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it.each([
    { maxRestarts: 1, title: 'child triggers maximum restarts' },
    { maxRestarts: 10, title: 'child triggers maximum intensity when trying again' },
  ])('$title', async ({ maxRestarts }) => {
    const { supervisor, settle, outcome } = await startOtp([], { maxRestarts });
    const child = new OtpChild('child');
    await supervisor.startChild(child, { startTimeoutMs });
    child.startResult = 'fail';
    child.exit('shutdown');
    await settle();
    await expect(outcome).resolves.toMatchObject({ code: 'RESTART_LIMIT' });
    expect(child.starts).toBe(1 + maxRestarts);
  });
});

describe('DynamicSupervisor: terminate', () => {
  const obedient = { stopManner: 'obey', reason: 'stopped' } as const;
  const stubborn = { stopManner: 'busy', reason: 'killed' } as const;

  it.each([
    { title: 'brutal kill', options: { stopTimeoutMs: 0 }, kinds: [stubborn, stubborn, stubborn], tookMs: 0 },
    {
      title: 'infinity shutdown',
      options: { stopTimeoutMs: Infinity },
      kinds: [obedient, obedient, obedient],
      tookMs: 0,
    },
    {
      title: 'integer shutdown',
      options: { stopTimeoutMs: 1_000 },
      kinds: [obedient, obedient, obedient],
      tookMs: 0,
    },
    {
      title: 'expired integer shutdown',
      options: { stopTimeoutMs: 10 },
      kinds: [obedient, stubborn, obedient],
      tookMs: 10,
    },
  ] as const)('terminates children with $title', async ({ options, kinds, tookMs }) => {
    const { children, handles, clock, stop, outcome } = await startThree(options);
    for (const [index, { stopManner }] of kinds.entries()) children[index]!.stopManner = stopManner;
    stop.abort();
    await clock.advance(tookMs);
    await expect(outcome).resolves.toBe('returned');
    const exits = await Promise.all(handles.map(({ ended }) => ended));
    expect(exits.map(({ reason }) => reason)).toEqual(kinds.map(({ reason }) => reason));
    expect(clock.timers).toBe(0);
  });

  it.each([
    { title: 'infinity shutdown and abnormal reason', stopTimeoutMs: Infinity, kind: 'abnormal' },
    { title: 'integer shutdown and abnormal reason', stopTimeoutMs: 1_000, kind: 'abnormal' },
    { title: 'permanent restart and normal reason', stopTimeoutMs: Infinity, kind: 'normal' },
  ] as const)('terminates children with $title', async ({ stopTimeoutMs, kind }) => {
    const { children, handles, clock, stop, outcome } = await startThree({ stopTimeoutMs }, 'parallel');
    for (const child of children) child.stopManner = 'busy'; // They answer in their own way, and later.
    stop.abort();
    await clock.advance(500);
    for (const child of children) child.exit(kind);
    await expect(outcome).resolves.toBe('returned');
    const exits = await Promise.all(handles.map(({ ended }) => ended));
    const error = (index: number) => (kind === 'abnormal' ? { error: `Error: child${index} crashed` } : {});
    expect(exits).toMatchObject([0, 1, 2].map((index) => ({ reason: 'stopped', ...error(index) })));
    expect(children.map(({ starts }) => starts)).toEqual([1, 1, 1]);
  });

  it('terminates with mixed children', async () => {
    const { supervisor, stop, outcome } = await startOtp([]);
    const [polite, brutal] = [new OtpChild('polite'), new OtpChild('brutal')];
    brutal.stopManner = 'busy';
    const handles = [
      await supervisor.startChild(polite, { stopTimeoutMs: Infinity }),
      await supervisor.startChild(brutal, { stopTimeoutMs: 0 }),
    ];
    stop.abort();
    await outcome;
    const exits = await Promise.all(handles.map(({ ended }) => ended));
    expect(exits.map(({ reason }) => reason)).toEqual(['stopped', 'killed']);
  });
});

describe('DynamicSupervisor: terminate_child', () => {
  it.each([
    { title: 'brutal kill', stopTimeoutMs: 0, stopManner: 'busy', reason: 'killed' },
    { title: 'integer shutdown', stopTimeoutMs: 1_000, stopManner: 'obey', reason: 'stopped' },
  ] as const)('terminates child with $title', async ({ stopTimeoutMs, stopManner, reason }) => {
    const { supervisor } = await startOtp([]);
    const child = new OtpChild('child');
    child.stopManner = stopManner;
    const handle = await supervisor.startChild(child, { stopTimeoutMs, restart: 'temporary' });
    await supervisor.stopChild('child');
    await expect(handle.ended).resolves.toMatchObject({ reason });
    await expect(supervisor.stopChild('child')).rejects.toMatchObject({ code: 'CHILD_UNKNOWN' });
    await expect(handle.stop()).resolves.toBeUndefined();
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('terminates restarting child', async () => {
    const { supervisor, clock } = await startOtp([], slowRestarts);
    const child = new OtpChild('child');
    const handle = await supervisor.startChild(child, { startTimeoutMs });
    child.startResult = 'fail';
    child.exit('shutdown');
    await clock.advance(150);
    await handle.stop();
    await expect(handle.stop()).resolves.toBeUndefined();
    supervisor.removeChild('child');
    await expect(supervisor.stopChild('child')).rejects.toMatchObject({ code: 'CHILD_UNKNOWN' });
    await clock.advance(1_000);
    expect(child.starts).toBe(2);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    expect(clock.timers).toBe(0);
  });
});

const slowRestarts = {
  maxRestarts: 40,
  backoff: { delayMs: () => 100, maxDelayMs: () => 100 },
} as const;

async function startThree(options: ChildOptions, stopOrder: 'reverse' | 'parallel' = 'reverse') {
  const run: OtpRun = await startOtp([], { stopOrder });
  const children = [0, 1, 2].map((index) => new OtpChild(`child${index}`));
  const handles = [];
  for (const child of children) handles.push(await run.supervisor.startChild(child, options));
  return { ...run, children, handles };
}
