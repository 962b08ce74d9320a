/** An item that is kept for those who join later. */
export interface RetainedEntry<T> {
  readonly key: string;
  readonly item: T;
  readonly size: number;
  /** Number of the item in the ring; tells whether a subscriber has had it. */
  readonly sequence: number;
}

/**
 * What was retained at one moment, in order of publication. Never changed: each place in the ring refers to the state
 * before its item, so that nobody gets a header from the future.
 */
export type RetainedSnapshot<T> = readonly RetainedEntry<T>[];

/** Most keys a fanout retains items for. A media stream needs a handful; a key per item would be a leak. */
const maxRetainedKeys = 64;

/**
 * The snapshot with `entry` in place of its key's older one. When there are too many keys or bytes the key is left out
 * instead: no header is better than an outdated one.
 */
export function withRetained<T>(
  snapshot: RetainedSnapshot<T>,
  entry: RetainedEntry<T>,
  maxBytes: number,
): RetainedSnapshot<T> {
  const others = snapshot.filter(({ key }) => key !== entry.key);
  const bytes = others.reduce((sum, { size }) => sum + size, entry.size);
  return others.length < maxRetainedKeys && bytes <= maxBytes ? [...others, entry] : others;
}
