/**
 * In which order children start and stop, and what is left of them. The behaviour is that of Erlang/OTP's supervisor test
 * suite (Apache-2.0); words and code are our own.
 */
import { describe, expect, it } from 'vitest';
import type { RestartStrategy, RestartType } from '../options.ts';
import { type ExitKind, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

const strategies: readonly RestartStrategy[] = ['one-for-all', 'one-for-one', 'rest-for-one'];
const ends = ['abnormal', 'normal', 'shutdown', 'by request'] as const;

describe('OTP: order and bookkeeping', () => {
  it('order_of_children', async () => {
    // Names that no sorting would leave in this order.
    const names = ['ch7', 'ch3', 'ch10', 'ch2', 'ch5'];
    const children = names.map((name) => new OtpChild(name));
    const { supervisor, diary, settle, stop, outcome } = await startOtp(children, {
      strategy: 'rest-for-one',
    });
    expect(diary).toEqual(names.map((name) => `${name} started`));
    expect(supervisor.children().map(({ name }) => name)).toEqual(names);

    diary.length = 0;
    children[2]!.exit('abnormal');
    await settle();
    expect(diary).toEqual([
      ...['ch10 failed', 'ch5 stopped', 'ch2 stopped'],
      ...['ch10 started', 'ch2 started', 'ch5 started'],
    ]);
    expect(supervisor.children().map(({ name }) => name)).toEqual(names);

    diary.length = 0;
    stop.abort();
    await outcome;
    expect(diary).toEqual(['ch5 stopped', 'ch2 stopped', 'ch10 stopped', 'ch3 stopped', 'ch7 stopped']);
  });

  const cases = strategies.flatMap((strategy) => ends.map((end) => ({ strategy, end })));

  it.each(cases)(
    'do_not_save_child_specs_for_temporary_children ($strategy, $end)',
    async ({ strategy, end }) => {
      expect(await secondStart(strategy, end, 'permanent')).toBe(
        end === 'by request' ? 'restarted by hand' : 'running already',
      );
      expect(await secondStart(strategy, end, 'transient')).toBe(
        end === 'abnormal' ? 'running already' : 'restarted by hand',
      );
      expect(await secondStart(strategy, end, 'temporary')).toBe('started anew');
    },
  );

  it.each(['one-for-all', 'rest-for-one'] as const)('temporary_bystander (%s)', async (strategy) => {
    const permanent = new OtpChild('permanent');
    const temporary = new OtpChild('temporary');
    const { supervisor, settle, diary } = await startOtp([permanent, [temporary, { restart: 'temporary' }]], {
      strategy,
      maxRestarts: 1,
    });
    diary.length = 0;
    permanent.exit('abnormal');
    await settle();
    expect(diary).toEqual(['permanent failed', 'temporary stopped', 'permanent started']);
    expect(states(supervisor)).toEqual(['permanent running']);
    expect(supervisor.health()).toMatchObject({ state: 'running', restartsInWindow: 1 });
  });
});

/** What becomes of `startChild` with a child that has ended. */
async function secondStart(
  strategy: RestartStrategy,
  end: ExitKind | 'by request',
  restart: RestartType,
): Promise<string> {
  const child = new OtpChild('child');
  const { supervisor, settle } = await startOtp([], { strategy });
  await supervisor.startChild(child, { restart, startTimeoutMs });
  if (end === 'by request') await supervisor.stopChild('child');
  else child.exit(end);
  await settle();
  const again = await supervisor.startChild(child, { restart, startTimeoutMs }).catch((error) => error.code);
  if (again !== 'CHILD_EXISTS') return again.incarnation === 1 ? 'started anew' : 'unexpected';
  if (supervisor.child('child').state === 'running') return 'running already';
  await supervisor.restartChild('child');
  return supervisor.child('child').state === 'running' ? 'restarted by hand' : 'unexpected';
}
