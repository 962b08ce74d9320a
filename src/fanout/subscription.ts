import { onAbort } from '../core/abort.ts';
import { checkInteger } from '../core/check.ts';
import { ConfigError } from '../core/errors.ts';
import { Cursor } from './cursor.ts';
import { checkMaxLag, type ResolvedSubscribeOptions } from './options.ts';
import type { PushGroup, PushMember } from './push-group.ts';
import type { Ring } from './ring.ts';
import type { Watched } from './stall-watch.ts';
import type { Gap, MaxLag, Subscription, SubscriptionEnd, SubscriptionStats } from './types.ts';
import type { Waiter } from './wait-list.ts';

/** What a subscription needs from its fanout. */
export interface SubscriptionHost<T> {
  readonly ring: Ring<T>;
  readonly pushed: PushGroup<T>;
  /** Whether items have a size. */
  readonly hasSizes: boolean;
  /** It has read everything: it wants to be woken. */
  wait(subscription: RingSubscription<T>): void;
  /** It has ended. */
  detach(subscription: RingSubscription<T>): void;
  /** One of its callbacks threw, or its promise rejected. */
  reportFailure(subscription: RingSubscription<T>, error: unknown): void;
}

/** A call of `next` that waits. */
type PendingNext = PromiseWithResolvers<IteratorResult<unknown, undefined>>;

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true };
const doNothing = (): void => {};

/** A cursor with the three ways to consume it, and its end. The fanout calls `deliver`, `wake` and `endIfLagging`. */
export class RingSubscription<T> implements Subscription<T>, Waiter, PushMember<T>, Watched {
  readonly #host: SubscriptionHost<T>;
  readonly #ring: Ring<T>;
  readonly #cursor: Cursor<T>;
  readonly #options: ResolvedSubscribeOptions<T>;
  #end: SubscriptionEnd | undefined;
  #release: () => void = doNothing;
  #pending: PendingNext | undefined;
  #takeForPending: () => unknown = doNothing;
  #isSettling = false;
  #reportedMissed = 0;
  readonly onItem: (item: T) => unknown;
  waitIndex = -1;
  packIndex = -1;

  constructor(host: SubscriptionHost<T>, options: ResolvedSubscribeOptions<T>) {
    this.#host = host;
    this.#ring = host.ring;
    this.#cursor = new Cursor(host.ring, options, this);
    this.#options = options;
    this.onItem = options.onItem ?? doNothing;
  }

  get end(): SubscriptionEnd | undefined {
    return this.#end;
  }

  /** Items lost so far. */
  get missed(): number {
    this.#host.pushed.sync(this);
    return this.#cursor.missed;
  }

  get stallTimeoutMs(): number {
    return this.#options.stallTimeoutMs ?? Number.POSITIVE_INFINITY;
  }

  get handedOver(): number {
    this.#host.pushed.sync(this);
    return this.#cursor.handedOver;
  }

  /** Whether it takes every item by callback, and so never waits in a list. */
  get isPushed(): boolean {
    return this.#options.onItem !== undefined;
  }

  /** Items lost since the last call. */
  takeUnreported(): number {
    const unreported = this.missed - this.#reportedMissed;
    this.#reportedMissed = this.missed;
    return unreported;
  }

