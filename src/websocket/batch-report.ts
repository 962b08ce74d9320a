import type { Clock, Timer } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';

/**
 * One log line for all that happens within a second: a network that fails drops a thousand viewers at once, and a
 * thousand lines would say no more than one.
 */
export class BatchReport {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #message: string;
  readonly #fields: () => Readonly<Record<string, unknown>>;
  readonly #counts = new Map<string, number>();
  #timer: Timer | undefined;

  /** @param fields - What to say besides the counts, asked when the line is written. */
  constructor(
    clock: Clock,
    logger: Logger,
    message: string,
    fields: () => Readonly<Record<string, unknown>>,
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#message = message;
    this.#fields = fields;
  }

  /** Adds to a count of the next line. */
  add(name: string, count: number = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
    this.#timer ??= this.#clock.setTimer(batchMs, () => this.flush());
  }

  /** Writes the line now, if there is one. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = Object.fromEntries(this.#counts);
    this.#counts.clear();
    this.#logger.warn(this.#message, { ...counts, ...this.#fields() });
  }
}

const batchMs = 1_000;
