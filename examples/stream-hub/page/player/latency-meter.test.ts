import { expect, it } from 'vitest';

interface LatencyMeter {
  reset(): void;
  add(latencyMs: number, nowMs: number): void;
  medianMs(nowMs: number): number | null;
}

const source: string = new URL('./latency-meter.js', import.meta.url).href;
const { LatencyMeter } = (await import(source)) as { LatencyMeter: new () => LatencyMeter };

it('is not moved by one picture that stumbled', () => {
  const meter = new LatencyMeter();
  for (let nowMs = 0; nowMs <= 1_000; nowMs += 33) meter.add(nowMs === 990 ? 818 : 21, nowMs);
  expect(meter.medianMs(1_000)).toBe(21);
});

it('follows within half a second when the pictures of a viewer that joined have caught up', () => {
  const meter = new LatencyMeter();
  meter.add(1_900, 0);
  meter.add(900, 30);
  for (let nowMs = 60; nowMs <= 200; nowMs += 33) meter.add(25, nowMs);
  expect(meter.medianMs(200)).toBe(25);
});

it('takes the newest picture where there are few', () => {
  const meter = new LatencyMeter();
  meter.add(2_000, 0);
  meter.add(30, 2_000);
  expect(meter.medianMs(2_000)).toBe(30);
});

it('knows nothing of a picture that stands, and nothing after a new start', () => {
  const meter = new LatencyMeter();
  expect(meter.medianMs(0)).toBeNull();
  meter.add(20, 0);
  expect([meter.medianMs(2_999), meter.medianMs(3_000)]).toEqual([20, null]);
  meter.reset();
  expect(meter.medianMs(1)).toBeNull();
});
