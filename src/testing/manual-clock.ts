import type { Clock, Timer } from '../core/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

// Deep promise chains (a restart is a dozen awaits) must have settled before the next timer is looked at.
const settlingTurns = 64;

/** A clock that stands still until a test moves it. Timers fire in order of their due times while it is moved. */
export class ManualClock implements Clock {
  readonly #pending = new Set<Pending>();
  readonly #wallStartMs: number;
  #nowMs = 0;

  /** @param wallStartMs - What `wallMs()` says before the clock is moved. Default 0. */
  constructor(wallStartMs: number = 0) {
    this.#wallStartMs = wallStartMs;
  }

  /** How many timers are set. A test of clean-up expects 0. */
  get timers(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** Moves time on by `durationMs`, firing each timer at its moment and letting promises settle in between. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await this.settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.dueMs;
      next.callback();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  /** Lets everything that waits for no timer run, without moving time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < settlingTurns; turn++) await Promise.resolve();
  }

  #next(endMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueMs <= endMs && (next === undefined || pending.dueMs < next.dueMs)) next = pending;
    }
    return next;
  }
}
