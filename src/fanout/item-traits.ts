import { describeError } from '../core/error-transfer.ts';
import type { ResolvedFanoutOptions } from './options.ts';

// A function that fails for one item fails for most: one line a second says it all.
const logIntervalMs = 1_000;

/** Asks the caller's functions about an item. Publishing never throws, so a failing function is counted and logged. */
export class ItemTraits<T> {
  readonly #options: ResolvedFanoutOptions<T>;
  #errors = 0;
  #nextLogMs = Number.NEGATIVE_INFINITY;

  constructor(options: ResolvedFanoutOptions<T>) {
    this.#options = options;
  }

  /** How many questions failed. */
  get errors(): number {
    return this.#errors;
  }

  /** Size in bytes; 0 when there is no or no usable answer. */
  sizeOf(item: T): number {
    const { sizeOf } = this.#options;
    if (sizeOf === undefined) return 0;
    const size = this.#ask('sizeOf', sizeOf, item, 0);
    if (Number.isSafeInteger(size) && size >= 0) return size;
    this.#report('sizeOf', new RangeError(`sizeOf must give a whole number of bytes, got ${String(size)}`));
    return 0;
  }

  /** Whether a subscriber can start here; `false` when the question fails. */
  isResyncPoint(item: T): boolean {
    const { isResyncPoint } = this.#options;
    return isResyncPoint === undefined || this.#ask('isResyncPoint', isResyncPoint, item, false);
  }

  /** The key to retain the item under; `undefined` when the question fails. */
  retainKey(item: T): string | undefined {
    const { retainKey } = this.#options;
    return retainKey === undefined ? undefined : this.#ask('retainKey', retainKey, item, undefined);
  }

  /** Whether the older retained item may stay; `false` when the question fails. */
  isSameRetained(older: T, newer: T): boolean {
    const { isSameRetained } = this.#options;
    if (isSameRetained === undefined) return older === newer;
    return this.#ask('isSameRetained', (item) => isSameRetained(older, item), newer, false);
  }

  #ask<Answer>(name: string, question: (item: T) => Answer, item: T, otherwise: Answer): Answer {
    try {
      return question(item);
    } catch (error) {
      this.#report(name, error);
      return otherwise;
    }
  }

  #report(name: string, error: unknown): void {
    this.#errors++;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#nextLogMs) return;
    this.#nextLogMs = nowMs + logIntervalMs;
    this.#options.logger.error('a fanout option failed', {
      option: name,
      errors: this.#errors,
      error: describeError(error),
    });
  }
}