  read(): T | undefined {
    this.#ring.expire();
    this.#host.pushed.part(this);
    const item = this.#take();
    if (item === undefined && this.#end === undefined && !this.isPushed) this.#host.wait(this);
    return item;
  }

  unsubscribe(): void {
    this.finish({ reason: 'unsubscribed' });
  }

  limitLag(maxLag: MaxLag): void {
    checkMaxLag(maxLag, this.#host.hasSizes);
    this.#host.pushed.part(this);
    this.#cursor.limitLag(maxLag);
  }

  stats(): SubscriptionStats {
    this.#ring.expire();
    this.#host.pushed.sync(this);
    return this.#cursor.stats();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return this.#iterate(() => this.read());
  }

  batches(maxItems: number = 64): AsyncIterable<readonly T[], undefined> {
    checkInteger('maxItems', maxItems, 1, 1 << 20);
    const iterator = this.#iterate(() => this.#readBatch(maxItems));
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** Follows the signal. Apart from the constructor, because an aborted signal ends the subscription at once. */
  follow(signal: AbortSignal | undefined): void {
    const release = onAbort(signal, () => this.finish({ reason: 'aborted', cause: signal?.reason }));
    this.#release = release;
  }

  /** Gives `onItem` everything up to now. What it publishes itself comes with the next delivery. */
  deliver(): void {
    const cursor = this.#cursor;
    const limit = this.#ring.head;
    try {
      for (let item = cursor.take(); item !== undefined; item = cursor.take()) {
        this.watch(this.onItem(item));
        if (cursor.next >= limit && !cursor.owesRetained && this.#ring.end === undefined) return;
      }
      this.#concludeIfOver();
    } catch (error) {
      this.fail(error);
    }
  }

  packPosition(): number {
    return this.#cursor.isPlain ? this.#cursor.next : -1;
  }

  moveTo(sequence: number): void {
    this.#cursor.moveTo(sequence);
  }

  wake(): boolean {
    if (this.#pending !== undefined) return this.#settle(this.#pending);
    if (!this.#hasNext()) return this.#end !== undefined;
    try {
      this.watch(this.#options.onReadable?.());
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  /** Ends a subscriber that shall be disconnected rather than lag, even if it never reads again. */
  endIfLagging(): void {
    this.#host.pushed.sync(this);
    if (this.#cursor.isLagging) this.#hasNext();
  }

  isOwed(): boolean {
    return this.waitIndex < 0 && this.#hasNext();
  }

  stall(): void {
    this.abandon((missed) => ({ reason: 'stalled', missed }));
  }

  /** Ends it with what it has not read as a loss, unless it has read everything there will be. */
  abandon(end: (missed: number) => SubscriptionEnd): void {
    if (!this.#hasNext() && this.#end !== undefined) return;
    try {
      this.#cursor.abandon(end);
      this.#concludeIfOver();
    } catch (error) {
      this.fail(error);
    }
  }

  tell(gap: Gap): void {
    this.watch(this.#options.onGap?.(gap));
  }

  /** Looks after what a callback returned: a promise that nobody watches would end the process when it rejects. */
  watch(returned: unknown): void {
    if (returned instanceof Promise) returned.catch((error: unknown) => this.fail(error));
  }

  /** Ends the subscription; the first end stays. */
  finish(end: SubscriptionEnd): void {
    if (this.#end !== undefined) return;
    this.#host.pushed.part(this);
    this.#end = end;
    this.#cursor.close();
    this.#release();
    this.#host.detach(this);
    if (!this.#isSettling) this.#finishPending();
    if (this.#options.onEnd !== undefined) queueMicrotask(() => this.#tellEnd(end));
  }

  fail(error: unknown): void {
    this.finish({ reason: 'failed', error });
    this.#host.reportFailure(this, error);
  }

  #iterate<Value>(take: () => Value | undefined): AsyncIterator<Value, undefined> {
    if (this.isPushed) throw new ConfigError('a subscription with onItem cannot be iterated');
    return {
      next: () => this.#next(take),
      return: async () => {
        this.unsubscribe();
        return finished;
      },
    };
  }

  #next<Value>(take: () => Value | undefined): Promise<IteratorResult<Value, undefined>> {
    if (this.#pending !== undefined) return this.#pending.promise.then(() => this.#next(take));
    const value = take();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#end !== undefined) return Promise.resolve(finished);
    this.#takeForPending = take;
    this.#pending = Promise.withResolvers();
    return this.#pending.promise as Promise<IteratorResult<Value, undefined>>; // `#settle` gives it what `take` gives.
  }

  // Taking the last value may end the subscription, and the end must not take the value's place.
  #settle(pending: PendingNext): boolean {
    this.#isSettling = true;
    const value = this.#takeForPending();
    this.#isSettling = false;
    if (value === undefined && this.#end === undefined) return false;
    this.#pending = undefined;
    pending.resolve(value === undefined ? finished : { value, done: false });
    return true;
  }

  #finishPending(): void {
    this.#pending?.resolve(finished);
    this.#pending = undefined;
  }

  #readBatch(maxItems: number): T[] | undefined {
    const first = this.read();
    if (first === undefined) return undefined;
    const batch = [first];
    while (batch.length < maxItems && this.#hasNext() && !this.#cursor.owesNotice) {
      const item = this.#take();
      if (item !== undefined) batch.push(item);
    }
    return batch;
  }

  #take(): T | undefined {
    try {
      const item = this.#cursor.take();
      if (item === undefined) this.#concludeIfOver();
      return item;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #hasNext(): boolean {
    try {
      if (this.#cursor.hasNext()) return true;
      this.#concludeIfOver();
    } catch (error) {
      this.fail(error);
    }
    return false;
  }

  #concludeIfOver(): void {
    const end = this.#cursor.outcome;
    if (end === undefined || this.#end !== undefined) return;
    this.#cursor.tellGap();
    this.finish(end);
  }

  #tellEnd(end: SubscriptionEnd): void {
    try {
      const told: unknown = this.#options.onEnd?.(end);
      if (told instanceof Promise) told.catch((error: unknown) => this.#host.reportFailure(this, error));
    } catch (error) {
      this.#host.reportFailure(this, error);
    }
  }
}
