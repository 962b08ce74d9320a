import { describeError } from '../core/error-transfer.ts';
import type { Logger } from '../core/logger.ts';
import type { FailureReason } from './types.ts';

const lineEveryMs = 1_000;

/** Reports events that were not delivered, by reason, in at most one line a second. */
export class LossLog {
  readonly #logger: Logger;
  readonly #counts = new Map<FailureReason, number>();
  #latestError: Error | undefined;
  #nextLineMs = Number.NEGATIVE_INFINITY;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** When the next line may be written; `Infinity` when there is nothing to write. */
  get dueMs(): number {
    return this.#counts.size === 0 ? Number.POSITIVE_INFINITY : this.#nextLineMs;
  }

  count(reason: FailureReason, error: Error | undefined, nowMs: number): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#latestError = error ?? this.#latestError;
    if (nowMs >= this.#nextLineMs) this.write(nowMs);
  }

  /** Writes what was held back, if anything. */
  write(nowMs: number): void {
    if (this.#counts.size === 0) return;
    const error = this.#latestError === undefined ? {} : { error: describeError(this.#latestError) };
    this.#logger.warn('events were not delivered', { ...Object.fromEntries(this.#counts), ...error });
    this.#counts.clear();
    this.#latestError = undefined;
    this.#nextLineMs = nowMs + lineEveryMs;
  }
}
