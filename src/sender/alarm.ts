import { maxTimerMs } from '../core/check.ts';
import type { Clock, Timer } from '../core/clock.ts';

/** One timer for any number of due times: it rings at the earliest, and its owner looks what is due and sets it again. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onRing: () => void;
  #timer: Timer | undefined;
  #ringMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, onRing: () => void) {
    this.#clock = clock;
    this.#onRing = onRing;
  }

  /**
   * Makes sure it rings at `dueMs` at the latest; `Infinity` turns it off. It may ring earlier: moving a timer costs
   * more than one ring in vain, and most of what is waited for (an attempt's limit) does not come to pass.
   */
  setBy(dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) return this.cancel();
    if (this.#timer !== undefined && this.#ringMs <= dueMs) return;
    this.cancel();
    this.#ringMs = dueMs;
    const delayMs = Math.min(maxTimerMs, Math.max(0, dueMs - this.#clock.nowMs()));
    this.#timer = this.#clock.setTimer(delayMs, () => this.#ring());
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #ring(): void {
    this.#timer = undefined;
    this.#onRing();
  }
}
