import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { publishAll, streamOf } from './test-support.ts';

const stepMs = 100;

/**
 * Joins a stream 900 ms after its keyframe with a lag limit of 200 ms, and takes so many items for each that comes in.
 * Keyframes follow each other by 2 s.
 */
async function joinLate(takes: number, steps: number) {
  const clock = new ManualClock();
  const fanout = streamOf({ clock });
  const publish = async (index: number): Promise<void> => {
    publishAll(fanout, `${index % 20 ? 'p' : 'K'}${index}`);
    await clock.advance(stepMs);
  };
  for (let index = 0; index < 10; index++) await publish(index);
  const subscription = fanout.subscribe({ maxLag: { ms: 2 * stepMs } });
  for (let index = 10; index < 10 + steps; index++) {
    for (let count = 0; count < takes; count++) subscription.read();
    await publish(index);
  }
  return subscription.stats();
}

describe('the backlog that a subscriber joins with', () => {
  it('is no lag while it is worked off', async () => {
    const { missed, lagMs } = await joinLate(2, 60);
    expect([missed, lagMs]).toEqual([0, stepMs]);
  });

  it('is lag when it has not been worked off in twice its time: nobody stays behind by it for ever', async () => {
    expect(await joinLate(1, 3)).toMatchObject({ gaps: 0, missed: 0, lagMs: 10 * stepMs });
    const { gaps, lagMs } = await joinLate(1, 60);
    expect(gaps).toBe(1);
    expect(lagMs).toBeLessThanOrEqual(3 * stepMs);
  });
});
