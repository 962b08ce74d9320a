import type { MessagePort, Transferable } from 'node:worker_threads';
import { onAbort } from '../core/abort.ts';
import { checkInteger } from '../core/check.ts';
import { describeError } from '../core/error-transfer.ts';
import { ClosedError, ConfigError } from '../core/errors.ts';
import { Mailbox } from '../core/mailbox.ts';
import { RingQueue } from '../core/ring-queue.ts';
import type { StatePage } from './state-page.ts';

/** What the writer does with an item when its queue is full. */
export type LaneOverflow =
  /** `write` waits for room; `tryWrite` refuses. */
  | 'block'
  /** The oldest waiting items make room. */
  | 'drop-oldest'
  /** The item itself is dropped. */
  | 'drop-newest';

/** The bounds of a data lane. */
export interface LaneLimits {
  /** Items that may wait in the worker. */
  readonly capacity: number;
  /** Bytes that may wait in the worker. */
  readonly maxBytes: number;
  /** Items that may be on their way or unread in the parent. */
  readonly windowItems: number;
  /** Bytes that may be on their way or unread in the parent. */
  readonly windowBytes: number;
  readonly overflow: LaneOverflow;
}

/** Options of one write. */
export interface WriteOptions {
  /** Buffers to hand over instead of copying. They cannot be used here afterwards. */
  readonly transfer?: readonly Transferable[];
  /** What the item counts against the byte bounds, from 0. Default: the length of the transferred buffers. */
  readonly bytes?: number;
  /** Gives up the wait for room. */
  readonly signal?: AbortSignal;
}

/** What the writer posts: the items of one tick, or the end. */
export type LaneBatch = { readonly items: readonly unknown[] } | { readonly end: true };
/** What the reader posts back: how many items were taken. */
export interface LaneCredit {
  readonly taken: number;
}

interface QueuedItem {
  readonly item: unknown;
  readonly transfer: readonly Transferable[];
  readonly bytes: number;
}

// A producer that never leaves its tick (a synchronous loop) is flushed after this many items.
const flushEveryItems = 32;

/**
 * The sending end of a data lane: a bounded queue, and a window of items that are on their way. All items of one tick
 * go in one message; the reader gives the window back as its consumer takes items.
 */
export class LaneWriter<Item> {
  readonly #port: MessagePort;
  readonly #limits: LaneLimits;
  readonly #page: StatePage;
  readonly #queue: RingQueue<QueuedItem>;
  /** Sizes of the items on their way, oldest first. */
  readonly #inFlight: RingQueue<number>;
  readonly #roomWaiters = new Set<() => void>();
  #queuedBytes = 0;
  #inFlightBytes = 0;
  #isFlushing = false;
  readonly #writes = new Mailbox();
  #waitingWrites = 0;
  #isClosing = false;
  #hasEnded = false;

  constructor(port: MessagePort, limits: LaneLimits, page: StatePage) {
    this.#port = port;
    this.#limits = limits;
    this.#page = page;
    this.#queue = new RingQueue(limits.capacity);
    this.#inFlight = new RingQueue(limits.windowItems);
    port.on('message', (credit: LaneCredit) => this.#onCredit(credit.taken));
  }

  /** Whether an item is taken now. The byte bound is checked before the item, so one item may reach beyond it. */
  get hasRoom(): boolean {
    return !this.#queue.isFull && this.#queuedBytes < this.#limits.maxBytes;
  }

  get queuedItems(): number {
    return this.#queue.length + this.#inFlight.length;
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
      await this.#nextChange(signal);
    }
  }

  /** Takes nothing new, waits until the parent's consumer has taken everything, and closes the port. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake();
    while (this.queuedItems + this.#waitingWrites > 0) {
      this.#flush();
      await this.#nextChange();
    }
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#port.postMessage({ end: true } satisfies LaneBatch);
    this.#port.close();
  }

  async #insist(item: Item, options: WriteOptions): Promise<void> {
    while (!this.#offer(item, options)) {
      options.signal?.throwIfAborted();
      await this.#nextChange(options.signal);
    }
  }

  #offer(item: Item, options: WriteOptions): boolean {
    const { transfer = [], bytes = transferBytes(transfer) } = options;
    checkInteger('bytes', bytes, 0);
    const { overflow } = this.#limits;
    if (!this.hasRoom && overflow === 'block') return false;
    if (!this.hasRoom && overflow === 'drop-newest') {
      this.#page.add('droppedItems', 1);
      return true;
    }
    while (!this.hasRoom) this.#dropOldest();
    this.#queue.push({ item, transfer, bytes });
    this.#countQueued(bytes);
    this.#scheduleFlush();
    return true;
  }

  #refuseWhenClosing(): void {
    if (this.#isClosing) throw new ClosedError('the data lane is closed');
  }

  #dropOldest(): void {
    this.#page.add('droppedItems', 1);
    this.#countQueued(-(this.#queue.shift()?.bytes ?? 0));
  }

  #scheduleFlush(): void {
    if (this.#queue.length >= flushEveryItems) return this.#flush();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#hasEnded) this.#flush();
    });
  }

  #flush(): void {
    const batch: QueuedItem[] = [];
    while (this.#hasWindow) {
      const queued = this.#queue.shift();
      if (queued === undefined) break;
      this.#countQueued(-queued.bytes);
      this.#inFlight.push(queued.bytes);
      this.#inFlightBytes += queued.bytes;
      batch.push(queued);
    }
    if (batch.length === 0) return;
    this.#send(batch);
    this.#wake();
  }

  #send(batch: readonly QueuedItem[]): void {
    const items = batch.map(({ item }) => item);
    const transfer = batch.flatMap((queued) => queued.transfer);
    try {
      this.#port.postMessage({ items } satisfies LaneBatch, transfer);
    } catch (error) {
      if (batch.length === 1) return this.#dropUnsendable(error);
      for (const queued of batch) this.#send([queued]); // Nothing was sent; the good ones of the batch still go.
    }
  }

  // Its writer is long gone, so nobody could catch this: it ends the worker, unless that survives uncaught errors. Sizes
  // in flight are interchangeable here, as only their sum is looked at.
  #dropUnsendable(cause: unknown): void {
    this.#page.add('droppedItems', 1);
    this.#inFlightBytes -= this.#inFlight.shift() ?? 0;
    const message = `an item of the data lane was dropped: ${describeError(cause)}`;
    setImmediate(() => {
      throw new ConfigError(message, { cause });
    });
  }

  // The first item may pass the byte window alone, or one larger than the window would never leave.
  get #hasWindow(): boolean {
    if (this.#inFlight.length === 0) return true;
    return !this.#inFlight.isFull && this.#inFlightBytes < this.#limits.windowBytes;
  }

  #onCredit(taken: number): void {
    for (let index = 0; index < taken; index++) this.#inFlightBytes -= this.#inFlight.shift() ?? 0;
    this.#flush();
    this.#wake();
  }

  #countQueued(bytes: number): void {
    this.#queuedBytes += bytes;
    this.#page.set('queuedItems', this.#queue.length);
    this.#page.set('queuedBytes', this.#queuedBytes);
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

function transferBytes(transfer: readonly Transferable[]): number {
  let bytes = 0;
  for (const item of transfer) if (item instanceof ArrayBuffer) bytes += item.byteLength;
  return bytes;
}
