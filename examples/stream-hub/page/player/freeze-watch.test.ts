import { expect, it } from 'vitest';

interface FreezeWatch {
  reset(nowMs: number): void;
  shown(timestampMs: number, nowMs: number): void;
  stillMs(nowMs: number): number;
}

const source: string = new URL('./freeze-watch.js', import.meta.url).href;
const { FreezeWatch } = (await import(source)) as { FreezeWatch: new () => FreezeWatch };

it('counts from the last picture with a time of its own', () => {
  const watch = new FreezeWatch();
  watch.reset(1_000);
  watch.shown(40, 1_010);
  watch.shown(80, 1_050);
  expect(watch.stillMs(1_100)).toBe(50);
});

it('takes pictures that all carry the same time for no motion', () => {
  const watch = new FreezeWatch();
  watch.reset(0);
  for (let nowMs = 0; nowMs <= 4_000; nowMs += 40) watch.shown(7, nowMs);
  expect(watch.stillMs(4_000)).toBe(4_000);
});

it('starts anew for another stream, also with the time that was shown last', () => {
  const watch = new FreezeWatch();
  watch.shown(7, 10);
  watch.reset(5_000);
  watch.shown(7, 5_100);
  expect(watch.stillMs(5_150)).toBe(50);
});
