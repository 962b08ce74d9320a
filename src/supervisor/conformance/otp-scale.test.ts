/**
 * Many children. The behaviour is that of Erlang/OTP's supervisor test suite (Apache-2.0), its bounds included; words and
 * code are our own.
 */
import { describe, expect, it } from 'vitest';
import { runAlone } from '../../core/service.ts';
import type { ChildOptions, SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { counts, OtpChild } from './test-support.ts';

const aMinute = 60_000;

describe('OTP: scale', () => {
  it('count_children', async () => {
    const { supervisor, stop, outcome } = running();
    const first = await startDynamic(supervisor, named(1_000));
    expect(counts(supervisor)).toEqual([1_000, 1_000, 0, 1_000]);
    const second = await startDynamic(supervisor, named(1_000, 'other'));
    expect(counts(supervisor)).toEqual([2_000, 2_000, 0, 2_000]);
    expect(supervisor.children().map(({ name }) => name)).toEqual(
      [...first, ...second].map(({ name }) => name),
    );
    for (const { child } of [...first, ...second]) child.exit('abnormal');
    await Promise.all([...first, ...second].map(({ ended }) => ended));
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    stop.abort();
    await outcome;
  });

  it('count_children_supervisor', async () => {
    const { supervisor, stop, outcome } = running();
    const nested = named(2_000).map(({ name }) => new Supervisor({ name }));
    const handles = [];
    for (const child of nested)
      handles.push(await supervisor.startChild(child, { restart: 'temporary', startTimeoutMs: aMinute }));
    expect(counts(supervisor)).toEqual([2_000, 2_000, 2_000, 0]);
    expect(supervisor.children().every(({ isSupervisor }) => isSupervisor)).toBe(true);
    for (const child of nested) await child[Symbol.asyncDispose]();
    await Promise.all(handles.map(({ ended }) => ended));
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    stop.abort();
    await outcome;
  });

  it(
    'simple_one_for_one_scale_many_temporary_children',
    async () => {
      const { supervisor, stop, outcome } = running();
      const stopAll = async (count: number): Promise<number> => {
        const handles = await startDynamic(supervisor, named(count));
        return await timed(async () => {
          for (const handle of handles) await handle.stop();
        });
      };
      const fewMs = await stopAll(1_000);
      const manyMs = await stopAll(10_000);
      expect(supervisor.count().specs).toBe(0);
      expect(manyMs / fewMs).toBeLessThan(50);
      stop.abort();
      await outcome;
    },
    aMinute,
  );

  it.each([
    { name: 'each starts at once', many: 100_000, options: {} },
    { name: 'each waits for the one before it', many: 10_000, options: { startTimeoutMs: aMinute } },
  ])(
    'scale_start_stop_many_children ($name)',
    async ({ many, options }) => {
      const few = 1_000;
      const [small, big] = [await startAndStop(few, options), await startAndStop(many, options)];
      const limit = (many / few) * 10;
      expect(big.startMs / small.startMs).toBeLessThan(limit);
      expect(big.stopMs / small.stopMs).toBeLessThan(limit);
    },
    aMinute,
  );

  it(
    'waits for the last of many significant children at the same cost each',
    async () => {
      const fewMs = await endAllSignificant(1_000);
      const manyMs = await endAllSignificant(10_000);
      expect(manyMs / fewMs).toBeLessThan(50);
    },
    aMinute,
  );
});

function named(count: number, prefix = 'child'): OtpChild[] {
  return Array.from({ length: count }, (_, index) => new OtpChild(`${prefix}${index}`));
}

function running(options: Partial<SupervisorOptions> = {}) {
  const supervisor = new Supervisor({ name: 'sup', ...options });
  const stop = new AbortController();
  return { supervisor, stop, outcome: runAlone(supervisor, stop.signal) };
}

async function startDynamic(supervisor: Supervisor, children: readonly OtpChild[]) {
  const started = [];
  for (const child of children)
    started.push({ child, ...(await supervisor.startChild(child, { restart: 'temporary' })) });
  return started;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Runs a supervisor until all its children are up. */
async function up(
  children: readonly OtpChild[],
  childOptions: ChildOptions,
  options: Partial<SupervisorOptions>,
) {
  const supervisor = new Supervisor({ name: 'sup', ...options });
  for (const child of children) supervisor.add(child, childOptions);
  const stop = new AbortController();
  const isUp = Promise.withResolvers<void>();
  const outcome = supervisor.run({ signal: stop.signal, ready: () => isUp.resolve() });
  await isUp.promise;
  return { supervisor, stop, outcome };
}

async function startAndStop(count: number, options: ChildOptions) {
  const children = named(count);
  let run: Awaited<ReturnType<typeof up>> | undefined;
  const startMs = await timed(async () => {
    run = await up(children, options, {});
  });
  expect(run?.supervisor.count().active).toBe(count);
  const stopMs = await timed(async () => {
    run?.stop.abort();
    await run?.outcome;
  });
  expect(children.some(({ alive }) => alive)).toBe(false);
  return { startMs, stopMs };
}

/** How long it takes until the supervisor has ended after all of its children have, the first one first. */
async function endAllSignificant(count: number): Promise<number> {
  const children = named(count);
  const { outcome } = await up(
    children,
    { restart: 'transient', significant: true },
    { autoShutdown: 'all-significant' },
  );
  return await timed(async () => {
    for (const child of children) child.exit('normal');
    await outcome;
  });
}
