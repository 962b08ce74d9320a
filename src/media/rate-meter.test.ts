import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.ts';

describe('RateMeter', () => {
  it('says 0 before the first note and while it knows less than 200 ms', () => {
    const meter = new RateMeter();
    expect(meter.perSecond(5_000)).toBe(0);
    meter.add(5_000, 10);
    expect(meter.perSecond(5_199)).toBe(0);
    expect(meter.perSecond(5_200)).toBe(50);
  });

  it('measures a steady rate, whenever it began and whenever it is asked', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 400, max: 20_000 }), (startMs, durationMs) => {
        const meter = new RateMeter();
        for (let atMs = startMs; atMs < startMs + durationMs; atMs += 20) meter.add(atMs, 1);
        const rate = meter.perSecond(startMs + durationMs);
        expect(rate).toBeGreaterThanOrEqual(50 - 3);
        expect(rate).toBeLessThanOrEqual(50 + 3);
      }),
    );
  });

  it('forgets what is older than two seconds', () => {
    const meter = new RateMeter();
    meter.add(0, 1_000);
    meter.add(1_900, 18);
    expect(meter.perSecond(2_000)).toBeCloseTo(18 / 1.8);
    expect(meter.perSecond(3_900)).toBe(0);
  });

  it('finds its way after a long pause', () => {
    const meter = new RateMeter();
    meter.add(0, 1_000);
    meter.add(1e9, 50);
    expect(meter.perSecond(1e9 + 100)).toBeCloseTo(50 / 1.9);
  });
});
