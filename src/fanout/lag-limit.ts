import type { Ring } from './ring.ts';
import type { MaxLag } from './types.ts';

// A backlog that was given on purpose is to be worked off in twice the time it covers: whoever takes one and a half times
// what comes in has done so. It is a second at least, since a short backlog says little about how fast somebody is.
const workOffFactor = 2;
const minWorkOffMs = 1_000;

/** How far behind a subscriber may be. */
export class LagLimit {
  readonly #ring: Ring<unknown>;
  #maxItems = Number.POSITIVE_INFINITY;
  #maxBytes = Number.POSITIVE_INFINITY;
  #maxMs = Number.POSITIVE_INFINITY;
  #excusedItems = 0;
  #excusedBytes = 0;
  #excusedMs = 0;
  #excusedAtMs = 0;

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
    const share = this.#excusedItems === 0 ? 0 : this.#shareLeft();
    return (
      ring.head - sequence > this.#maxItems + share * this.#excusedItems ||
      ring.bytesFrom(sequence) > this.#maxBytes + share * this.#excusedBytes ||
      ring.ageMs(sequence) > this.#maxMs + share * this.#excusedMs
    );
  }

  /**
   * Allows the backlog from that number on, which the subscriber was given on purpose, for the time it takes to work it
   * off. Without it a limit shorter than the distance of two keyframes would throw away the start of every picture; for
   * ever, it would leave behind a link that is just fast enough by that distance.
   */
  excuseFrom(sequence: number): void {
    const ring = this.#ring;
    this.#excusedItems = ring.head - sequence;
    if (this.#excusedItems === 0) return;
    this.#excusedBytes = ring.bytesFrom(sequence);
    this.#excusedMs = ring.ageMs(sequence);
    this.#excusedAtMs = ring.nowMs;
  }

  /** How much of the excuse still counts, from 1 down to 0. */
  #shareLeft(): number {
    const workOffMs = Math.max(minWorkOffMs, workOffFactor * this.#excusedMs);
    return Math.max(0, 1 - (this.#ring.nowMs - this.#excusedAtMs) / workOffMs);
  }
}
