import { expect, it } from 'vitest';

interface PileUp {
  reset(): void;
  isDue(behindMs: number, nowMs: number): boolean;
}

const source: string = new URL('./pile-up.js', import.meta.url).href;
const { PileUp } = (await import(source)) as { PileUp: new () => PileUp };

it('lets a player catch up by itself for 2 s', () => {
  const pileUp = new PileUp();
  expect(pileUp.isDue(4_000, 0)).toBe(false);
  expect(pileUp.isDue(4_000, 1_999)).toBe(false);
  expect(pileUp.isDue(4_000, 2_000)).toBe(true);
});

it('is due again only after as long a time', () => {
  const pileUp = new PileUp();
  pileUp.isDue(4_000, 0);
  pileUp.isDue(4_000, 2_000);
  expect(pileUp.isDue(4_000, 3_999)).toBe(false);
  expect(pileUp.isDue(4_000, 4_000)).toBe(true);
});

it('forgets what was once the picture is close, and with another stream', () => {
  const pileUp = new PileUp();
  pileUp.isDue(4_000, 0);
  pileUp.isDue(1_999, 1_000);
  expect(pileUp.isDue(4_000, 2_500)).toBe(false);
  pileUp.reset();
  expect(pileUp.isDue(4_000, 5_000)).toBe(false);
});
