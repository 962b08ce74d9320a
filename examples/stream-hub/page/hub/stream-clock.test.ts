import { expect, it } from 'vitest';

interface StreamClock {
  reset(): void;
  tell(timestampMs: number, wallMs: number): void;
  ageMs(timestampMs: number, wallMs: number): number | null;
  arrived(timestampMs: number, wallMs: number): void;
}

const source: string = new URL('./stream-clock.js', import.meta.url).href;
const { StreamClock } = (await import(source)) as { StreamClock: new () => StreamClock };

it('tells how long ago a packet came in, also across the wrap of the timestamps', () => {
  const clock = new StreamClock();
  expect(clock.ageMs(0, 5_000)).toBeNull();
  clock.tell(0xffff_fff0, 10_000);
  expect(clock.ageMs(0xffff_fff0, 10_200)).toBe(200);
  expect(clock.ageMs(0x10, 10_200)).toBe(168);
});

it('takes a packet that is here before it can have come in for a proof that the server was late to know', () => {
  const clock = new StreamClock();
  clock.tell(1_000, 10_000);
  clock.arrived(2_000, 10_300);
  expect(clock.ageMs(2_000, 10_320)).toBe(20);
  clock.arrived(2_040, 10_900); // A late one proves nothing.
  expect(clock.ageMs(2_040, 10_900)).toBe(560);
});

it('knows nothing before the server tells it, and nothing after a new start', () => {
  const clock = new StreamClock();
  clock.arrived(2_000, 10_300);
  expect(clock.ageMs(2_000, 10_300)).toBeNull();
  clock.tell(1_000, 10_000);
  clock.reset();
  expect(clock.ageMs(2_000, 10_300)).toBeNull();
});
