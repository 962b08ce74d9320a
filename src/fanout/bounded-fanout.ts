import { checkKnown, checkMs } from '../core/check.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import { Drain } from './drain.ts';
import { ItemTraits } from './item-traits.ts';
import { LossReport } from './loss-report.ts';
import {
  type FanoutOptions,
  type ResolvedFanoutOptions,
  resolveFanoutOptions,
  resolveSubscribeOptions,
  type SubscribeOptions,
} from './options.ts';
import { PushGroup } from './push-group.ts';
import { type RetainedEntry, withRetained } from './retained.ts';
import { Ring } from './ring.ts';
import { StallWatch } from './stall-watch.ts';
import { RingSubscription, type SubscriptionHost } from './subscription.ts';
import type {
  EndOptions,
  FanoutEvents,
  FanoutStats,
  LagPolicy,
  PublishResult,
  Subscription,
} from './types.ts';
import { WaitList } from './wait-list.ts';

/** Ends of subscribers whom the fanout did not wait for any longer. */
const dropReasons: ReadonlySet<string | undefined> = new Set(['lagged', 'stalled', 'cut-off']);
const settled = Promise.resolve();

/**
 * Hands each item to any number of subscribers without ever waiting for one. All share one ring of the newest items;
 * each has its own position in it. A slow one falls behind on its own, loses what the ring overwrites, is told how much,
 * and goes on at a point where it can. Order never changes and nothing is handed over twice.
 *
 * Callbacks run in microtasks, never inside `publish`, apart from those that `read` calls. In a callback one may
 * - publish: the item is delivered in a later microtask, after what is being delivered, to everyone in the same order.
 *   Who has not been served yet and is overtaken by it has a gap; only an item that is being handed round still reaches
 *   all. What `onGap` publishes comes after the item that the gap was told for, or is a further gap;
 * - subscribe: the new one starts as of that moment and is served in a later microtask;
 * - unsubscribe oneself or others: takes effect at once, they get nothing any more, not even of the item at hand;
 * - end: everyone gets what was published before, then the end;
 * - read one's own subscription: `onItem` is then not called for what `read` has given.
 *
 * A skip takes all items in between, sound as well as pictures, so that both go on at the same moment.
 *
 * @example
 * ```ts
 * const fanout = new BoundedFanout<Frame>({ maxItems: 256, isResyncPoint: (frame) => frame.isKey });
 * fanout.subscribe({ onItem: (frame) => draw(frame), onGap: ({ missed }) => count(missed) });
 * fanout.publish(frame);
 * ```
 */
export class BoundedFanout<T> extends Emitter<FanoutEvents<T>> {
  readonly #options: ResolvedFanoutOptions<T>;
  readonly #traits: ItemTraits<T>;
  readonly #ring: Ring<T>;
  readonly #host: SubscriptionHost<T>;
  readonly #subscribers = new Set<RingSubscription<T>>();
  readonly #pushed: PushGroup<T>;
  readonly #waiting = new WaitList<RingSubscription<T>>();
  /** Those who read by themselves and shall not lag: looked after, since whoever stalls never finds out. */
  readonly #disconnecting = new Set<RingSubscription<T>>();
  readonly #checkInterval: number;
  #nextCheck = 0;
  readonly #stalls: StallWatch<RingSubscription<T>>;
  readonly #losses: LossReport;
  readonly #drain = new Drain();
  #isScheduled = false;
  #refused = 0;
  #retainRefused = 0;
  #missedByDeparted = 0;
  #subscribersFailed = 0;
  #subscribersDropped = 0;

