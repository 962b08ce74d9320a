import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { Ring } from './ring.ts';

const none = Number.POSITIVE_INFINITY;

it('keeps no reference to what it evicted, whichever bound it was', async () => {
  const clock = new ManualClock();
  const ring = new Ring<string>({ maxItems: 3, maxBytes: 10, maxAgeMs: 50 }, clock);
  for (const item of ['a', 'b', 'c', 'd']) ring.push(item, 1, false);
  expect([ring.slot(0), ring.slot(1)?.item]).toEqual([undefined, 'b']);
  ring.push('large', 10, false);
  expect([ring.tail, ring.slot(3), ring.bytes]).toEqual([4, undefined, 10]);
  await clock.advance(51);
  ring.expire();
  expect([ring.tail, ring.head, ring.slot(4), ring.bytes]).toEqual([5, 5, undefined, 0]);
});

it('forgets its newest resync point with its item', () => {
  const ring = new Ring<string>({ maxItems: 2, maxBytes: none, maxAgeMs: none }, new ManualClock());
  ring.push('K', 0, true);
  ring.push('a', 0, false);
  expect(ring.newestResync).toBe(0);
  ring.refuse();
  expect(ring.newestResync).toBe(-1);
});
