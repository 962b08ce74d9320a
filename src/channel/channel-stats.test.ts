import { expect, it } from 'vitest';
import { readLaneStats } from './channel-stats.ts';
import { laneCounters, MemoryPage } from './state-page.ts';

it('tells what is on its way also when the counter of the page has wrapped', () => {
  const page = new MemoryPage();
  page.setLane(Uint32Array.from(laneCounters, (name) => (name === 'sentItems' ? 5 : 0)));
  const reader = { unread: 0, takenTotal: 0, discardedTotal: 0, arrivedTotal: 2 ** 32 + 3 };
  expect(readLaneStats(page, reader).inFlightItems).toBe(2);
  expect(readLaneStats(page, { ...reader, arrivedTotal: 2 ** 32 + 6 }).inFlightItems).toBe(0);
});
