import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { type Flushable, Flusher } from './flusher.ts';

/** A flusher whose turns a test gives, and viewers that note what happens to them. */
function setUp(coalesceMs = 0) {
  const clock = new ManualClock();
  const turns: (() => void)[] = [];
  const diary: string[] = [];
  const flusher = new Flusher({ coalesceMs, clock, nextTurn: (callback) => void turns.push(callback) });
  const viewer = (name: string, act: () => void = () => {}): Flushable => ({
    flush() {
      diary.push(name);
      act();
    },
    fail: (error) => void diary.push(`${name} failed: ${String(error)}`),
  });
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  return { clock, flusher, viewer, turn, diary };
}

describe('a flusher', () => {
  it('has everybody write once, when the packets of this turn are in', () => {
    const { flusher, viewer, turn, diary } = setUp();
    const [one, two] = [viewer('one'), viewer('two')];
    for (const scheduled of [one, two, one, one]) flusher.schedule(scheduled);
    expect(diary).toEqual([]);
    turn();
    turn();
    expect(diary).toEqual(['one', 'two']);
  });

  it('gives who is scheduled meanwhile a turn of its own', () => {
    const { flusher, viewer, turn, diary } = setUp();
    const again: Flushable = viewer('again', () => flusher.schedule(again));
    flusher.schedule(again);
    turn();
    expect(diary).toEqual(['again']);
    turn();
    expect(diary).toEqual(['again', 'again']);
  });

  it('lets the others write when one throws', () => {
    const { flusher, viewer, turn, diary } = setUp();
    flusher.schedule(
      viewer('bad', () => {
        throw 'no';
      }),
    );
    flusher.schedule(viewer('good'));
    turn();
    expect(diary).toEqual(['bad', 'bad failed: no', 'good']);
  });

  it('does not call who has gone, even in the turn in which it went', () => {
    const { flusher, viewer, turn, diary } = setUp();
    const gone = viewer('gone');
    flusher.schedule(viewer('first', () => flusher.forget(gone)));
    flusher.schedule(gone);
    turn();
    expect(diary).toEqual(['first']);
  });

  it('collects for longer when told to, and leaves no timer when everybody has gone', async () => {
    const { clock, flusher, viewer, diary } = setUp(8);
    const [one, two] = [viewer('one'), viewer('two')];
    flusher.schedule(one);
    await clock.advance(7);
    flusher.schedule(two);
    expect(diary).toEqual([]);
    await clock.advance(1);
    expect(diary).toEqual(['one', 'two']);
    flusher.schedule(one);
    flusher.forget(one);
    expect(clock.timers).toBe(0);
    flusher.schedule(two);
    await clock.advance(8);
    expect(diary).toEqual(['one', 'two', 'two']);
  });
});
