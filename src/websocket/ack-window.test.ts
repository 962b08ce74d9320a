import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckWindow } from './ack-window.ts';
import { type LinkScript, type Simulation, simulateLink } from './fixtures/link-simulation.ts';

const always = (value: number) => () => value;
const mega = 1_000_000;

/** More than any link here carries. */
const flood = (): number[] => new Array<number>(8).fill(16_000);

/** Pictures at 30 a second. */
const pictures = (bitsPerSecond: number) => (atMs: number) =>
  Math.floor((atMs * 30) / 1000) === Math.floor(((atMs - 1) * 30) / 1000)
    ? []
    : [Math.round(bitsPerSecond / 240)];

/** From being sent to arriving: what waits in queues and the link. */
function underWayMs({ arrived }: Simulation, fromMs: number): readonly number[] {
  return arrived
    .filter(({ sentAtMs }) => sentAtMs >= fromMs)
    .map(({ sentAtMs, arrivedAtMs }) => arrivedAtMs - sentAtMs)
    .sort((one, other) => one - other);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

function bitsPerSecond({ arrived }: Simulation, fromMs: number, toMs: number): number {
  const within = arrived.filter(({ arrivedAtMs }) => arrivedAtMs >= fromMs && arrivedAtMs < toMs);
  return (within.reduce((sum, { bytes }) => sum + bytes, 0) * 8_000) / (toMs - fromMs);
}

function simulate(script: Partial<LinkScript>): Simulation {
  return simulateLink(new AckWindow(), {
    durationMs: 15_000,
    bitsPerSecond: always(8 * mega),
    roundTripMs: always(20),
    produce: flood,
    ...script,
  });
}

describe('a window over a full link', () => {
  for (const roundTripMs of [2, 20, 50, 200]) {
    for (const rate of [8 * mega, 50 * mega]) {
      it(`keeps ${rate / mega} Mbit/s busy at a round trip of ${roundTripMs} ms, and the queue short`, () => {
        const run = simulate({ bitsPerSecond: always(rate), roundTripMs: always(roundTripMs) });
        expect(bitsPerSecond(run, 2_000, 15_000)).toBeGreaterThan(0.95 * rate);
        expect(percentile(underWayMs(run, 2_000), 0.5)).toBeLessThan(roundTripMs / 2 + 160);
        expect(percentile(underWayMs(run, 2_000), 0.99)).toBeLessThan(1.5 * roundTripMs + 250);
      });
    }
  }

  it('finds a rate that has become twenty times as high within two seconds', () => {
    const run = simulate({ bitsPerSecond: (atMs) => (atMs < 6_000 ? mega : 20 * mega) });
    expect(bitsPerSecond(run, 8_000, 15_000)).toBeGreaterThan(0.95 * 20 * mega);
  });

  it('finds a rate that has become a tenth, once what was under way has arrived', () => {
    const run = simulate({ bitsPerSecond: (atMs) => (atMs < 6_000 ? 20 * mega : 2 * mega) });
    expect(percentile(underWayMs(run, 9_000), 0.99)).toBeLessThan(500);
    expect(bitsPerSecond(run, 9_000, 15_000)).toBeGreaterThan(0.9 * 2 * mega);
  });

  it('learns that the path has become longer', () => {
    const run = simulate({ roundTripMs: (atMs) => (atMs < 5_000 ? 50 : 400), durationMs: 20_000 });
    expect(bitsPerSecond(run, 12_000, 20_000)).toBeGreaterThan(0.85 * 8 * mega);
  });
});

describe('a window that is larger than what is sent', () => {
  it('holds nothing up, at a round trip of 200 ms either', () => {
    const run = simulate({ roundTripMs: always(200), produce: pictures(4 * mega), durationMs: 30_000 });
    const waitedMs = run.arrived.map(({ producedAtMs, sentAtMs }) => sentAtMs - producedAtMs);
    expect(Math.max(...waitedMs)).toBe(0);
  });

  it('does not grow for nothing', () => {
    const run = simulate({ produce: pictures(2 * mega) });
    expect(Math.max(...run.windowBytes)).toBe(128 << 10);
  });
});

describe('a new window', () => {
  it('lets four seconds of 8 Mbit/s through to a near viewer within 100 ms', () => {
    const group = new Array<number>(120).fill(33_000);
    const produce = (atMs: number) => (atMs === 0 ? group : []);
    const near = { bitsPerSecond: always(1000 * mega), roundTripMs: always(3), durationMs: 500 };
    const run = simulate({ ...near, produce });
    expect(run.arrived.length).toBe(120);
    expect(run.arrived.at(-1)!.arrivedAtMs).toBeLessThan(100);
  });

  it('allows one message however large it is, and no second one', () => {
    const window = new AckWindow();
    expect(window.hasRoom(0)).toBe(true);
    window.send(20 << 20, 0);
    expect(window.hasRoom(0)).toBe(false);
    expect(window.acknowledge(1, 50)).toEqual({ messages: 1, latencyMs: 50, roundTripMs: 50 });
    expect(window.hasRoom(50)).toBe(true);
  });
});

describe('an acknowledgement', () => {
  it('counts the time that the message has waited before it was sent', () => {
    const window = new AckWindow();
    window.send(100, 1_000, 30);
    expect(window.acknowledge(1, 1_012)).toEqual({ messages: 1, latencyMs: 42, roundTripMs: 12 });
  });

  it('may repeat the one before, and may come late for many', () => {
    const window = new AckWindow();
    for (let count = 0; count < 3; count++) window.send(10, count);
    expect(window.acknowledge(0, 3)?.messages).toBe(0);
    expect(window.acknowledge(3, 4)?.messages).toBe(3);
    expect([window.underWayBytes, window.underWayMessages]).toEqual([0, 0]);
  });

  it.each([2, 0xffff_ffff])('of what was never sent, or taken back, is nonsense: %i', (received) => {
    const window = new AckWindow();
    window.send(10, 0);
    expect(window.acknowledge(received, 1)).toBeUndefined();
    expect(window.acknowledge(1, 2)?.messages).toBe(1);
  });
});

type Step =
  | { readonly kind: 'send'; readonly bytes: number }
  | { readonly kind: 'acknowledge'; readonly share: number }
  | { readonly kind: 'wait'; readonly ms: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 3 << 20 }) }),
    fc.record({
      kind: fc.constant('acknowledge' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  ),
  { maxLength: 300 },
);

describe('whatever happens, a window', () => {
  it('knows what is under way, never holds more than its limit and one message, and never blocks for ever', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const window = new AckWindow();
        const underWay: number[] = [];
        const sum = (): number => underWay.reduce((total, bytes) => total + bytes, 0);
        let nowMs = 0;
        let acknowledged = 0;
        for (const step of script) {
          if (step.kind === 'wait') nowMs += step.ms;
          if (step.kind === 'send' && window.hasRoom(nowMs)) {
            expect(sum() < window.windowBytes || underWay.length === 0).toBe(true);
            underWay.push(step.bytes);
            window.send(step.bytes, nowMs);
          }
          if (step.kind === 'acknowledge') {
            const messages = Math.floor(step.share * underWay.length);
            acknowledged += messages;
            underWay.splice(0, messages);
            expect(window.acknowledge(acknowledged, nowMs)?.messages).toBe(messages);
          }
          expect(window.underWayBytes).toBe(sum());
          expect(window.underWayMessages).toBe(underWay.length);
          expect(window.windowBytes).toBeGreaterThanOrEqual(16 << 10);
          expect(window.windowBytes).toBeLessThanOrEqual(8 << 20);
          expect(window.acknowledge(acknowledged + underWay.length + 1, nowMs)).toBeUndefined();
        }
        window.acknowledge(acknowledged + underWay.length, nowMs);
        expect(window.hasRoom(nowMs)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
