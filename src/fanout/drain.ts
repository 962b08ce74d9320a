import type { Clock, Timer } from '../core/clock.ts';

/** The time from the end of a fanout until its last subscriber has gone. */
export class Drain {
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  #timer: Timer | undefined;

  /** Resolves when the last subscriber has gone. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Calls `cutOff` unless everybody has gone by then. */
  limit(clock: Clock, timeoutMs: number, cutOff: () => void): void {
    this.#timer = clock.setTimer(timeoutMs, cutOff);
  }

  /** Everybody has gone. */
  finish(): void {
    this.#timer?.cancel();
    this.#finished.resolve();
  }
}
