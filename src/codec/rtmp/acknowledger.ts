// Below this a peer could demand an answer for every few bytes.
const minWindowBytes = 65_536;

/** Counts what was received and says when the peer must be told (RTMP 1.0 §5.4.3). */
export class Acknowledger {
  #windowBytes: number;
  #receivedBytes = 0;
  #toldBytes = 0;

  /** @param windowBytes - The window until the peer asks for another: some encoders wait without ever asking. */
  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  /** Everything received so far. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Takes the peer's wish for a window, raised to 64 kB when it is smaller. */
  setWindow(windowBytes: number): void {
    this.#windowBytes = Math.max(minWindowBytes, windowBytes);
  }

  /** Counts received bytes; whether the peer must be told now. */
  count(bytes: number): boolean {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes - this.#toldBytes < this.#windowBytes) return false;
    this.#toldBytes = this.#receivedBytes;
    return true;
  }
}
