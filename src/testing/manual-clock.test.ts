import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('ManualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new ManualClock(1_000);
    await clock.settle();
    expect([clock.nowMs(), clock.wallMs()]).toEqual([0, 1_000]);
    await clock.advance(250);
    await clock.advance(250);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([500, 1_500]);
  });

  it('fires timers at their moments, in order of time and then of setting', async () => {
    const { clock, diary, set } = withDiary();
    set(30, 'c');
    set(10, 'a');
    set(30, 'd');
    set(20, 'b');
    await clock.advance(29);
    expect(diary).toEqual(['a at 10', 'b at 20']);
    await clock.advance(1);
    expect(diary).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30']);
    expect(clock.timers).toBe(0);
  });

  it('fires a timer that a timer sets, when its moment lies within the move', async () => {
    const { clock, diary, set } = withDiary();
    set(10, 'outer', () => {
      set(5, 'inner');
      set(100, 'later');
      set(0, 'at once');
    });
    await clock.advance(20);
    expect(diary).toEqual(['outer at 10', 'at once at 10', 'inner at 15']);
    expect(clock.timers).toBe(1);
  });

  it('lets promises settle between two timers', async () => {
    const { clock, diary, set } = withDiary();
    set(10, 'a', async () => {
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
      diary.push('a has settled');
      set(5, 'c');
    });
    set(20, 'b');
    await clock.advance(20);
    expect(diary).toEqual(['a at 10', 'a has settled', 'c at 15', 'b at 20']);
  });

  it('sees a timer that is set by a promise that settles before the move', async () => {
    const { clock, diary, set } = withDiary();
    void Promise.resolve().then(() => set(10, 'a'));
    await clock.advance(10);
    expect(diary).toEqual(['a at 10']);
  });

  it('does not fire a timer that was cancelled, before or by another timer', async () => {
    const { clock, diary, set } = withDiary();
    set(10, 'a').cancel();
    const doomed = set(20, 'b');
    set(15, 'c', () => doomed.cancel());
    await clock.advance(100);
    expect(diary).toEqual(['c at 15']);
    expect(clock.timers).toBe(0);
    doomed.cancel();
    expect(clock.timers).toBe(0);
  });

  it('takes a negative delay for none', async () => {
    const { clock, diary, set } = withDiary();
    set(-5, 'a');
    await clock.advance(0);
    expect(diary).toEqual(['a at 0']);
  });
});

function withDiary() {
  const clock = new ManualClock();
  const diary: string[] = [];
  const set = (delayMs: number, name: string, then: () => void = () => {}) =>
    clock.setTimer(delayMs, () => {
      diary.push(`${name} at ${clock.nowMs()}`);
      then();
    });
  return { clock, diary, set };
}
