import { onAbort } from '../core/abort.ts';
import { ConfigError } from '../core/errors.ts';
import { Cursor } from './cursor.ts';
import type { ResolvedSubscribeOptions } from './options.ts';
import type { PushGroup, PushMember } from './push-group.ts';
import type { Ring } from './ring.ts';
import type { Subscription, SubscriptionEnd, SubscriptionStats } from './types.ts';
import type { Waiter } from './wait-list.ts';

/** What a subscription needs from its fanout. */
export interface SubscriptionHost<T> {
  readonly ring: Ring<T>;
  readonly pushed: PushGroup<T>;
  /** It has read everything: it wants to be woken. */
  wait(subscription: RingSubscription<T>): void;
  /** It has ended. */
  detach(subscription: RingSubscription<T>): void;
  /** One of its callbacks threw. */
  reportFailure(subscription: RingSubscription<T>, error: unknown): void;
}

const finished: IteratorReturnResult<undefined> = { value: undefined, done: true };

/** A cursor with the three ways to consume it, and its end. The fanout calls `deliver`, `wake` and `endIfLagging`. */
export class RingSubscription<T> implements Subscription<T>, Waiter, PushMember<T> {
  readonly #host: SubscriptionHost<T>;
  readonly #ring: Ring<T>;
  readonly #cursor: Cursor<T>;
  readonly #options: ResolvedSubscribeOptions<T>;
  #end: SubscriptionEnd | undefined;
  #release: () => void = () => {};
  #pending: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #reportedMissed = 0;
  readonly onItem: (item: T) => void;
  waitIndex = -1;
  packIndex = -1;

  constructor(host: SubscriptionHost<T>, options: ResolvedSubscribeOptions<T>) {
    this.#host = host;
    this.#ring = host.ring;
    this.#cursor = new Cursor(host.ring, options);
    this.#options = options;
    this.onItem = options.onItem ?? (() => {});
  }

  get end(): SubscriptionEnd | undefined {
    return this.#end;
  }

  /** Items lost so far. */
  get missed(): number {
    this.#host.pushed.sync(this);
    return this.#cursor.missed;
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

  stats(): SubscriptionStats {
    this.#ring.expire();
    this.#host.pushed.sync(this);
    return this.#cursor.stats();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    if (this.isPushed) throw new ConfigError('a subscription with onItem cannot be iterated');
    return {
      next: () => this.#nextResult(),
      return: async () => {
        this.unsubscribe();
        return finished;
      },
    };
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
        this.onItem(item);
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
    if (this.#pending !== undefined) return this.#settlePending();
    if (!this.#hasNext()) return this.#end !== undefined;
    try {
      this.#options.onReadable?.();
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  /** Ends a subscriber that shall be disconnected rather than lag, even if it never reads again. */
  endIfLagging(): void {
    if (this.#cursor.isLagging) this.#hasNext();
  }

  /** Ends the subscription; the first end stays. */
  finish(end: SubscriptionEnd): void {
    if (this.#end !== undefined) return;
    this.#host.pushed.part(this);
    this.#end = end;
    this.#cursor.close();
    this.#release();
    this.#host.detach(this);
    this.#pending?.resolve(finished);
    this.#pending = undefined;
    if (this.#options.onEnd !== undefined) queueMicrotask(() => this.#tellEnd(end));
  }

  fail(error: unknown): void {
    this.finish({ reason: 'failed', error });
    this.#host.reportFailure(this, error);
  }

  #nextResult(): Promise<IteratorResult<T, undefined>> {
    if (this.#pending !== undefined) return this.#pending.promise.then(() => this.#nextResult());
    const item = this.read();
    if (item !== undefined) return Promise.resolve({ value: item, done: false });
    if (this.#end !== undefined) return Promise.resolve(finished);
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  #settlePending(): boolean {
    const item = this.#take();
    if (item === undefined) return this.#end !== undefined;
    this.#pending?.resolve({ value: item, done: false });
    this.#pending = undefined;
    return true;
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
      this.#options.onEnd?.(end);
    } catch (error) {
      this.#host.reportFailure(this, error);
    }
  }
}
