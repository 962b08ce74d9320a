import { describe, expect, it } from 'vitest';

interface RetryDelay {
  next(): number;
  reset(): void;
}

const source: string = new URL('./retry-delay.js', import.meta.url).href;
const { RetryDelay } = (await import(source)) as { RetryDelay: new (random: () => number) => RetryDelay };

const take = (delay: RetryDelay, count: number): number[] =>
  Array.from({ length: count }, () => delay.next());

describe('RetryDelay', () => {
  it('doubles its limit up to 8 s', () => {
    const longest = new RetryDelay(() => 1);
    expect(take(longest, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  it('takes any time from 250 ms to the limit', () => {
    expect(take(new RetryDelay(() => 0), 5)).toEqual([250, 250, 250, 250, 250]);
    expect(take(new RetryDelay(() => 0.5), 3)).toEqual([375, 625, 1_125]);
  });

  it('starts from the beginning after a good attempt', () => {
    const delay = new RetryDelay(() => 1);
    take(delay, 5);
    delay.reset();
    expect(delay.next()).toBe(500);
  });
});
