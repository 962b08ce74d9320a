import type { Clock, Timer } from '../core/clock.ts';
import type { ViewerSink } from './viewer-sink.ts';

/** Who a {@link ViewerLink} works for. */
export interface LinkOwner {
  /** The kernel has taken all that was written. */
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

  /** Bytes written so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Sends a message ahead of everything that waits. */
  announce(message: Uint8Array): void {
    if (this.#isGone) return;
    this.#control.push(message);
    this.#controlBytes += message.byteLength;
    if (this.#controlBytes > maxControlBytes) this.#owner.stalled();
    else if (this.isReady) this.write([]);
  }

  /** Sends pieces of messages in one go, announcements first. Only when `isReady`. */
  write(pieces: readonly Uint8Array[]): void {
    const all = this.#controlBytes === 0 ? pieces : [...this.#control, ...pieces];
    if (all.length === 0) return;
    this.#control = [];
    this.#controlBytes = 0;
    this.#isBusy = true;
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

  #send(pieces: readonly Uint8Array[]): void {
    const { output } = this.#sink;
    const last = pieces.length - 1;
    output.cork();
    for (let index = 0; index < last; index++) output.write(pieces[index]!);
    output.write(pieces[last]!, this.#written);
    output.uncork();
    for (const { byteLength } of pieces) this.#bytesSent += byteLength;
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
    if (this.#idleLooks < looksPerTimeout) this.#lookLater();
    else this.#owner.stalled();
  };
}