  /** @throws {ConfigError} when an option is out of range. */
  constructor(options: FanoutOptions<T> = {}) {
    const resolved = resolveFanoutOptions(options);
    super(resolved.logger);
    this.#options = resolved;
    this.#traits = new ItemTraits(resolved);
    this.#ring = new Ring(resolved, resolved.clock);
    this.#pushed = new PushGroup(this.#ring);
    this.#checkInterval = Math.max(1, resolved.maxItems >> 3);
    this.#stalls = new StallWatch(resolved.clock);
    this.#losses = new LossReport(resolved.clock, resolved.maxBytes);
    this.#host = {
      ring: this.#ring,
      pushed: this.#pushed,
      hasSizes: resolved.sizeOf !== undefined,
      wait: (subscription) => this.#waiting.add(subscription),
      detach: (subscription) => this.#detach(subscription),
      reportFailure: (subscription, error) => this.#reportFailure(subscription, error),
    };
  }

  /** Who is subscribed now. */
  get subscribers(): ReadonlySet<Subscription<T>> {
    return this.#subscribers;
  }

  /** Whether `end` was called. */
  get hasEnded(): boolean {
    return this.#ring.end !== undefined;
  }

  /**
   * Adds an item and returns at once, whatever the subscribers do. Never throws: an item that alone exceeds `maxBytes`
   * (or is `undefined`, which is no item) is refused, takes a number, and is a gap of one to everybody. Does nothing
   * after `end`, which the number -1 in the result tells.
   */
  publish(item: T): PublishResult {
    if (this.hasEnded) return { sequence: -1, subscribers: this.#subscribers.size, lagging: this.#lagging };
    const sequence = this.#admit(item);
    if (this.#isServiceDue(sequence)) this.#schedule();
    return { sequence, subscribers: this.#subscribers.size, lagging: this.#lagging };
  }

  /**
   * Adds a subscriber. First it gets what is retained as of its start, then item after item. After `end` it gets
   * nothing: the subscription has ended already.
   *
   * @throws {ConfigError} when an option is out of range.
   */
  subscribe(options: SubscribeOptions<T> = {}): Subscription<T> {
    const resolved = resolveSubscribeOptions(options, this.#options);
    this.#ring.expire();
    const subscription = new RingSubscription(this.#host, resolved);
    if (this.#ring.end !== undefined) {
      subscription.finish(this.#ring.end);
      return subscription;
    }
    this.#attach(subscription, resolved.onLag);
    subscription.follow(resolved.signal);
    return subscription;
  }

  /**
   * Publishes nothing any more. Everybody still gets what the ring holds for them, then the end. A subscriber that
   * never reads stays until it is unsubscribed, stalls, or `drainTimeoutMs` has passed. Ending twice changes nothing:
   * the first cause and limit stay.
   *
   * @returns A promise that resolves when the last subscriber has gone; it never rejects and need not be awaited.
   * @throws {ConfigError} when an option is out of range.
   */
  end(cause?: unknown, options: EndOptions = {}): Promise<void> {
    checkKnown('end', options, ['drainTimeoutMs']);
    const { drainTimeoutMs } = options;
    if (drainTimeoutMs !== undefined) checkMs('drainTimeoutMs', drainTimeoutMs);
    if (!this.hasEnded) this.#end(cause, drainTimeoutMs);
    return this.#drain.finished;
  }

  /** Counters as of now. */
  stats(): FanoutStats {
    this.#ring.expire();
    const { head, tail, bytes, retained } = this.#ring;
    return {
      published: head,
      items: head - tail,
      bytes,
      oldestAgeMs: this.#ring.ageMs(tail),
      retained: retained.length,
      subscribers: this.#subscribers.size,
      lagging: this.#lagging,
      missed: [...this.#subscribers].reduce((sum, { missed }) => sum + missed, this.#missedByDeparted),
      refused: this.#refused,
      retainRefused: this.#retainRefused,
      callbackErrors: this.#traits.errors,
      subscribersFailed: this.#subscribersFailed,
      subscribersDropped: this.#subscribersDropped,
    };
  }

  get #lagging(): number {
    return this.#subscribers.size - this.#pushed.size - this.#waiting.length;
  }

  #admit(item: T): number {
    const size = item === undefined ? Number.POSITIVE_INFINITY : this.#traits.sizeOf(item);
    if (size > this.#options.maxBytes || item === undefined) return this.#refuse();
    const key = this.#traits.retainKey(item);
    const sequence = this.#ring.push(item, size, this.#traits.isResyncPoint(item));
    if (key !== undefined) this.#retain({ key, item, size, sequence });
    return sequence;
  }

  #refuse(): number {
    this.#refused++;
    this.#losses.countRefused();
    return this.#ring.refuse();
  }

  #retain(entry: RetainedEntry<T>): void {
    const { retained } = this.#ring;
    const older = retained.find(({ key }) => key === entry.key);
    if (older !== undefined && this.#traits.isSameRetained(older.item, entry.item)) return;
    this.#ring.retained = withRetained(retained, entry, this.#options.maxBytes);
    if (this.#ring.retained.at(-1) !== entry) this.#retainRefused++;
  }

  #attach(subscription: RingSubscription<T>, onLag: LagPolicy): void {
    this.#subscribers.add(subscription);
    if (subscription.stallTimeoutMs !== Number.POSITIVE_INFINITY) this.#stalls.add(subscription);
    if (subscription.isPushed) {
      this.#pushed.add(subscription);
    } else {
      this.#waiting.add(subscription);
      if (onLag === 'disconnect') this.#disconnecting.add(subscription);
    }
    this.#schedule(); // There may be something for it already.
  }

  #detach(subscription: RingSubscription<T>): void {
    if (!this.#subscribers.delete(subscription)) return;
    if (subscription.isPushed) this.#pushed.remove(subscription);
    this.#waiting.remove(subscription);
    this.#disconnecting.delete(subscription);
    this.#stalls.remove(subscription);
    this.#missedByDeparted += subscription.missed;
    this.#losses.countDeparted(subscription);
    if (dropReasons.has(subscription.end?.reason)) this.#subscribersDropped++;
    this.#releaseIfOver();
  }

  #end(cause: unknown, drainTimeoutMs: number | undefined): void {
    this.#ring.end = { reason: 'ended', cause };
    if (drainTimeoutMs !== undefined)
      this.#drain.limit(this.#options.clock, drainTimeoutMs, () => this.#cutOff(cause));
    this.#releaseIfOver();
    this.#schedule();
  }

  #cutOff(cause: unknown): void {
    for (const subscription of [...this.#subscribers])
      subscription.abandon((missed) => ({ reason: 'cut-off', cause, missed }));
  }

  #releaseIfOver(): void {
    if (!this.hasEnded || this.#subscribers.size > 0) return;
    this.#ring.clear();
    this.#drain.finish();
  }

  // Subscribers who lag do not count here: a publish costs the same however many there are.
  #isServiceDue(sequence: number): boolean {
    if (this.#losses.isDueAt(this.#ring.slot(sequence)!.atMs)) return true;
    if (this.#pushed.size > 0 || this.#waiting.length > 0 || this.#stalls.isIdle) return true;
    return this.#disconnecting.size > 0 && sequence >= this.#nextCheck;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void settled.then(this.#serve); // Half the price of queueMicrotask, which makes an AsyncResource each time.
  }

  readonly #serve = (): void => {
    this.#isScheduled = false;
    this.#ring.expire();
    this.#pushed.deliver();
    this.#waiting.wake();
    this.#disconnectLagging();
    this.#stalls.arm();
    this.#reportLosses();
  };

  // A look at all of them every few items costs each publish next to nothing.
  #disconnectLagging(): void {
    if (this.#ring.head <= this.#nextCheck) return;
    this.#nextCheck = this.#ring.head - 1 + this.#checkInterval;
    for (const subscription of this.#disconnecting) subscription.endIfLagging();
  }

  #reportLosses(): void {
    const losses = this.#losses.take(this.#subscribers);
    if (losses?.lag !== undefined) this.emit('lag', losses.lag);
    if (losses?.refused !== undefined) this.emit('refused', losses.refused);
  }

  #reportFailure(subscription: RingSubscription<T>, error: unknown): void {
    this.#subscribersFailed++;
    this.#options.logger.error("a subscriber's callback threw", { error: describeError(error) });
    this.emit('subscriberFailed', { subscription, error });
  }
}
