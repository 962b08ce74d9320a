import { describe, expect, it } from 'vitest';

interface ServerClock {
  readonly roundTripMs: number | null;
  sample(sentAtMs: number, answeredAtMs: number, wallMs: number): void;
  wallMs(nowMs: number): number | null;
}

const source: string = new URL('./server-clock.js', import.meta.url).href;
const { ServerClock, timestampDifferenceMs } = (await import(source)) as {
  ServerClock: new () => ServerClock;
  timestampDifferenceMs(fromMs: number, toMs: number): number;
};

describe('ServerClock', () => {
  it('knows nothing before the first answered ping', () => {
    expect(new ServerClock()).toMatchObject({ roundTripMs: null });
    expect(new ServerClock().wallMs(5)).toBeNull();
  });

  it('takes the middle of the round trip for the moment of the answer', () => {
    const clock = new ServerClock();
    clock.sample(100, 140, 5_000);
    expect(clock.wallMs(120)).toBe(5_000);
    expect(clock.roundTripMs).toBe(40);
  });

  it('believes the shortest round trip, whenever it was', () => {
    const clock = new ServerClock();
    clock.sample(0, 300, 10_290); // The way there took 290 ms and the way back 10 ms.
    clock.sample(400, 404, 10_402);
    clock.sample(500, 700, 10_505);
    expect(clock.wallMs(1_000)).toBe(11_000);
  });

  it('forgets what is older than two minutes, because clocks drift', () => {
    const clock = new ServerClock();
    clock.sample(0, 2, 1);
    clock.sample(130_000, 130_050, 130_125);
    expect(clock.wallMs(130_025)).toBe(130_125);
  });

  it('ignores an answer that came before its question', () => {
    const clock = new ServerClock();
    clock.sample(10, 5, 1);
    clock.sample(Number.NaN, 5, 1);
    expect(clock.roundTripMs).toBeNull();
  });
});

describe('timestampDifferenceMs', () => {
  it.each([
    { from: 10, to: 50, difference: 40 },
    { from: 50, to: 10, difference: -40 },
    { from: 0xffff_fff0, to: 16, difference: 32 },
    { from: 16, to: 0xffff_fff0, difference: -32 },
  ])('is $difference from $from to $to', ({ from, to, difference }) => {
    expect(timestampDifferenceMs(from, to)).toBe(difference);
  });
});
