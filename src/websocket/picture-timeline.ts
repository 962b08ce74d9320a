// More than a congested uplink holds back for a moment, less than a clock that was set or a made-up number.
const maxDeviationMs = 2_000;

/**
 * Gives the pictures of one streamer their times, from 0 on and always growing. The sender's own times are free of what the
 * way adds, so they decide as long as they grow and stay near the times of arrival.
 */
export class PictureTimeline {
  #startedAtMs: number | undefined;
  #lastMs = -1;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  /** What the sender's clock says at time 0 of the stream. */
  #senderZeroMs: number | undefined;

  /**
   * The time of the next picture, in whole ms.
   *
   * @param sentMs - Its time on the sender's clock, whatever that counts from; `undefined` when the sender says none.
   */
  place(arrivedAtMs: number, sentMs: number | undefined): number {
    this.#startedAtMs ??= arrivedAtMs;
    const byArrivalMs = arrivedAtMs - this.#startedAtMs;
    const ms = sentMs === undefined ? byArrivalMs : this.#bySender(sentMs, byArrivalMs);
    this.#lastMs = Math.max(Math.round(ms), this.#lastMs + 1);
    return this.#lastMs;
  }

  #bySender(sentMs: number, byArrivalMs: number): number {
    const isGrowing = sentMs > this.#lastSentMs;
    const deviationMs = sentMs - (this.#senderZeroMs ?? Number.NEGATIVE_INFINITY) - byArrivalMs;
    this.#lastSentMs = sentMs;
    if (!isGrowing || Math.abs(deviationMs) > maxDeviationMs) this.#senderZeroMs = sentMs - byArrivalMs;
    return sentMs - (this.#senderZeroMs ?? sentMs);
  }
}
