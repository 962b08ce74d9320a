const windowMs = 2_000;

/** How fast a counter grows, over the last two seconds. */
export class RateMeter {
  /** @type {{ atMs: number, count: number }[]} */
  #samples = [];

  /**
   * Takes the counter's value now. One that went back belongs to something new.
   * @param {number} atMs
   * @param {number} count
   */
  sample(atMs, count) {
    if (count < (this.#samples.at(-1)?.count ?? 0)) this.#samples = [];
    this.#samples.push({ atMs, count });
    // One sample from before the window stays, to measure all of it.
    while (this.#samples.length > 2 && this.#samples[1].atMs <= atMs - windowMs) this.#samples.shift();
  }

  /** Growth in a second, or `null` before there is anything to compare. */
  get perSecond() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < 500) return null;
    return ((last.count - first.count) * 1_000) / (last.atMs - first.atMs);
  }
}
