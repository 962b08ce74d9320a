import { OverflowError } from '../core/errors.ts';

/** Reports a second. A flood of bad connections is one of log lines otherwise, and fills the control lane. */
const reportsPerSecond = 100;

/** Lets so many reports through per second and counts the others, which the next one tells. */
export class ReportBudget {
  #secondEndsMs = 0;
  #left = 0;
  #suppressed = 0;

  /**
   * Calls `report` with the number of reports that were left out before it, or leaves it out as well. It is left out,
   * too, when it throws an `OverflowError`.
   */
  add(report: (suppressed: number) => void, nowMs: number = performance.now()): void {
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1_000;
      this.#left = reportsPerSecond;
    }
    if (this.#left === 0) {
      this.#suppressed++;
      return;
    }
    this.#left--;
    this.#suppressed = this.#wasTaken(report) ? 0 : this.#suppressed + 1;
  }

  // The control lane is full when the main thread is blocked for long. It is told later how much it has missed.
  #wasTaken(report: (suppressed: number) => void): boolean {
    try {
      report(this.#suppressed);
      return true;
    } catch (error) {
      if (error instanceof OverflowError) return false;
      throw error;
    }
  }
}
