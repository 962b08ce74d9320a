import type { Clock, Timer } from '../core/clock.ts';

/** Somebody whose life is looked after. */
export interface Pinged {
  /** Asks for a sign of life; `undefined` when the connection has no way to. */
  readonly ping: (() => void) | undefined;
  /** Set it when anything comes from the peer. */
  isAlive: boolean;
}

/** Pings everybody at an interval and finds those who gave no sign of life since the last ping: half-open connections. */
export class Heartbeat<Peer extends Pinged> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onSilent: (peer: Peer) => void;
  readonly #peers = new Set<Peer>();
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, onSilent: (peer: Peer) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#onSilent = onSilent;
  }

  /** Looks after `peer` from now on. */
  add(peer: Peer): void {
    if (peer.ping === undefined) return;
    this.#peers.add(peer);
    this.#timer ??= this.#clock.setTimer(this.#intervalMs, () => this.#round());
  }

  /** Forgets `peer`. Runs no timer without peers. */
  remove(peer: Peer): void {
    if (!this.#peers.delete(peer) || this.#peers.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #round(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#round());
    for (const peer of [...this.#peers]) {
      if (!peer.isAlive) this.#onSilent(peer);
      else peer.ping?.();
      peer.isAlive = false;
    }
  }
}
