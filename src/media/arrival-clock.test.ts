import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { ArrivalClock } from './arrival-clock.ts';

describe('ArrivalClock', () => {
  it('knows nothing before the first packet', () => {
    expect(new ArrivalClock(new ManualClock()).reference()).toBeUndefined();
  });

  it('takes the packet that came earliest for the measure, not those that were held up', async () => {
    const { arrive, reference } = setUp();
    await arrive(0, 1_000);
    await arrive(33, 1_100);
    await arrive(66, 1_100);
    expect(reference()).toEqual({ timestampMs: 66, wallMs: wallStartMs + 1_066 });
  });

  it('follows a publisher whose clock runs slow, within two windows', async () => {
    const { arrive, reference } = setUp();
    for (let step = 0; step <= 600; step++) await arrive(step * 33, step * 34);
    const lateMs = wallStartMs + 600 * 34 - reference()!.wallMs;
    expect(lateMs).toBeLessThanOrEqual(10_000 / 33);
  });

  it('forgets what lies before a pause', async () => {
    const { arrive, reference } = setUp();
    await arrive(0, 0);
    await arrive(40, 20_000); // The timestamps went on where they had stopped.
    expect(reference()).toEqual({ timestampMs: 40, wallMs: wallStartMs + 20_000 });
  });

  it('goes on across the wrap of the timestamps', async () => {
    const { arrive, reference } = setUp();
    await arrive(0xffff_fff0, 100);
    await arrive(0x10, 132);
    expect(reference()).toEqual({ timestampMs: 0x10, wallMs: wallStartMs + 132 });
  });
});

const wallStartMs = 1_000_000;

function setUp() {
  const clock = new ManualClock(wallStartMs);
  const arrivals = new ArrivalClock(clock);
  return {
    async arrive(dtsMs: number, atMs: number): Promise<void> {
      await clock.advance(atMs - clock.nowMs());
      arrivals.note(dtsMs, clock.nowMs());
    },
    reference: () => arrivals.reference(),
  };
}
