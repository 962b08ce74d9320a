import { timestampDifferenceMs } from './server-clock.js';

/** When the packets of one run of a stream came into the server: what the server told of it, and what arrival proves. */
export class StreamClock {
  /** @type {{ timestampMs: number, wallMs: number } | null} */
  #reference = null;

  /** Forgets everything: what follows has timestamps of its own. */
  reset() {
    this.#reference = null;
  }

  /**
   * The server says that a packet with this timestamp came in at this time.
   * @param {number} timestampMs
   * @param {number} wallMs on the server's clock
   */
  tell(timestampMs, wallMs) {
    this.#reference = { timestampMs, wallMs };
  }

  /**
   * How long ago what carries this timestamp came in, in ms; `null` while that is not known.
   * @param {number} timestampMs
   * @param {number} wallMs the server's clock now
   */
  ageMs(timestampMs, wallMs) {
    if (this.#reference === null) return null;
    return wallMs - this.#reference.wallMs - timestampDifferenceMs(this.#reference.timestampMs, timestampMs);
  }

  /**
   * A packet is here. It came into the server before that, so a reference that says otherwise is corrected: the first packets
   * of a publisher are often late, and the server knows that only when others were less so.
   * @param {number} timestampMs
   * @param {number} wallMs the server's clock now, at the latest
   */
  arrived(timestampMs, wallMs) {
    const ageMs = this.ageMs(timestampMs, wallMs);
    if (this.#reference !== null && ageMs !== null && ageMs < 0) this.#reference.wallMs += ageMs;
  }
}
