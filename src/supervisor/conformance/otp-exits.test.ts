/**
 * Which ends of a child are followed by a restart. The behaviour is that of Erlang/OTP's supervisor test suite
 * (Apache-2.0); words and code are our own.
 */
import { describe, expect, it } from 'vitest';
import type { RestartType } from '../options.ts';
import { counts, type ExitKind, OtpChild, startOtp, startTimeoutMs, states } from './test-support.ts';

describe('OTP: restart types', () => {
  it('permanent_normal', async () => {
    const { child, diary, supervisor } = await exited('permanent', 'normal');
    expect(diary).toEqual(['child returned', 'child started']);
    expect(child).toMatchObject({ alive: true, mostAlive: 1 });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('transient_normal', async () => {
    const { diary, supervisor } = await exited('transient', 'normal');
    expect(diary).toEqual(['child returned']);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    expect(states(supervisor)).toEqual(['child finished']);
  });

  it('temporary_normal', async () => {
    const { diary, supervisor } = await exited('temporary', 'normal');
    expect(diary).toEqual(['child returned']);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('permanent_shutdown', async () => {
    const { child, diary, supervisor, settle } = await exited('permanent', 'shutdown');
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    child.exit('shutdown');
    await settle();
    expect(diary).toEqual(['child shutdown', 'child started', 'child shutdown', 'child started']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('transient_shutdown', async () => {
    const { child, diary, supervisor, settle } = await exited('transient', 'shutdown');
    expect(states(supervisor)).toEqual(['child finished']);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await expect(supervisor.restartChild('child')).resolves.toMatchObject({ incarnation: 2 });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    child.exit('shutdown');
    await settle();
    expect(diary).toEqual(['child shutdown', 'child started', 'child shutdown']);
    expect(supervisor.health().restartsTotal).toBe(0);
  });

  it('temporary_shutdown', async () => {
    const { child, diary, supervisor, settle } = await exited('temporary', 'shutdown');
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    await supervisor.startChild(child, { restart: 'temporary', startTimeoutMs });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    child.exit('shutdown');
    await settle();
    expect(diary).toEqual(['child shutdown', 'child started', 'child shutdown']);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('permanent_abnormal', async () => {
    const { child, diary, supervisor } = await exited('permanent', 'abnormal');
    expect(diary).toEqual(['child failed', 'child started']);
    expect(child).toMatchObject({ alive: true, mostAlive: 1 });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('transient_abnormal', async () => {
    const { child, diary, supervisor } = await exited('transient', 'abnormal');
    expect(diary).toEqual(['child failed', 'child started']);
    expect(child).toMatchObject({ alive: true, mostAlive: 1 });
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('temporary_abnormal', async () => {
    const { diary, supervisor } = await exited('temporary', 'abnormal');
    expect(diary).toEqual(['child failed']);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });
});

/** A supervisor whose only child, started while it ran as in the suite, has ended by itself. */
async function exited(restart: RestartType, kind: ExitKind) {
  const child = new OtpChild('child');
  const run = await startOtp([]);
  await run.supervisor.startChild(child, { restart, startTimeoutMs });
  run.diary.length = 0;
  child.exit(kind);
  await run.settle();
  return { ...run, child };
}
