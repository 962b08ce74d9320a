/**
 * Counts restarts in a sliding window, as OTP's supervisor does: it is exceeded when *more than* `maxRestarts` fall
 * within `windowMs`. Never holds more than `maxRestarts + 1` timestamps.
 */
export class RestartWindow {
  readonly #maxRestarts: number;
  readonly #windowMs: number;
  #restartsAtMs: number[] = [];

  constructor(maxRestarts: number, windowMs: number) {
    this.#maxRestarts = maxRestarts;
    this.#windowMs = windowMs;
  }

  /** Notes a restart; `false` when it is one too many. */
  admit(nowMs: number): boolean {
    this.#forget(nowMs);
    this.#restartsAtMs.push(nowMs);
    if (this.#restartsAtMs.length <= this.#maxRestarts) return true;
    this.#restartsAtMs = this.#restartsAtMs.slice(-this.#maxRestarts - 1);
    return false;
  }

  /** How many restarts lie within the window that ends now. */
  count(nowMs: number): number {
    this.#forget(nowMs);
    return this.#restartsAtMs.length;
  }

  /** Starts over, for a new run. */
  clear(): void {
    this.#restartsAtMs = [];
  }

  #forget(nowMs: number): void {
    this.#restartsAtMs = this.#restartsAtMs.filter((atMs) => nowMs - atMs < this.#windowMs);
  }
}
