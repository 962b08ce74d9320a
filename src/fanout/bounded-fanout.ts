import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import { ItemTraits } from './item-traits.ts';
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
import { RingSubscription, type SubscriptionHost } from './subscription.ts';
import type { FanoutEvents, FanoutStats, LagPolicy, PublishResult, Subscription } from './types.ts';
import { WaitList } from './wait-list.ts';

const reportIntervalMs = 1_000;
const settled = Promise.resolve();

/**
 * Hands each item to any number of subscribers without ever waiting for one. All share one ring of the newest items;
 * each has its own position in it. A slow one falls behind on its own, loses what the ring overwrites, is told how much,
 * and goes on at a point where it can. Order never changes and nothing is handed over twice.
 *
 * Callbacks run in microtasks, never inside `publish`. They may publish, subscribe, unsubscribe and end: what they
 * publish is delivered in the next microtask, who they subscribe is served there too.
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
  #nextReportMs = Number.NEGATIVE_INFINITY;
  #isReportDue = false;
  #isScheduled = false;
  #refused = 0;
  #refusedReported = 0;
  #retainRefused = 0;
  #missedByDeparted = 0;
  #departedUnreported = 0;
  #subscribersFailed = 0;

  /** @throws {ConfigError} when an option is out of range. */
  constructor(options: FanoutOptions<T> = {}) {
    const resolved = resolveFanoutOptions(options);
    super(resolved.logger);
    this.#options = resolved;
    this.#traits = new ItemTraits(resolved);
    this.#ring = new Ring(resolved, resolved.clock);
    this.#pushed = new PushGroup(this.#ring);
    this.#checkInterval = Math.max(1, resolved.maxItems >> 3);
    this.#host = {
      ring: this.#ring,
      pushed: this.#pushed,
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
    const resolved = resolveSubscribeOptions(options, this.#options.isResyncPoint !== undefined);
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
   * Publishes nothing any more. Everybody still gets what the ring holds for them, then the end; a subscriber that
   * never reads stays until it is unsubscribed. Ending twice does nothing; the first cause stays.
   */
  end(cause?: unknown): void {
    if (this.hasEnded) return;
    this.#ring.end = { reason: 'ended', cause };
    this.#releaseIfOver();
    this.#schedule();
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
    this.#missedByDeparted += subscription.missed;
    this.#departedUnreported += subscription.takeUnreported();
    this.#releaseIfOver();
  }

  #releaseIfOver(): void {
    if (this.hasEnded && this.#subscribers.size === 0) this.#ring.clear();
  }

  // Subscribers who lag do not count here: a publish costs the same however many there are.
  #isServiceDue(sequence: number): boolean {
    this.#isReportDue ||= this.#ring.slot(sequence)!.atMs >= this.#nextReportMs;
    if (this.#isReportDue || this.#pushed.size > 0 || this.#waiting.length > 0) return true;
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
    this.#reportLosses();
  };

  // A look at all of them every few items costs each publish next to nothing.
  #disconnectLagging(): void {
    if (this.#ring.head <= this.#nextCheck) return;
    this.#nextCheck = this.#ring.head - 1 + this.#checkInterval;
    for (const subscription of this.#disconnecting) subscription.endIfLagging();
  }

  #reportLosses(): void {
    if (!this.#isReportDue) return;
    this.#isReportDue = false;
    this.#nextReportMs = this.#options.clock.nowMs() + reportIntervalMs;
    this.#reportLag();
    const refused = this.#refused - this.#refusedReported;
    this.#refusedReported = this.#refused;
    if (refused > 0) this.emit('refused', { refused, maxBytes: this.#options.maxBytes });
  }

  #reportLag(): void {
    let missed = this.#departedUnreported;
    let subscribers = 0;
    this.#departedUnreported = 0;
    for (const subscription of this.#subscribers) {
      const unreported = subscription.takeUnreported();
      missed += unreported;
      if (unreported > 0) subscribers++;
    }
    if (missed > 0) this.emit('lag', { missed, subscribers });
  }

  #reportFailure(subscription: RingSubscription<T>, error: unknown): void {
    this.#subscribersFailed++;
    this.#options.logger.error("a subscriber's callback threw", { error: describeError(error) });
    this.emit('subscriberFailed', { subscription, error });
  }
}
