import type { Clock, Timer } from '../core/clock.ts';
import type { ViewerSink } from './viewer-sink.ts';

/** Who a {@link ViewerLink} works for. */
export interface LinkOwner {
  /** The kernel has taken a write that it did not take at once. */
  drained(): void;
  /** The viewer takes nothing, or more is due to it than is kept for anybody. */
  stalled(): void;
  /** Whether the viewer owes a sign that it has taken something. */
  owesSign(): boolean;
}

// A thousand announcements: who has that many before it has not read for long.
const maxControlBytes = 256 << 10;

// The stall limit is looked at in quarters. Looks are counted, not time: a viewer has not stalled when it was us.
const looksPerTimeout = 4;

// A kernel that is full takes nothing until a third of its 4 MB is free, which on a link of 26 kB/s is a minute. So for a
// viewer that gives no other sign we wait for this many times the limit.
const kernelPatience = 12;

const nothing = new Uint8Array(0);

/**
 * The connection of one viewer. What is due goes out in one write, and nothing is written on top of a write that the
 * kernel has not taken: what waits here can still be skipped. Announcements pass what waits.
 */
export class ViewerLink {
  readonly #sink: ViewerSink;
  readonly #clock: Clock;
  readonly #stallTimeoutMs: number;
  readonly #owner: LinkOwner;
  #control: Uint8Array[] = [];
  #controlBytes = 0;
  #isBusy = false;
  #isEnding = false;
  #isGone = false;
  #bytesSent = 0;
  #stall: Timer | undefined;
  #idleLooks = 0;
  #lastUnsentBytes = 0;

  constructor(sink: ViewerSink, clock: Clock, stallTimeoutMs: number, owner: LinkOwner) {
    this.#sink = sink;
    this.#clock = clock;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#owner = owner;
  }

  /** Whether a write may begin. */
  get isReady(): boolean {
    return !this.#isBusy && !this.#isEnding && !this.#isGone && this.#sink.isOpen;
  }

  /** Whether the kernel has not taken all that was written. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Bytes written so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Sends a message ahead of everything that waits. */
  announce(message: Uint8Array): void {
    if (this.#isGone) return;
    this.#control.push(message);
    this.#controlBytes += message.byteLength;
    if (this.isReady)
      this.write([]); // However long: the welcome names every stream there is.
    else if (this.#controlBytes > maxControlBytes) this.#owner.stalled();
  }

  /** Sends pieces of messages in one go, announcements first. Only when `isReady`, which it may be again afterwards. */
  write(pieces: readonly Uint8Array[]): void {
    const all = this.#controlBytes === 0 ? pieces : [...this.#control, ...pieces];
    if (all.length === 0) return;
    this.#control = [];
    this.#controlBytes = 0;
    this.#send(all);
    this.#watch();
  }

  /** Says that nothing follows. A viewer that does not take this is as stuck as any other. */
  end(code: number, reason: string): void {
    if (this.#isGone) return;
    if (this.isReady) this.write([]);
    this.#isEnding = true;
    this.#sink.end(code, reason);
    this.#watch();
  }

  /** The viewer has given a sign that it has taken something. */
  noteProgress(): void {
    this.#idleLooks = -1; // The next look may come right away: it does not count.
  }

  /** Drops the connection. */
  destroy(): void {
    this.leave();
    this.#sink.destroy();
  }

  /** The connection has closed. */
  leave(): void {
    this.#isGone = true;
    this.#stall?.cancel();
    this.#control = [];
  }

  // A kernel that has room takes a write at once. Only one that has not is asked to call back: with a thousand viewers the
  // calls would cost as much as all the rest.
  #send(pieces: readonly Uint8Array[]): void {
    const { output } = this.#sink;
    if (pieces.length > 1) output.cork();
    for (const piece of pieces) {
      output.write(piece);
      this.#bytesSent += piece.byteLength;
    }
    if (pieces.length > 1) output.uncork();
    this.#isBusy = output.writableLength > 0;
    if (this.#isBusy) output.write(nothing, this.#written);
    else this.noteProgress();
  }

  readonly #written = (error?: Error | null): void => {
    if (error || this.#isGone) return; // 'close' follows.
    this.#isBusy = false;
    this.noteProgress();
    if (this.#controlBytes > 0 && this.isReady) this.write([]);
    else this.#owner.drained();
  };

  #watch(): void {
    if (this.#stall !== undefined) return;
    this.#idleLooks = 0;
    this.#lookLater();
  }

  #lookLater(): void {
    this.#stall = this.#clock.setTimer(this.#stallTimeoutMs / looksPerTimeout, this.#look);
  }

  readonly #look = (): void => {
    this.#stall = undefined;
    if (!this.#isBusy && !this.#isEnding && !this.#owner.owesSign()) return;
    const unsentBytes = this.#sink.unsentBytes();
    this.#idleLooks = unsentBytes === this.#lastUnsentBytes ? this.#idleLooks + 1 : 0;
    this.#lastUnsentBytes = unsentBytes;
    if (this.#idleLooks < this.#patience()) this.#lookLater();
    else this.#owner.stalled();
  };

  /** Looks without progress until it has stalled. */
  #patience(): number {
    const onlyKernelTells = this.#isBusy && !this.#isEnding && !this.#owner.owesSign();
    return onlyKernelTells ? kernelPatience * looksPerTimeout : looksPerTimeout;
  }
}
