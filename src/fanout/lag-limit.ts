import type { MaxLag } from './options.ts';

/** How far behind a subscriber may be. */
export class LagLimit {
  readonly #maxItems: number;
  readonly #maxMs: number;
  #excusedItems = 0;
  #excusedMs = 0;

  constructor({ items = Number.POSITIVE_INFINITY, ms = Number.POSITIVE_INFINITY }: MaxLag) {
    this.#maxItems = items;
    this.#maxMs = ms;
  }

  /** Whether that much is too much. */
  isExceeded(unreadItems: number, ageMs: number): boolean {
    return unreadItems > this.#maxItems + this.#excusedItems || ageMs > this.#maxMs + this.#excusedMs;
  }

  /**
   * Allows a backlog that the subscriber was given on purpose. Without it a limit shorter than the distance of two
   * keyframes would throw away the start of every picture.
   */
  excuse(unreadItems: number, ageMs: number): void {
    this.#excusedItems = unreadItems;
    this.#excusedMs = ageMs;
  }
}
