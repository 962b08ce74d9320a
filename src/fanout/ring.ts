import type { Clock } from '../core/clock.ts';
import type { RetainedSnapshot } from './retained.ts';
import type { SubscriptionEnd } from './types.ts';

/** One place in the ring. */
interface RingSlot<T> {
  /** `undefined` marks an item that was refused: its number is taken, and everybody has a gap of one here. */
  readonly item: T | undefined;
  readonly size: number;
  /** What was published before this item, in bytes: the difference of two is what lies between. */
  readonly bytesBefore: number;
  readonly atMs: number;
  /** What was retained before this item. */
  readonly before: RetainedSnapshot<T>;
}

/** `Infinity` stands for no bound. */
interface RingBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/**
 * Numbered items within bounds of count, bytes and age. Writing overwrites the oldest and asks nobody: readers find out
 * by comparing their own position with `tail`.
 */
export class Ring<T> {
  readonly #bounds: RingBounds;
  readonly #clock: Clock;
  readonly #slots: (RingSlot<T> | undefined)[];
  readonly #mask: number;
  #head = 0;
  #tail = 0;
  #bytes = 0;
  #bytesEver = 0;
  #newestResync = -1;
  /** What is retained as of `head`. */
  retained: RetainedSnapshot<T> = [];
  /** Set when nothing will follow. */
  end: SubscriptionEnd | undefined;

  constructor(bounds: RingBounds, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
    const capacity = 2 ** Math.ceil(Math.log2(bounds.maxItems)); // A power of two, so that a mask replaces the division.
    this.#slots = new Array<RingSlot<T> | undefined>(capacity).fill(undefined);
    this.#mask = capacity - 1;
  }

  /** Number of the next item. */
  get head(): number {
    return this.#head;
  }

  /** Number of the oldest item; equals `head` when the ring is empty. */
  get tail(): number {
    return this.#tail;
  }

  /** What the items add up to. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of the newest resync point in the ring, -1 when it holds none. */
  get newestResync(): number {
    return this.#newestResync >= this.#tail ? this.#newestResync : -1;
  }

  /** The time that ages count to. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** The slot of a number; only numbers from `tail` up to `head` have one. */
  slot(sequence: number): RingSlot<T> | undefined {
    return this.#slots[sequence & this.#mask];
  }

  /** What was retained right before the item of that number, which may be `head`. */
  retainedBefore(sequence: number): RetainedSnapshot<T> {
    return sequence < this.#head ? this.slot(sequence)!.before : this.retained;
  }

  /** Age of the item of that number in ms; 0 at `head`, where there is none yet. */
  ageMs(sequence: number): number {
    return sequence < this.#head ? this.#clock.nowMs() - this.slot(sequence)!.atMs : 0;
  }

  /** What the items from that number on add up to. */
  bytesFrom(sequence: number): number {
    return sequence < this.#head ? this.#bytesEver - this.slot(sequence)!.bytesBefore : 0;
  }

  /** Adds an item that is no larger than `maxBytes`, evicting what does not fit beside it. Returns its number. */
  push(item: T, size: number, isResyncPoint: boolean): number {
    if (isResyncPoint) this.#newestResync = this.#head;
    return this.#write(item, size);
  }

  /** Uses up a number for an item that is not taken in. */
  refuse(): number {
    return this.#write(undefined, 0);
  }

  /** Evicts what is too old. */
  expire(): void {
    if (this.#bounds.maxAgeMs !== Number.POSITIVE_INFINITY) this.#expire(this.#clock.nowMs());
  }

  /** Lets go of every item. */
  clear(): void {
    while (this.#tail < this.#head) this.#evict();
    this.retained = [];
  }

  #write(item: T | undefined, size: number): number {
    const { maxItems, maxBytes } = this.#bounds;
    const atMs = this.#clock.nowMs();
    this.#expire(atMs);
    while (this.#head - this.#tail >= maxItems || this.#bytes + size > maxBytes) this.#evict();
    this.#slots[this.#head & this.#mask] = {
      item,
      size,
      bytesBefore: this.#bytesEver,
      atMs,
      before: this.retained,
    };
    this.#bytes += size;
    this.#bytesEver += size;
    return this.#head++;
  }

  #expire(nowMs: number): void {
    const oldestMs = nowMs - this.#bounds.maxAgeMs;
    while (this.#tail < this.#head && this.slot(this.#tail)!.atMs < oldestMs) this.#evict();
  }

  #evict(): void {
    const index = this.#tail++ & this.#mask;
    this.#bytes -= this.#slots[index]!.size;
    this.#slots[index] = undefined; // A kept reference would keep the item's bytes alive.
  }
}
