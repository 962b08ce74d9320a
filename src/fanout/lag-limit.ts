import type { MaxLag } from './options.ts';
import type { Ring } from './ring.ts';

/** How far behind a subscriber may be. */
export class LagLimit {
  readonly #ring: Ring<unknown>;
  readonly #maxItems: number;
  readonly #maxBytes: number;
  readonly #maxMs: number;
  #excusedItems = 0;
  #excusedBytes = 0;
  #excusedMs = 0;

  constructor(ring: Ring<unknown>, { items, bytes, ms }: MaxLag) {
    this.#ring = ring;
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
