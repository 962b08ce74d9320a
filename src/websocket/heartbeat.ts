import type { Clock, Timer } from '../core/clock.ts';

/** Somebody whose life is looked after. */
export interface Pinged {
  /** Asks for a sign of life; `undefined` when the connection has no way to. */
  readonly ping: (() => void) | undefined;
  /** Set it when anything comes from the peer. */
  isAlive: boolean;
}

// A ping costs some 20 µs, so ten thousand at once would hold up every picture for a fifth of a second.
const stepPeers = 100;
const stepMs = 20;

/** Pings everybody at an interval and finds those who gave no sign of life since the last ping: half-open connections. */
export class Heartbeat<Peer extends Pinged> {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onSilent: (peer: Peer) => void;
  readonly #peers = new Set<Peer>();
  #timer: Timer | undefined;
  #stepTimer: Timer | undefined;

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
    this.#stepTimer?.cancel();
    this.#timer = undefined;
  }

  #round(): void {
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#round());
    this.#stepTimer?.cancel();
    // A round is over before the next one begins, however many there are.
    const perStep = Math.max(stepPeers, Math.ceil((2 * stepMs * this.#peers.size) / this.#intervalMs));
    this.#step([...this.#peers], 0, perStep);
  }

  #step(peers: readonly Peer[], from: number, count: number): void {
    const to = from + count;
    if (to < peers.length) this.#stepTimer = this.#clock.setTimer(stepMs, () => this.#step(peers, to, count));
    for (const peer of peers.slice(from, to)) if (this.#peers.has(peer)) this.#look(peer);
  }

  #look(peer: Peer): void {
    if (!peer.isAlive) this.#onSilent(peer);
    else peer.ping?.();
    peer.isAlive = false;
  }
}
