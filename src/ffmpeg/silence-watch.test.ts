import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { SilenceWatch } from './silence-watch.ts';

it('tells of silence once the limit is over, counted from what was heard last', async () => {
  const clock = new ManualClock();
  const silences: number[] = [];
  const watch = new SilenceWatch(clock, (limitMs) => silences.push(limitMs));
  watch.expect(100);
  await clock.advance(90);
  watch.heard();
  await clock.advance(99);
  expect(silences).toEqual([]);
  await clock.advance(1);
  expect(silences).toEqual([100]);
  expect(clock.timers).toBe(0);
});

it('follows its latest limit, and none after it was stopped', async () => {
  const clock = new ManualClock();
  const silences: number[] = [];
  const watch = new SilenceWatch(clock, (limitMs) => silences.push(limitMs));
  watch.expect(100);
  watch.expect(300);
  await clock.advance(299);
  expect(silences).toEqual([]);
  watch.stop();
  await clock.advance(1_000);
  expect(silences).toEqual([]);
  expect(clock.timers).toBe(0);
});
