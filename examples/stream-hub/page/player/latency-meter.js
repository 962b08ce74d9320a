// Long enough that one picture which stumbles does not decide, short enough that the number follows at once.
const windowMs = 1_000;
const maxSamples = 120;
// A picture that stands grows older by itself. The last one of a stream with few keyframes counts for a while.
const lifeMs = 3_000;

/** How late the pictures of the last second were: their median, because the first ones of a viewer that joins are old. */
export class LatencyMeter {
  /** @type {{ latencyMs: number, atMs: number }[]} */
  #samples = [];

  /** Starts anew, for another stream. */
  reset() {
    this.#samples = [];
  }

  /**
   * A picture was shown.
   * @param {number} latencyMs
   * @param {number} nowMs
   */
  add(latencyMs, nowMs) {
    this.#samples.push({ latencyMs, atMs: nowMs });
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs < windowMs).slice(-maxSamples);
  }

  /**
   * The median in ms, or `null` when no picture was shown for a while.
   * @param {number} nowMs
   */
  medianMs(nowMs) {
    const newest = this.#samples.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= lifeMs) return null;
    const sorted = this.#samples.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? null;
  }
}
