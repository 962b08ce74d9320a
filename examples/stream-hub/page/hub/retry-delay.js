const minMs = 250;
const firstMs = 500;
const maxMs = 8_000;

/**
 * How long to wait before the next attempt: a random time below a limit that doubles (full jitter), so that a thousand
 * viewers of a restarted server do not return in step.
 */
export class RetryDelay {
  #random;
  #attempt = 0;

  /** @param {() => number} random from 0 to below 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The wait before the next attempt, in ms. */
  next() {
    const longestMs = Math.min(maxMs, firstMs * 2 ** this.#attempt);
    if (longestMs < maxMs) this.#attempt++;
    return minMs + this.#random() * (longestMs - minMs);
  }

  /** Starts from the beginning, after an attempt that was a good one. */
  reset() {
    this.#attempt = 0;
  }
}
