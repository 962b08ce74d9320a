import { RingQueue } from '../core/ring-queue.ts';
import { BaseRoundTrip } from './base-round-trip.ts';

/** A message on its way. */
interface SentMessage {
  readonly bytes: number;
  readonly sentAtMs: number;
  /** How long it had waited before it was sent. */
  readonly waitedMs: number;
  /** What was under way once it was sent, itself included. */
  readonly underWayBytes: number;
}

/** What an acknowledgement has told. */
export interface Acknowledged {
  /** How many messages it was for; 0 when it was a repetition. */
  readonly messages: number;
  /** From the moment the newest of them could have been sent to now, in ms. */
  readonly latencyMs: number;
  /** From the moment it was sent. */
  readonly roundTripMs: number;
}

/** How long data may wait in the queues below us, on top of the bare round trip. RFC 6817 allows as much. */
const targetMs = 100;
/** Before anything is known: a second of queue at 1 Mbit/s. */
const startBytes = 128 << 10;
const maxBytes = 8 << 20;
// So little is always allowed: at less, one late acknowledgement would leave the path empty.
const minBytes = 16 << 10;
const maxMessages = 4096;
// A full path is let run empty for a moment when no message was quick enough to confirm the base for so long, and sooner
// when all of them exceed the limit: then the path may well have become longer.
const confirmIntervalMs = 10_000;
const exceededIntervalMs = 1_000;

/**
 * How much may be under way to a viewer: written and not acknowledged. Kernels and links take megabytes without telling,
 * and what waits there can neither be skipped nor overtaken; so the window keeps it in the ring instead.
 *
 * A message that was sent as `f` bytes were under way and came back after `t` has seen a path that moves `f / t`. What
 * keeps the queue of such a path at the target is `f * (base + target) / t`, whatever else has happened: this is what the
 * window shrinks to at once, also on account of a message whose acknowledgement is overdue. It grows by what is
 * acknowledged, doubling each round trip, while the sender wants more than it allows and queues are short: a jump in rate
 * is found within a few round trips. A sender that wants less learns nothing, and the window stays. Same ideas: FAST TCP
 * (window from base and actual round trip), LEDBAT (RFC 6817: target delay), BBR (app-limited samples, empty the path to
 * measure it). Pure: time is passed in.
 */
export class AckWindow {
  readonly #base = new BaseRoundTrip(targetMs / 4);
  readonly #sent = new RingQueue<SentMessage>(maxMessages);
  #windowBytes = startBytes;
  #underWayBytes = 0;
  #acknowledged = 0;
  /** Acknowledgements of the messages below this number belong to a time when the window was the limit. */
  #limitedBefore = 0;
  #withinLimitAtMs = Number.NEGATIVE_INFINITY;
  /** Since when there has always been something under way. */
  #busySinceMs = 0;
  #isDraining = false;
  /** How long the receiver may take to acknowledge; what is that old is not overdue. */
  ackDelayMs = 0;

  /** Most bytes that may be under way. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** Bytes that are under way. */
  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Messages that are under way. */
  get underWayMessages(): number {
    return this.#sent.length;
  }

  /** Round trip of the bare path in ms; `undefined` before the first acknowledgement. */
  get roundTripMs(): number | undefined {
    return this.#base.ms;
  }

  /** Whether another message may be sent. A sender that is refused is taken to have one. */
  hasRoom(nowMs: number): boolean {
    if (this.#sent.length === 0) return true;
    if (this.#isDraining || this.#sent.isFull) return false;
    if (this.#underWayBytes >= this.#windowBytes)
      this.#limitedBefore = this.#acknowledged + this.#sent.length;
    this.#isDraining = this.#isMeasurementDue(nowMs);
    return !this.#isDraining && this.#underWayBytes < this.#allowance(nowMs);
  }

  /** Notes a message that was sent, after `hasRoom` said it may. */
  send(bytes: number, nowMs: number, waitedMs: number = 0): void {
    if (this.#sent.length === 0) this.#busySinceMs = nowMs;
    this.#underWayBytes += bytes;
    this.#sent.push({ bytes, sentAtMs: nowMs, waitedMs, underWayBytes: this.#underWayBytes });
  }

  /**
   * Notes an acknowledgement.
   *
   * @param received - Messages received since the beginning, modulo 2^32.
   * @returns `undefined` when it is nonsense: fewer than before, or more than were sent.
   */
  acknowledge(received: number, nowMs: number): Acknowledged | undefined {
    const messages = (received - this.#acknowledged) >>> 0;
    if (messages > this.#sent.length) return undefined;
    if (messages === 0) return { messages, latencyMs: 0, roundTripMs: 0 };
    const wasLimited = this.#acknowledged < this.#limitedBefore;
    const oldest = this.#sent.peek()!;
    const underWayBefore = this.#underWayBytes;
    const newest = this.#take(messages);
    const roundTripMs = nowMs - newest.sentAtMs;
    if (oldest.underWayBytes === oldest.bytes) this.#base.noteClean(nowMs - oldest.sentAtMs, nowMs);
    this.#base.note(roundTripMs, nowMs);
    if (this.#sent.length === 0) this.#isDraining = false;
    this.#adapt(newest, roundTripMs, wasLimited ? underWayBefore - this.#underWayBytes : 0, nowMs);
    return { messages, latencyMs: roundTripMs + newest.waitedMs, roundTripMs };
  }

  #take(messages: number): SentMessage {
    let newest = this.#sent.shift()!;
    this.#underWayBytes -= newest.bytes;
    for (let count = 1; count < messages; count++) {
      newest = this.#sent.shift()!;
      this.#underWayBytes -= newest.bytes;
    }
    this.#acknowledged += messages;
    return newest;
  }

  #adapt(newest: SentMessage, roundTripMs: number, limitedBytes: number, nowMs: number): void {
    const limitMs = this.#base.ms! + targetMs;
    if (roundTripMs > limitMs) return this.#shrinkTo((newest.underWayBytes * limitMs) / roundTripMs);
    this.#withinLimitAtMs = nowMs;
    const eagerness = Math.min(1, (2 * (limitMs - roundTripMs)) / targetMs);
    this.#windowBytes = Math.min(maxBytes, this.#windowBytes + limitedBytes * eagerness);
  }

  #shrinkTo(bytes: number): void {
    this.#windowBytes = Math.min(this.#windowBytes, Math.max(minBytes, bytes));
  }

  /** The window, or less when the oldest message is overdue: an upper bound of what it will say once it is acknowledged. */
  #allowance(nowMs: number): number {
    const { ms } = this.#base;
    const oldest = this.#sent.peek()!;
    const ageMs = nowMs - oldest.sentAtMs - this.ackDelayMs;
    if (ms === undefined || ageMs <= ms + targetMs) return this.#windowBytes;
    const bytes = (oldest.underWayBytes * (ms + targetMs)) / ageMs;
    return Math.min(this.#windowBytes, Math.max(minBytes, bytes));
  }

  #isMeasurementDue(nowMs: number): boolean {
    if (this.#base.ms === undefined) return false;
    const confirmedAtMs = Math.max(this.#base.confirmedAtMs, this.#busySinceMs);
    const withinLimitAtMs = Math.max(this.#withinLimitAtMs, this.#busySinceMs);
    return nowMs - confirmedAtMs > confirmIntervalMs || nowMs - withinLimitAtMs > exceededIntervalMs;
  }
}
