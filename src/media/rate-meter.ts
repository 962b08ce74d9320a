const bucketMs = 200;
const buckets = 10;

/** Counts what happened in the last two seconds, in buckets of 200 ms, so that it costs the same at any rate. */
export class RateMeter {
  readonly #counts = new Float64Array(buckets);
  #newestBucket = 0;
  #firstAtMs: number | undefined;

  /** Notes `amount` at the time `nowMs`. */
  add(nowMs: number, amount: number): void {
    this.#firstAtMs ??= nowMs;
    this.#moveTo(Math.floor(nowMs / bucketMs));
    this.#counts[this.#newestBucket % buckets]! += amount;
  }

  /** How much per second, over the last two seconds or since the first note if that is less. */
  perSecond(nowMs: number): number {
    if (this.#firstAtMs === undefined) return 0;
    this.#moveTo(Math.floor(nowMs / bucketMs));
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    const coveredMs = nowMs - Math.max(this.#firstAtMs, (this.#newestBucket - buckets + 1) * bucketMs);
    return coveredMs < bucketMs ? 0 : (sum * 1000) / coveredMs;
  }

  #moveTo(bucket: number): void {
    const passed = bucket - this.#newestBucket;
    if (passed >= buckets) this.#counts.fill(0);
    else for (let step = 1; step <= passed; step++) this.#counts[(this.#newestBucket + step) % buckets] = 0;
    if (passed > 0) this.#newestBucket = bucket;
  }
}
