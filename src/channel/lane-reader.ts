import { ConfigError, ProtocolError } from '../core/errors.ts';
import { RingQueue } from '../core/ring-queue.ts';
import type { LanePort } from './lane-port.ts';
import type { LaneBatch, LaneCredit } from './wire.ts';

/** What is special about one kind of lane. */
export interface ReaderHooks<Item> {
  readonly wrap?: (value: unknown) => Item;
  readonly onEnd?: () => void;
}

/**
 * The receiving end of a data lane, for one consumer. It holds at most the window of items; taking them lets the writer
 * send more, so a consumer that is slow holds the writer back instead of filling memory.
 */
export class LaneReader<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #items: RingQueue<Item>;
  readonly #windowItems: number;
  readonly #wrap: (value: unknown) => Item;
  readonly #onEnd: () => void;
  #port: LanePort | undefined;
  /** Items at the front that came another way than through the present port, which gets no credit for them. */
  #foreign = 0;
  #uncredited = 0;
  #isCrediting = false;
  #arrivedTotal = 0;
  #takenTotal = 0;
  #discardedTotal = 0;
  #hasConsumer = false;
  #isDraining = false;
  #waiter: PromiseWithResolvers<IteratorResult<Item, undefined>> | undefined;
  #end: { readonly error: unknown } | undefined;

  /** @param hooks - What to make of each value, and what to do when the writer ends its lane. */
  constructor(windowItems: number, hooks: ReaderHooks<Item> = {}) {
    this.#windowItems = windowItems;
    this.#items = new RingQueue(2 * windowItems + 1);
    this.#wrap = hooks.wrap ?? ((value) => value as Item);
    this.#onEnd = hooks.onEnd ?? (() => this.finish());
  }

  /** Reads from this port from now on; `mark` comes between the last item of another one and the first of this. */
  attach(port: LanePort, mark?: Item): void {
    this.#port?.close();
    this.#port = port;
    this.#uncredited = 0;
    // Ports that come and go under a consumer that takes nothing must not fill memory.
    for (; this.#items.length > this.#windowItems; this.#discardedTotal++) this.#items.shift();
    if (mark !== undefined) this.#items.push(mark);
    this.#foreign = this.#items.length;
    this.#wake();
    port.onMessage((batch: LaneBatch) => {
      if (this.#port !== port) return;
      if ('items' in batch) this.#receive(batch.items);
      else this.#onEnd();
    });
  }

  /** Items received and not yet taken. */
  get unread(): number {
    return this.#items.length;
  }

  /** Items received so far. */
  get arrivedTotal(): number {
    return this.#arrivedTotal;
  }

  /** Items taken by the consumer so far. */
  get takenTotal(): number {
    return this.#takenTotal;
  }

  /** Items that nobody was there to take while the lane drained. */
  get discardedTotal(): number {
    return this.#discardedTotal;
  }

  /** Whether the worker ended its lane itself, everything having been taken. */
  get hasFinished(): boolean {
    return this.#end !== undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item; done when the worker ended its lane. Rejects when the worker ended any other way. */
  async next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#waiter !== undefined)
      throw new ConfigError('the data lane has one consumer; next() is pending already');
    this.#hasConsumer = true;
    if (this.#items.length > 0) return { done: false, value: this.#take() };
    if (this.#end !== undefined) return this.#ending(this.#end.error);
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  /** Leaves the loop. The lane stays open for another one; when it drains, nothing waits for that. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#hasConsumer = false;
    this.#waiter?.resolve({ done: true, value: undefined });
    this.#waiter = undefined;
    if (this.#isDraining) this.#discard();
    return { done: true, value: undefined };
  }

  /**
   * From now on the writer waits to get rid of what it still has. Whoever is in a loop over the lane, or starts one before
   * the event loop turns, gets it all; while nobody is, it is discarded and counted.
   */
  drain(): void {
    this.#isDraining = true;
    setImmediate(() => this.#discard());
  }

  /** Ends the lane behind the items that wait. The first call counts. */
  finish(error?: unknown): void {
    this.#end ??= { error };
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(this.#ending(this.#end.error));
  }

  #receive(items: readonly unknown[]): void {
    if (items.length > this.#windowItems) {
      const what = `batch of ${items.length} items, limit ${this.#windowItems}`;
      throw new ProtocolError('PROTOCOL_MESSAGE_TOO_LARGE', what);
    }
    this.#arrivedTotal += items.length;
    for (const item of items) this.#items.push(this.#wrap(item));
    if (this.#isDraining) this.#discard();
    this.#wake();
  }

  #wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined || this.#items.length === 0) return;
    this.#waiter = undefined;
    waiter.resolve({ done: false, value: this.#take() });
  }

  #take(): Item {
    const item = this.#items.shift() as Item;
    this.#takenTotal++;
    if (this.#foreign > 0) this.#foreign--;
    else this.#uncredited++;
    // Often enough that the writer does not wait for credit while the consumer works, and not for each item.
    if (this.#uncredited >= this.#windowItems >> 2 || this.#items.length === 0) this.#scheduleCredit();
    return item;
  }

  #discard(): void {
    if (this.#hasConsumer || this.#items.length === 0) return;
    this.#discardedTotal += this.#items.length;
    this.#uncredited += this.#items.length - this.#foreign;
    this.#foreign = 0;
    this.#items.clear();
    this.#giveCredit();
  }

  // Once a turn: one message for many items, and a consumer that keeps up lets the event loop turn.
  #scheduleCredit(): void {
    if (this.#isCrediting) return;
    this.#isCrediting = true;
    setImmediate(() => {
      this.#isCrediting = false;
      this.#giveCredit();
    });
  }

  #giveCredit(): void {
    if (this.#uncredited === 0) return;
    this.#port?.post({ taken: this.#uncredited } satisfies LaneCredit);
    this.#uncredited = 0;
  }

  async #ending(error: unknown): Promise<IteratorResult<Item, undefined>> {
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }
}
