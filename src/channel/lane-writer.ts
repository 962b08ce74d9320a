import type { Transferable } from 'node:worker_threads';
import { onAbort } from '../core/abort.ts';
import { checkInteger } from '../core/check.ts';
import { describeError } from '../core/error-transfer.ts';
import { ClosedError, ConfigError } from '../core/errors.ts';
import { Mailbox } from '../core/mailbox.ts';
import { RingQueue } from '../core/ring-queue.ts';
import { itemBytes, LaneBuffer, type QueuedItem } from './lane-buffer.ts';
import type { LaneLimits } from './lane-limits.ts';
import type { LanePort } from './lane-port.ts';
import type { LaneBatch, LaneCredit } from './wire.ts';

/** Options of one write. */
export interface WriteOptions {
  /** Buffers to hand over instead of copying. They cannot be used here afterwards. */
  readonly transfer?: readonly Transferable[];
  /**
   * What the item counts against the byte bounds, from 0. Default: the length of the transferred buffers, or of the item
   * itself if it is a typed array.
   */
  readonly bytes?: number;
  /** Gives up the wait for room. */
  readonly signal?: AbortSignal;
}

// A producer that never leaves its tick (a synchronous loop) is flushed after this many items.
const flushEveryItems = 32;

/**
 * The sending end of a data lane: a bounded queue, and a window of items that are on their way. All items of one tick
 * go in one message; the reader gives the window back as its consumer takes items.
 */
export class LaneWriter<Item> {
  readonly #limits: LaneLimits;
  readonly #publish: (counts: Uint32Array) => void;
  readonly #buffer: LaneBuffer;
  /** Sizes of the items on their way, oldest first. */
  readonly #inFlight: RingQueue<number>;
  readonly #roomWaiters = new Set<() => void>();
  readonly #writes = new Mailbox();
  #port: LanePort | undefined;
  #inFlightBytes = 0;
  #isFlushing = false;
  #waitingWrites = 0;
  #blockedWriters = 0;
  #blockedSinceMs = 0;
  #blockedMs = 0;
  #isClosing = false;
  #hasEnded = false;

  /** @param publish - Gets the lane's counters, in the order of `laneCounters`, when they have changed. */
  constructor(limits: LaneLimits, publish: (counts: Uint32Array) => void) {
    this.#limits = limits;
    this.#publish = publish;
    this.#buffer = new LaneBuffer(limits);
    this.#inFlight = new RingQueue(limits.windowItems);
  }

  /** Whether an item is taken now. */
  get hasRoom(): boolean {
    return this.#buffer.hasRoom;
  }

  /** The lane's counters, in the order of `laneCounters`. */
  get counts(): Uint32Array {
    return this.#buffer.counts;
  }

  get queuedItems(): number {
    return this.#buffer.length + this.#inFlight.length;
  }

