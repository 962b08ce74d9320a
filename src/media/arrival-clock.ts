import type { Clock } from '../core/clock.ts';

/** A moment of the media on the clock of the wall. */
export interface ClockReference {
  /** Decoding time, in ms. */
  readonly timestampMs: number;
  /** When a packet with that time came in, had it come as early as the earliest of the last seconds: Unix time in ms. */
  readonly wallMs: number;
}

// Two windows follow each other, so the earliest arrival is remembered for 1 to 2 s: long enough to bridge the network's
// jitter, short enough that a publisher which left frames out does not look late for long.
const windowMs = 1_000;

/** Relates a stream's timestamps to the time they arrive at, so that a viewer can tell how late its picture is. */
export class ArrivalClock {
  readonly #clock: Clock;
  #latestDtsMs: number | undefined;
  /** Media time since the first packet, and the smallest distance from it to the arrival, now and in the window before. */
  #elapsedMs = 0;
  #smallest = Number.POSITIVE_INFINITY;
  #smallestBefore = Number.POSITIVE_INFINITY;
  #windowEndsMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes note of a packet that has just come in. */
  note(dtsMs: number, nowMs: number): void {
    // `| 0` makes the difference right across the wrap at 2^32, too.
    this.#elapsedMs += (dtsMs - (this.#latestDtsMs ?? dtsMs)) | 0;
    this.#latestDtsMs = dtsMs;
    if (nowMs >= this.#windowEndsMs) this.#turnWindow(nowMs);
    this.#smallest = Math.min(this.#smallest, nowMs - this.#elapsedMs);
  }

  /** The reference as of now; `undefined` before the first packet. */
  reference(): ClockReference | undefined {
    if (this.#latestDtsMs === undefined) return undefined;
    const earliestMs = this.#elapsedMs + Math.min(this.#smallest, this.#smallestBefore);
    const ageMs = this.#clock.nowMs() - earliestMs;
    return { timestampMs: this.#latestDtsMs, wallMs: this.#clock.wallMs() - ageMs };
  }

  #turnWindow(nowMs: number): void {
    const isNext = nowMs < this.#windowEndsMs + windowMs;
    this.#smallestBefore = isNext ? this.#smallest : Number.POSITIVE_INFINITY;
    this.#smallest = Number.POSITIVE_INFINITY;
    this.#windowEndsMs = nowMs + windowMs;
  }
}
