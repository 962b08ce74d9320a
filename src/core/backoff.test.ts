import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ExponentialBackoffOptions, exponentialBackoff } from './backoff.ts';

const delays = (options: ExponentialBackoffOptions, count: number): number[] =>
  Array.from({ length: count }, (_, retry) => exponentialBackoff(options).delayMs(retry));

describe('exponentialBackoff', () => {
  it('retries at once, then after the base, then waits longer and longer up to the ceiling', () => {
    expect(delays({ jitter: 'none', baseMs: 100, maxMs: 1_000 }, 7)).toEqual([
      0, 100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('has the defaults that its options promise', () => {
    const backoff = exponentialBackoff();
    expect([1, 2, 100].map((retry) => backoff.maxDelayMs(retry))).toEqual([100, 200, 30_000]);
  });

  it('draws each delay evenly from 0 up to the longest', () => {
    expect(delays({ random: () => 0 }, 4)).toEqual([0, 0, 0, 0]);
    expect(delays({ random: () => 0.5 }, 4)).toEqual([0, 50, 100, 200]);
  });

  it('never waits longer than the longest delay, however often it retries', () => {
    const bounds = fc.record({
      baseMs: fc.integer({ min: 0, max: 1_000 }),
      factor: fc.double({ min: 1, max: 1e9, noNaN: true }),
      maxMs: fc.integer({ min: 1_000, max: 1e6 }),
    });
    fc.assert(
      fc.property(bounds, fc.nat(5_000), (options, retry) => {
        const backoff = exponentialBackoff(options);
        expect(backoff.maxDelayMs(retry)).toBeLessThanOrEqual(options.maxMs);
        expect(backoff.delayMs(retry)).toBeLessThanOrEqual(backoff.maxDelayMs(retry));
        expect(backoff.maxDelayMs(retry)).toBeLessThanOrEqual(backoff.maxDelayMs(retry + 1));
      }),
    );
  });

  it('stays at 0 with a base of 0', () => {
    expect(exponentialBackoff({ baseMs: 0, jitter: 'none' }).delayMs(2_000)).toBe(0);
  });

  it.each([
    { options: { baseMs: -1 }, says: /baseMs must be .* from 0 .* got -1/ },
    { options: { baseMs: 500, maxMs: 499 }, says: /maxMs must be .* from 500 .* got 499/ },
    { options: { factor: 0.5 }, says: /factor must be .* at least 1, got 0.5/ },
    { options: { factor: Number.NaN }, says: /factor .* got NaN/ },
    { options: { factor: '2' }, says: /factor .* got '2'/ },
    { options: { jitter: 'half' }, says: /jitter must be one of 'full', 'none', got 'half'/ },
    { options: { random: 0.5 }, says: /random must be a function, got 0.5/ },
    { options: { base: 10 }, says: /no option 'base'/ },
  ])('refuses $options', ({ options, says }) => {
    const make = (): unknown => exponentialBackoff(options as never);
    expect(make).toThrow(says);
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