  /** Sends through this port from now on. What was on its way through another one is lost, and counted. */
  attach(port: LanePort): void {
    if (this.#port !== undefined) this.#detach();
    this.#port = port;
    port.onMessage((credit: LaneCredit) => {
      if (this.#port === port) this.#onCredit(credit.taken);
    });
    void port.closed.then(() => {
      if (this.#port === port) this.#detach();
    });
    this.#flush();
  }

  /**
   * Puts an item on the lane without waiting. `false` when there is no room and the policy is `'block'`: the item was
   * not taken and its buffers are untouched.
   *
   * @throws {ClosedError} when the lane is closed, {@link ConfigError} when `bytes` is no size.
   */
  tryWrite(item: Item, options: WriteOptions = {}): boolean {
    this.#refuseWhenClosing();
    return this.#waitingWrites === 0 && this.#offer(item, options);
  }

  /** Puts an item on the lane, waiting for room under `'block'`. What waits when the lane closes still goes, in order. */
  async write(item: Item, options: WriteOptions = {}): Promise<void> {
    this.#refuseWhenClosing();
    if (this.#waitingWrites === 0 && this.#offer(item, options)) return;
    this.#waitingWrites++;
    try {
      // Room that appears belongs to whoever has waited longest, not to a write that comes by just then.
      await this.#writes.post(() => this.#insist(item, options));
    } finally {
      this.#waitingWrites--;
      if (this.#isClosing) this.#wake();
    }
  }

  /**
   * Waits until the lane has room.
   *
   * @throws {ClosedError} when it closes first, or the signal's reason when that aborts.
   */
  async room(signal?: AbortSignal): Promise<void> {
    while (!this.hasRoom) {
      this.#refuseWhenClosing();
      signal?.throwIfAborted();
      await this.#blocked(signal);
    }
  }

  /** Takes nothing new, waits until the consumer has taken everything or is gone for good, and closes the port. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    while (this.#port !== undefined && this.queuedItems + this.#waitingWrites > 0) {
      this.#flush();
      await this.#nextChange();
    }
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#buffer.count('lostItems', this.#buffer.length);
    this.#port?.post({ end: true } satisfies LaneBatch);
    this.#port?.close();
    this.#wake();
  }

  /** Publishes the counters. Done at every change; a wait changes them all the time. */
  publish(): void {
    this.#countBlocked();
    this.#publish(this.#buffer.counts);
  }

  async #insist(item: Item, options: WriteOptions): Promise<void> {
    while (!this.#offer(item, options)) {
      options.signal?.throwIfAborted();
      if (this.#hasEnded) throw new ClosedError('the data lane is closed');
      await this.#blocked(options.signal);
    }
  }

  #offer(item: Item, options: WriteOptions): boolean {
    const { transfer = [], bytes = itemBytes(item, transfer) } = options;
    checkInteger('bytes', bytes, 0, 0x7fff_ffff);
    if (!this.#buffer.offer({ item, transfer, bytes })) return false;
    this.#scheduleFlush();
    return true;
  }

  #refuseWhenClosing(): void {
    if (this.#isClosing) throw new ClosedError('the data lane is closed');
  }

  #scheduleFlush(): void {
    if (this.#buffer.length >= flushEveryItems) this.#flush();
    else this.#flushNextTurn();
  }

  #flushNextTurn(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#hasEnded) this.#flush();
      this.#wake();
    });
  }

  #flush(): void {
    const batch: QueuedItem[] = [];
    while (this.#hasWindow) {
      const queued = this.#buffer.shift();
      if (queued === undefined) break;
      this.#inFlight.push(queued.bytes);
      this.#inFlightBytes += queued.bytes;
      batch.push(queued);
    }
    this.#buffer.count('sentItems', batch.length);
    this.publish();
    if (batch.length === 0) return;
    this.#send(batch);
    this.#wake();
  }

  #send(batch: readonly QueuedItem[]): void {
    const items = batch.map(({ item }) => item);
    const transfer = batch.flatMap((queued) => queued.transfer);
    try {
      this.#port?.post({ items } satisfies LaneBatch, transfer);
    } catch (error) {
      if (batch.length === 1) return this.#dropUnsendable(batch[0]!, error);
      for (const queued of batch) this.#send([queued]); // Nothing was sent; the good ones of the batch still go.
    }
  }

  // Its writer is long gone, so nobody could catch this: it ends the worker, unless that survives uncaught errors. Sizes
  // in flight are interchangeable here, as only their sum is looked at.
  #dropUnsendable(queued: QueuedItem, cause: unknown): void {
    this.#buffer.countDropped(queued);
    this.#buffer.count('sentItems', -1);
    this.#inFlightBytes -= this.#inFlight.shift() ?? 0;
    this.publish();
    this.#flushNextTurn(); // No credit will come for it.
    const message = `an item of the data lane was dropped: ${describeError(cause)}`;
    setImmediate(() => {
      throw new ConfigError(message, { cause });
    });
  }

  // The first item may pass the byte window alone, or one larger than the window would never leave.
  get #hasWindow(): boolean {
    if (this.#port === undefined) return false;
    if (this.#inFlight.length === 0) return true;
    return !this.#inFlight.isFull && this.#inFlightBytes < this.#limits.windowBytes;
  }

  // Not at once: a port hands over messages as long as there are any, so two ends that answer each other from within
  // would keep their event loops from turning, and control messages waiting.
  #onCredit(taken: number): void {
    for (let index = 0; index < taken; index++) this.#inFlightBytes -= this.#inFlight.shift() ?? 0;
    this.#flushNextTurn();
  }

  #detach(): void {
    this.#port?.close();
    this.#port = undefined;
    this.#buffer.count('lostItems', this.#inFlight.length);
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.publish();
    this.#wake();
  }

  async #blocked(signal: AbortSignal | undefined): Promise<void> {
    if (this.#blockedWriters++ === 0) this.#blockedSinceMs = performance.now();
    await this.#nextChange(signal);
    this.#countBlocked();
    this.#blockedWriters--;
  }

  // The time during which somebody waits, not the sum of all who do.
  #countBlocked(): void {
    if (this.#blockedWriters === 0) return;
    const nowMs = performance.now();
    this.#blockedMs += nowMs - this.#blockedSinceMs;
    this.#blockedSinceMs = nowMs;
    this.#buffer.setBlockedMs(this.#blockedMs);
  }

  #nextChange(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#roomWaiters.add(resolve);
    const release = onAbort(signal, resolve);
    return promise.finally(() => {
      this.#roomWaiters.delete(resolve);
      release();
    });
  }

  #wake(): void {
    for (const wake of this.#roomWaiters) wake();
  }
}
