/**
 * What a supervisor keeps of temporary children: nothing. The behaviour is that of Erlang/OTP's supervisor test suite
 * (Apache-2.0); words and code are our own.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { runAlone } from '../../core/service.ts';
import type { ChildOptions, RestartStrategy, SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';
import { type ExitKind, OtpChild } from './test-support.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const childCount = 100;
const strategies: readonly (Partial<SupervisorOptions> & { readonly strategy: RestartStrategy })[] = [
  { strategy: 'one-for-one', stopOrder: 'reverse' },
  { strategy: 'one-for-all', stopOrder: 'reverse' },
  { strategy: 'rest-for-one', stopOrder: 'reverse' },
  { strategy: 'one-for-one', stopOrder: 'parallel' },
];

describe('OTP: memory', () => {
  it.each(strategies)(
    'do_not_save_start_parameters_for_temporary_children ($strategy, $stopOrder)',
    async (options) => {
      const supervisor = new Supervisor({ name: 'sup', ...options });
      const stop = new AbortController();
      const outcome = runAlone(supervisor, stop.signal);
      const permanent = new OtpChild('permanent');
      await supervisor.startChild(permanent);
      const refs = await startAndEnd(supervisor);
      await collect();
      expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
      expect(supervisor.children().map(({ name }) => name)).toEqual(['permanent']);
      stop.abort();
      await outcome;
    },
  );

  it('do_not_save_start_parameters_for_temporary_children: nor their options while they live', async () => {
    const supervisor = new Supervisor({ name: 'sup' });
    const stop = new AbortController();
    const outcome = runAlone(supervisor, stop.signal);
    const { service, options } = await startOne(supervisor, 'child');
    await collect();
    expect(options.deref()).toBeUndefined();
    expect(service.deref()).toMatchObject({ name: 'child', alive: true });
    stop.abort();
    await outcome;
  });

  it('do_not_save_start_parameters_for_temporary_children: nor of those that could not start', async () => {
    const supervisor = new Supervisor({ name: 'sup' });
    const stop = new AbortController();
    const outcome = runAlone(supervisor, stop.signal);
    const ref = await failToStart(supervisor);
    await collect();
    expect(ref.deref()).toBeUndefined();
    stop.abort();
    await outcome;
  });
});

interface Started {
  readonly service: WeakRef<OtpChild>;
  readonly options: WeakRef<ChildOptions>;
  readonly ended: Promise<unknown>;
}

// Whatever a test keeps of a child stays in a function of its own, or its frame would keep the child alive.
async function startOne(supervisor: Supervisor, name: string): Promise<Started> {
  const service = new OtpChild(name);
  const options: ChildOptions = { restart: 'temporary' };
  const { ended } = await supervisor.startChild(service, options);
  return { service: new WeakRef(service), options: new WeakRef(options), ended };
}

async function failToStart(supervisor: Supervisor): Promise<WeakRef<OtpChild>> {
  const service = new OtpChild('broken');
  service.startResult = 'fail';
  await expect(supervisor.startChild(service, { startTimeoutMs: 1_000 })).rejects.toThrow('cannot start');
  return new WeakRef(service);
}

const endings: readonly (ExitKind | 'by request')[] = ['abnormal', 'normal', 'shutdown', 'by request'];

async function startAndEnd(supervisor: Supervisor): Promise<WeakRef<object>[]> {
  const refs: WeakRef<object>[] = [];
  for (let index = 0; index < childCount; index++) {
    const started = await startOne(supervisor, `child${index}`);
    await endBy(supervisor, started, endings[index % endings.length]!);
    refs.push(started.service, started.options);
  }
  return refs;
}

async function endBy(
  supervisor: Supervisor,
  { service, ended }: Started,
  end: ExitKind | 'by request',
): Promise<void> {
  const child = service.deref();
  if (child === undefined) throw new Error('a running child was collected');
  if (end === 'by request') await supervisor.stopChild(child.name);
  else child.exit(end);
  await ended;
}

/** Collects garbage when nothing that was awaited is on the stack any more. */
async function collect(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
}
