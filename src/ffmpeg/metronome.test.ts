import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { Metronome } from './metronome.ts';

it('ticks at fixed distances from its start, until it is stopped', async () => {
  const clock = new ManualClock();
  const ticks: number[] = [];
  const metronome = new Metronome(clock, 1_000, () => ticks.push(clock.nowMs()));
  metronome.start();
  await clock.advance(3_500);
  metronome.stop();
  await clock.advance(3_000);
  expect(ticks).toEqual([1_000, 2_000, 3_000]);
  expect(clock.timers).toBe(0);
});

it('leaves out what it was too late for and keeps the beat', async () => {
  let nowMs = 0;
  const timers: { readonly dueMs: number; readonly callback: () => void }[] = [];
  const lateClock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    setTimer(delayMs: number, callback: () => void) {
      timers.push({ dueMs: nowMs + delayMs, callback });
      return { cancel() {} };
    },
  };
  const metronome = new Metronome(lateClock, 1_000, () => {});
  metronome.start();
  nowMs = 3_400; // The thread was blocked meanwhile.
  timers[0]?.callback();
  expect(timers.map(({ dueMs }) => dueMs)).toEqual([1_000, 4_000]);
});
