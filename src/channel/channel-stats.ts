import type { LaneReader } from './lane-reader.ts';
import { type LaneCounter, laneCounters, type StatePage } from './state-page.ts';

/**
 * A moment of a {@link WorkerChannel}. Counts are since the worker started; those of the worker, which are all up to
 * `blockedMs`, begin again at 0 after 2^32 - 1.
 */
export interface WorkerChannelStats {
  /** Items of the data lane that wait in the worker. */
  readonly queuedItems: number;
  /** Bytes that wait in the worker. */
  readonly queuedBytes: number;
  /** Most items that ever waited there. */
  readonly highWaterItems: number;
  /** Most bytes that ever waited there. */
  readonly highWaterBytes: number;
  /** Items that were dropped: the queue was full, or they could not be cloned. */
  readonly droppedItems: number;
  /** Bytes of those. */
  readonly droppedBytes: number;
  /** For how long somebody in the worker waited for room, in ms. */
  readonly blockedMs: number;
  /** Items that have left the worker's queue and not arrived. After the worker's end: what was lost with it. */
  readonly inFlightItems: number;
  /** Items that arrived and wait for the consumer. */
  readonly unreadItems: number;
  /** Items the consumer has taken. */
  readonly takenItems: number;
  /** Items that arrived while the channel closed and nobody was in a loop over `data`. */
  readonly discardedItems: number;
  /** Calls without an answer. */
  readonly pendingCalls: number;
  /** Time since the worker's loop was last seen to turn, in ms. */
  readonly lastBeatAgeMs: number;
}

type LaneStats = Omit<WorkerChannelStats, 'pendingCalls' | 'lastBeatAgeMs'>;

/** The part of the stats that is about the data lane. */
export function readLaneStats(
  page: StatePage,
  reader: Pick<LaneReader<unknown>, 'unread' | 'arrivedTotal' | 'takenTotal' | 'discardedTotal'>,
): LaneStats {
  const counts = Object.fromEntries(laneCounters.map((name) => [name, page.get(name)])) as Readonly<
    Record<LaneCounter, number>
  >;
  const { sentItems, lostItems: _, ...shown } = counts;
  return {
    ...shown,
    inFlightItems: Math.max(0, (sentItems - reader.arrivedTotal) | 0), // The number on the page wraps.
    unreadItems: reader.unread,
    takenItems: reader.takenTotal,
    discardedItems: reader.discardedTotal,
  };
}
