import type { Clock, Timer } from '../core/clock.ts';

/** Calls a function at fixed distances from its start. A call that comes late does not move the next one. */
export class Metronome {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #tick: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, tick: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#tick = tick;
  }

  start(): void {
    this.#schedule(this.#clock.nowMs() + this.#intervalMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(dueMs: number): void {
    this.#timer = this.#clock.setTimer(Math.max(0, dueMs - this.#clock.nowMs()), () => {
      // Beats that this thread was too busy for are left out, not made up for all at once.
      const missed = Math.max(0, Math.floor((this.#clock.nowMs() - dueMs) / this.#intervalMs));
      this.#schedule(dueMs + (missed + 1) * this.#intervalMs);
      this.#tick();
    });
  }
}
