/** What the writer does with an item when its queue is full. */
export type LaneOverflow =
  /** `write` waits for room; `tryWrite` refuses. */
  | 'block'
  /** The oldest waiting items make room. */
  | 'drop-oldest'
  /** The item itself is dropped. */
  | 'drop-newest';

/** The bounds of a data lane. */
export interface LaneLimits {
  /** Items that may wait in the worker. */
  readonly capacity: number;
  /** Bytes that may wait in the worker. */
  readonly maxBytes: number;
  /** Items that may be on their way or unread in the parent. */
  readonly windowItems: number;
  /** Bytes that may be on their way or unread in the parent. */
  readonly windowBytes: number;
  readonly overflow: LaneOverflow;
}
