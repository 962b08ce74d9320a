import type { MessagePort } from 'node:worker_threads';
import { ConfigError } from '../core/errors.ts';
import { RingQueue } from '../core/ring-queue.ts';
import type { LaneBatch, LaneCredit } from './lane-writer.ts';

/**
 * The receiving end of a data lane, for one consumer. It holds at most the window of items; taking them lets the worker
 * send more, so a consumer that is slow holds the worker back instead of filling memory.
 */
export class LaneReader<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #port: MessagePort;
  readonly #items: RingQueue<Item>;
  readonly #creditEvery: number;
  #taken = 0;
  #takenTotal = 0;
  #waiter: PromiseWithResolvers<IteratorResult<Item, undefined>> | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(port: MessagePort, windowItems: number) {
    this.#port = port;
    this.#items = new RingQueue(windowItems);
    this.#creditEvery = Math.max(1, windowItems >> 2);
    port.on('message', (batch: LaneBatch) => ('items' in batch ? this.#receive(batch.items) : this.finish()));
  }

  /** Items received and not yet taken. */
  get waiting(): number {
    return this.#items.length;
  }

  /** Whether the worker ended its lane itself, everything having been taken. */
  get hasFinished(): boolean {
    return this.#end !== undefined;
  }

  /** Items taken by the consumer so far. */
  get takenTotal(): number {
    return this.#takenTotal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item; done when the worker ended its lane. Rejects when the worker ended any other way. */
  async next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#waiter !== undefined)
      throw new ConfigError('the data lane has one consumer; next() is pending already');
    if (this.#items.length > 0) return { done: false, value: this.#take() };
    if (this.#end !== undefined) return this.#ending(this.#end.error);
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  /** Leaves the loop. The lane stays open for another one. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    return { done: true, value: undefined };
  }

  /** Ends the lane behind the items that wait. The first call counts. */
  finish(error?: unknown): void {
    this.#end ??= { error };
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(this.#ending(this.#end.error));
  }

  #receive(items: readonly unknown[]): void {
    for (const item of items) this.#items.push(item as Item);
    const waiter = this.#waiter;
    if (waiter === undefined || this.#items.length === 0) return;
    this.#waiter = undefined;
    waiter.resolve({ done: false, value: this.#take() });
  }

  #take(): Item {
    const item = this.#items.shift() as Item;
    this.#takenTotal++;
    if (++this.#taken >= this.#creditEvery || this.#items.length === 0) {
      this.#port.postMessage({ taken: this.#taken } satisfies LaneCredit);
      this.#taken = 0;
    }
    return item;
  }

  async #ending(error: unknown): Promise<IteratorResult<Item, undefined>> {
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }
}
