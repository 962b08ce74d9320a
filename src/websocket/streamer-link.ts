import { WebSocket } from 'ws';
import type { Clock, Timer } from '../core/clock.ts';

// Answers are small and few. Who has left this much unread behind what the kernel holds reads nothing at all.
const maxUnreadBytes = 64 << 10;

// What a peer may take to read why it is closed, and to say goodbye.
const closeTimeoutMs = 1_000;

/** The way to a streamer: what it is told, and how the connection ends. */
export class StreamerLink {
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  readonly #onUnread: () => void;
  #closing: Timer | undefined;

  /** @param onUnread - Called instead of sending when the streamer does not read. */
  constructor(webSocket: WebSocket, clock: Clock, onUnread: () => void) {
    this.#webSocket = webSocket;
    this.#clock = clock;
    this.#onUnread = onUnread;
  }

  /** Sends a message as JSON. */
  say(message: { readonly type: string; readonly [member: string]: unknown }): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    if (this.#webSocket.bufferedAmount > maxUnreadBytes) return this.#onUnread();
    this.#webSocket.send(JSON.stringify(message));
  }

  /** Asks for a sign of life in both ways there are: a page answers the message, its browser the frame. */
  ping(): void {
    this.say({ type: 'ping', t: this.#clock.wallMs() });
    if (this.#webSocket.readyState === WebSocket.OPEN) this.#webSocket.ping();
  }

  /** Says goodbye, and drops the connection when the streamer does not. */
  close(code: number, reason: string): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return;
    this.#webSocket.close(code, reason);
    this.#closing = this.#clock.setTimer(closeTimeoutMs, () => this.drop());
  }

  /** Drops the connection. */
  drop(): void {
    this.#webSocket.terminate();
  }

  /** The connection has gone. */
  release(): void {
    this.#closing?.cancel();
  }
}
