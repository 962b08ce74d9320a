import type { Clock } from '../core/clock.ts';
import type { FanoutLag, FanoutRefused } from './types.ts';

const intervalMs = 1_000;

/** Somebody who may have missed items. */
interface Loser {
  /** Items lost since the last call. */
  takeUnreported(): number;
}

/** What was lost since the last report. */
interface Losses {
  readonly lag: FanoutLag | undefined;
  readonly refused: FanoutRefused | undefined;
}

/** Collects losses, so that at most one report a second tells of them. */
export class LossReport {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  #nextMs = Number.NEGATIVE_INFINITY;
  #isDue = false;
  #refused = 0;
  #missedByDeparted = 0;

  constructor(clock: Clock, maxBytes: number) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /** Whether it is time for a report. Once it is, it stays so until `take`. */
  isDueAt(nowMs: number): boolean {
    this.#isDue ||= nowMs >= this.#nextMs;
    return this.#isDue;
  }

  /** An item was refused. */
  countRefused(): void {
    this.#refused++;
  }

  /** A subscriber has gone. */
  countDeparted(loser: Loser): void {
    this.#missedByDeparted += loser.takeUnreported();
  }

  /** The losses since the last report, if one is due. */
  take(present: Iterable<Loser>): Losses | undefined {
    if (!this.#isDue) return undefined;
    this.#isDue = false;
    this.#nextMs = this.#clock.nowMs() + intervalMs;
    const losses = { lag: this.#lag(present), refused: this.#refusals() };
    this.#refused = 0;
    this.#missedByDeparted = 0;
    return losses;
  }

  #lag(present: Iterable<Loser>): FanoutLag | undefined {
    let missed = this.#missedByDeparted;
    let subscribers = 0;
    for (const loser of present) {
      const unreported = loser.takeUnreported();
      missed += unreported;
      if (unreported > 0) subscribers++;
    }
    return missed > 0 ? { missed, subscribers } : undefined;
  }

  #refusals(): FanoutRefused | undefined {
    return this.#refused > 0 ? { refused: this.#refused, maxBytes: this.#maxBytes } : undefined;
  }
}
