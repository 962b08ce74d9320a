/**
 * The round trip of the bare path: what a message takes that finds nothing of ours in front of it. Any smaller one is
 * believed at once. A path that has become longer shows in messages that were sent while nothing was under way: when the
 * last two of those took longer, the base has moved. Too high a base does little harm, for the next quick message
 * corrects it.
 */
export class BaseRoundTrip {
  readonly #toleranceMs: number;
  #baseMs: number | undefined;
  #lastCleanMs = Number.POSITIVE_INFINITY;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;

  /** @param toleranceMs - A round trip that is longer than the base by no more than this confirms it. */
  constructor(toleranceMs: number) {
    this.#toleranceMs = toleranceMs;
  }

  /** The round trip in ms; `undefined` before the first sample. */
  get ms(): number | undefined {
    return this.#baseMs;
  }

  /** When a message last was as quick as the base, or has moved it. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs;
  }

  /** Notes what a message took. */
  note(roundTripMs: number, nowMs: number): void {
    this.#baseMs = Math.min(this.#baseMs ?? roundTripMs, roundTripMs);
    if (roundTripMs <= this.#baseMs + this.#toleranceMs) this.#confirmedAtMs = nowMs;
  }

  /** Notes what a message took that was sent while nothing was under way. */
  noteClean(roundTripMs: number, nowMs: number): void {
    this.#baseMs = Math.min(this.#lastCleanMs, roundTripMs);
    this.#lastCleanMs = roundTripMs;
    this.#confirmedAtMs = nowMs;
  }
}
