import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PictureTimeline } from './picture-timeline.ts';

describe('PictureTimeline', () => {
  it('counts from 0 by the times of arrival when the sender tells none', () => {
    expect(place([5_000], [5_033.4], [5_100])).toEqual([0, 33, 100]);
  });

  it('takes the differences of the sender, whatever the way adds and whatever it counts from', () => {
    expect(place([100, 7_000_000], [190, 7_000_033], [191, 7_000_066], [230, 7_000_100])).toEqual([
      0, 33, 66, 100,
    ]);
    expect(place([100, -500], [190, -400], [300, -350.4])).toEqual([0, 100, 150]);
  });

  it('always grows, also when pictures come at the same moment', () => {
    expect(place([0], [0], [0], [10], [10])).toEqual([0, 1, 2, 10, 11]);
    expect(place([0, 5], [0, 5], [1, 5], [50, 5])).toEqual([0, 1, 2, 50]);
  });

  it.each([
    { name: 'goes back', second: 4_000 },
    { name: 'stands still', second: 5_000 },
    { name: 'leaps ahead', second: 5_000 + 3_600_000 },
    { name: 'is 2 s ahead', second: 7_041 },
  ])(
    'goes by arrival when the clock of the sender $name, and by its differences again after that',
    ({ second }) => {
      expect(place([0, 5_000], [40, second], [95, second + 40], [140, second + 80])).toEqual([
        0, 40, 80, 120,
      ]);
    },
  );

  it('stays with the sender while that is at most 2 s away', () => {
    expect(place([0, 5_000], [40, 7_040], [95, 7_080])).toEqual([0, 2_040, 2_080]);
  });

  it('goes by arrival for a picture without a time among others', () => {
    expect(place([0, 50], [40], [80, 130], [125], [160, 210])).toEqual([0, 40, 80, 125, 160]);
  });

  it('grows by whole numbers and stays within 2 s of the arrival, whatever the sender says', () => {
    const sent = fc.option(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), sent), { minLength: 1 }), (steps) => {
        const timeline = new PictureTimeline();
        let nowMs = 1_000;
        let lastMs = -1;
        for (const [stepMs, sentMs] of steps) {
          nowMs += stepMs;
          const ms = timeline.place(nowMs, sentMs);
          expect(Number.isInteger(ms) && ms > lastMs).toBe(true);
          expect(Math.abs(ms - (nowMs - 1_000 - (steps[0]?.[0] ?? 0)))).toBeLessThanOrEqual(
            2_001 + steps.length,
          );
          lastMs = ms;
        }
      }),
    );
  });
});

function place(...pictures: readonly (readonly [number, number?])[]): number[] {
  const timeline = new PictureTimeline();
  return pictures.map(([arrivedAtMs, sentMs]) => timeline.place(arrivedAtMs, sentMs));
}
