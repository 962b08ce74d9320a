// A quartz clock is off by up to 50 ppm: after two minutes the best sample is wrong by 6 ms at most.
const maxAgeMs = 120_000;
const maxSamples = 16;

/** @typedef {{ roundTripMs: number, offsetMs: number, atMs: number }} Sample */

/**
 * The server's wall clock, as far as round trips tell it. The sample with the shortest round trip counts: a longer one was
 * delayed somewhere, on one way more than on the other.
 */
export class ServerClock {
  /** @type {Sample[]} */
  #samples = [];

  /** The shortest round trip of the last minutes, or `null` before the first. */
  get roundTripMs() {
    return this.#best()?.roundTripMs ?? null;
  }

  /**
   * Takes an answered ping.
   * @param {number} sentAtMs when it left, on the local clock
   * @param {number} answeredAtMs when the answer came, on the local clock
   * @param {number} wallMs what the server's clock said in between
   */
  sample(sentAtMs, answeredAtMs, wallMs) {
    const roundTripMs = answeredAtMs - sentAtMs;
    if (!(roundTripMs >= 0)) return;
    const offsetMs = wallMs - (sentAtMs + answeredAtMs) / 2;
    this.#samples.push({ roundTripMs, offsetMs, atMs: answeredAtMs });
    const oldestMs = answeredAtMs - maxAgeMs;
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= oldestMs).slice(-maxSamples);
  }

  /**
   * What the server's clock says now, in ms since 1970, or `null` before the first answered ping.
   * @param {number} nowMs
   */
  wallMs(nowMs) {
    const best = this.#best();
    return best === undefined ? null : nowMs + best.offsetMs;
  }

  /**
   * The latest it can be there: no more than half a round trip after what it seems to be.
   * @param {number} nowMs
   */
  latestWallMs(nowMs) {
    const wallMs = this.wallMs(nowMs);
    return wallMs === null ? null : wallMs + (this.roundTripMs ?? 0) / 2;
  }

  /** @returns {Sample | undefined} */
  #best() {
    const shortestMs = Math.min(...this.#samples.map(({ roundTripMs }) => roundTripMs));
    return this.#samples.findLast(({ roundTripMs }) => roundTripMs === shortestMs);
  }
}

/**
 * From one media timestamp to a later one. They are 32 bits wide and start again from 0 after 49 days.
 * @param {number} fromMs
 * @param {number} toMs
 */
export function timestampDifferenceMs(fromMs, toMs) {
  return (toMs - fromMs) | 0;
}
