/**
 * Knows how long the picture has been standing still. What counts is the time in the stream: pictures that come in and
 * all carry the same time are no motion.
 */
export class FreezeWatch {
  /** @type {number | null} */
  #timestampMs = null;
  #movedAtMs = 0;

  /** Starts anew: with another stream, and when a page comes back that nobody could see. @param {number} nowMs */
  reset(nowMs) {
    this.#timestampMs = null;
    this.#movedAtMs = nowMs;
  }

  /**
   * A picture was shown.
   * @param {number} timestampMs its time in the stream
   * @param {number} nowMs
   */
  shown(timestampMs, nowMs) {
    if (timestampMs === this.#timestampMs) return;
    this.#timestampMs = timestampMs;
    this.#movedAtMs = nowMs;
  }

  /** How long nothing new was shown, in ms. @param {number} nowMs */
  stillMs(nowMs) {
    return Math.max(0, nowMs - this.#movedAtMs);
  }
}
