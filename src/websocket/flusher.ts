import type { Clock, Timer } from '../core/clock.ts';

/** Somebody with something to write. */
export interface Flushable {
  /** Writes what is there. */
  flush(): void;
  /** `flush` threw. */
  fail(error: unknown): void;
}

/** Options of a {@link Flusher}. */
export interface FlusherOptions {
  /** How long to collect after the first packet, in ms. Default 0: until the packets of this turn are in. */
  readonly coalesceMs?: number;
  /** Source of time. */
  readonly clock: Clock;
  /** Calls back when the packets of this turn of the event loop are in. Default `setImmediate`. */
  readonly nextTurn?: (callback: () => void) => void;
}

/**
 * Lets all who became readable write in one go, so that sound and picture of one moment, and the streams of a wall, leave
 * in one system call per viewer: with small packets, system calls are nearly all that a broadcast costs.
 */
export class Flusher {
  readonly #coalesceMs: number;
  readonly #clock: Clock;
  readonly #nextTurn: (callback: () => void) => void;
  #scheduled = new Set<Flushable>();
  #spare = new Set<Flushable>();
  #isArmed = false;
  #timer: Timer | undefined;

  constructor({ coalesceMs = 0, clock, nextTurn = setImmediate }: FlusherOptions) {
    this.#coalesceMs = coalesceMs;
    this.#clock = clock;
    this.#nextTurn = nextTurn;
  }

  /** Has `flushable` write soon, once however often it is scheduled. */
  schedule(flushable: Flushable): void {
    this.#scheduled.add(flushable);
    if (this.#isArmed) return;
    this.#isArmed = true;
    if (this.#coalesceMs === 0) this.#nextTurn(this.#flush);
    else this.#timer = this.#clock.setTimer(this.#coalesceMs, this.#flush);
  }

  /** It has gone: it is not called any more. */
  forget(flushable: Flushable): void {
    this.#spare.delete(flushable); // Its turn may be about to come.
    if (!this.#scheduled.delete(flushable) || this.#scheduled.size > 0 || this.#timer === undefined) return;
    this.#timer.cancel();
    this.#isArmed = false;
  }

  readonly #flush = (): void => {
    this.#isArmed = false;
    const due = this.#scheduled;
    this.#scheduled = this.#spare; // Who is scheduled meanwhile has its turn in the next round.
    this.#spare = due;
    for (const flushable of due) {
      try {
        flushable.flush();
      } catch (error) {
        flushable.fail(error);
      }
    }
    due.clear();
  };
}
