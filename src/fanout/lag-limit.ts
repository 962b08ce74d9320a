import type { Ring } from './ring.ts';
import type { MaxLag } from './types.ts';

/** How far behind a subscriber may be. */
export class LagLimit {
  readonly #ring: Ring<unknown>;
  #maxItems = Number.POSITIVE_INFINITY;
  #maxBytes = Number.POSITIVE_INFINITY;
  #maxMs = Number.POSITIVE_INFINITY;
  #excusedItems = 0;
  #excusedBytes = 0;
  #excusedMs = 0;

  constructor(ring: Ring<unknown>, maxLag: MaxLag) {
    this.#ring = ring;
    this.change(maxLag);
  }

  /** Other limits from now on. A backlog that is allowed stays so. */
  change({ items, bytes, ms }: MaxLag): void {
    this.#maxItems = items ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = bytes ?? Number.POSITIVE_INFINITY;
    this.#maxMs = ms ?? Number.POSITIVE_INFINITY;
  }

  /** Whether the items from that number on, which the ring holds, are too much. */
  isExceededAt(sequence: number): boolean {
    const ring = this.#ring;
    return (
      ring.head - sequence > this.#maxItems + this.#excusedItems ||
      ring.bytesFrom(sequence) > this.#maxBytes + this.#excusedBytes ||
      ring.ageMs(sequence) > this.#maxMs + this.#excusedMs
    );
  }

  /**
   * Allows the backlog from that number on, which the subscriber was given on purpose. Without it a limit shorter than
   * the distance of two keyframes would throw away the start of every picture.
   */
  excuseFrom(sequence: number): void {
    this.#excusedItems = this.#ring.head - sequence;
    this.#excusedBytes = this.#ring.bytesFrom(sequence);
    this.#excusedMs = this.#ring.ageMs(sequence);
  }
}
