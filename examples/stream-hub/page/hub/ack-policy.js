// What the protocol asks for until the server says otherwise: at least every 20 ms or 64 KiB while data comes in
// (docs/broadcast.md).
const defaultPace = { everyMs: 20, everyBytes: 64 << 10 };

/**
 * Decides when to acknowledge. Arriving messages drive it, because the timers of a background tab fire once a second: a
 * timer is needed only for the last messages before a pause.
 */
export class AckPolicy {
  /** Data messages since the connection began. */
  received = 0;
  #pace = defaultPace;
  #waitingBytes = 0;
  #acknowledged = 0;
  #lastAckAtMs = Number.NEGATIVE_INFINITY;

  /** Whether something was taken that is not acknowledged yet. */
  get isWaiting() {
    return this.#acknowledged < this.received;
  }

  /** The longest that a data message may wait for its acknowledgement, in ms. */
  get maxDelayMs() {
    return this.#pace.everyMs;
  }

  /** What the server wants from now on. @param {{ everyMs: number, everyBytes: number }} pace */
  setPace(pace) {
    this.#pace = pace;
  }

  /**
   * Counts a data message.
   * @param {number} bytes
   * @param {number} nowMs
   * @returns {boolean} whether an acknowledgement is due at once
   */
  take(bytes, nowMs) {
    this.received++;
    this.#waitingBytes += bytes;
    const { everyMs, everyBytes } = this.#pace;
    return this.#waitingBytes >= everyBytes || nowMs - this.#lastAckAtMs >= everyMs;
  }

  /** Call it when an acknowledgement of everything received leaves. @param {number} nowMs */
  acknowledged(nowMs) {
    this.#acknowledged = this.received;
    this.#waitingBytes = 0;
    this.#lastAckAtMs = nowMs;
  }
}
