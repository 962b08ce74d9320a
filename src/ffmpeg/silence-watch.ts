import type { Clock, Timer } from '../core/clock.ts';

/** Waits for something to be heard within a limit, again and again. Hearing costs no timer. */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #onSilent: (limitMs: number) => void;
  #limitMs = 0;
  #heardAtMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, onSilent: (limitMs: number) => void) {
    this.#clock = clock;
    this.#onSilent = onSilent;
  }

  /** From now on something must be heard every `limitMs`; an earlier limit is off. */
  expect(limitMs: number): void {
    this.stop();
    this.#limitMs = limitMs;
    this.heard();
    this.#schedule(limitMs);
  }

  heard(): void {
    this.#heardAtMs = this.#clock.nowMs();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const leftMs = this.#heardAtMs + this.#limitMs - this.#clock.nowMs();
      if (leftMs > 0) this.#schedule(leftMs);
      else this.#onSilent(this.#limitMs);
    });
  }
}
