// A player needs some of what it has got as a buffer, and catches up by itself after a start.
const tooMuchMs = 2_000;
const forMs = 2_000;

/**
 * Notices when what has arrived piles up before the screen: this machine is too slow for all that comes in, and nobody but
 * the page can know.
 */
export class PileUp {
  /** @type {number | null} */
  #sinceMs = null;

  /** Starts anew. */
  reset() {
    this.#sinceMs = null;
  }

  /**
   * Takes how far the picture on the screen is behind what has arrived.
   * @param {number} behindMs
   * @param {number} nowMs
   * @returns {boolean} whether it is time to leave out what has piled up
   */
  isDue(behindMs, nowMs) {
    if (behindMs < tooMuchMs) this.#sinceMs = null;
    else this.#sinceMs ??= nowMs;
    if (this.#sinceMs === null || nowMs - this.#sinceMs < forMs) return false;
    this.#sinceMs = nowMs;
    return true;
  }
}
