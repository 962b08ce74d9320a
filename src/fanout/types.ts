/** What {@link BoundedFanout.publish} did with an item. */
export interface PublishResult {
  /** Number of the item, counted from 0. -1 when nothing was published because the fanout has ended. */
  readonly sequence: number;
  /** How many subscribers there are. */
  readonly subscribers: number;
  /** How many of them had not yet taken everything published before. */
  readonly lagging: number;
}

/**
 * Where a subscriber starts: at the next item (`'live'`), at the newest resync point, waiting for one when the ring
 * holds none (`'resync'`), or at the oldest item in the ring, resync point or not (`'oldest'`).
 */
export type StartPoint = 'live' | 'resync' | 'oldest';

/**
 * What happens to a subscriber that the ring has overtaken or that exceeds its `maxLag`.
 *
 * - `'skip-to-resync'`: it goes on at the newest resync point ahead of it, or waits for the next one.
 * - `'drop-oldest'`: it loses the oldest items, no more than needed.
 * - `'latest'`: it goes on at the newest item.
 * - `'disconnect'`: it is ended with the reason `'lagged'`, an eighth of `maxItems` later at most if it does not read.
 *
 * An item that the fanout refused is a gap under every policy, and under `'skip-to-resync'` leads to a resync point.
 */
export type LagPolicy = 'skip-to-resync' | 'drop-oldest' | 'latest' | 'disconnect';

/** How far a subscriber may fall behind before its `onLag` applies. The ring itself is the last limit. */
export interface MaxLag {
  /** Most items it has not looked at. */
  readonly items?: number;
  /** Most bytes of such items, by `sizeOf`. */
  readonly bytes?: number;
  /** Greatest age of the oldest of them, in ms. */
  readonly ms?: number;
}

/** Items a subscriber did not get. Told right before the first thing it gets after them. */
export interface Gap {
  /**
   * How many items were published in between and not handed over. Items that its filter had rejected by then do not
   * count; what it would have said of an item that is lost nobody knows, so that one does.
   */
  readonly missed: number;
  /**
   * What began the gap: the subscriber was too slow (`'lag'`), too slow with no resync point ahead
   * (`'waiting-for-resync'`), or an item was refused by the fanout (`'refused'`).
   */
  readonly reason: GapReason;
}

/** Why a subscriber has a {@link Gap}. */
export type GapReason = 'lag' | 'waiting-for-resync' | 'refused';

/** How a subscription ended. */
export type SubscriptionEnd =
  | EndedSubscription
  | LaggedSubscription
  | StalledSubscription
  | CutOffSubscription
  | LeftSubscription
  | AbortedSubscription
  | FailedSubscription;

/** The fanout ended and everything was handed over. */
export interface EndedSubscription {
  /** Why it ended. */
  readonly reason: 'ended';
  /** What `end` was given. */
  readonly cause: unknown;
}

/** It was too slow and asked to be disconnected then. */
export interface LaggedSubscription {
  /** Why it ended. */
  readonly reason: 'lagged';
  /** Items that were left unread. */
  readonly missed: number;
}

/** It took nothing for `stallTimeoutMs` although there was something for it. */
export interface StalledSubscription {
  /** Why it ended. */
  readonly reason: 'stalled';
  /** Items that were left unread. */
  readonly missed: number;
}

/** The fanout ended, and `drainTimeoutMs` passed before it had taken everything. */
export interface CutOffSubscription {
  /** Why it ended. */
  readonly reason: 'cut-off';
  /** What `end` was given. */
  readonly cause: unknown;
  /** Items that were left unread. */
  readonly missed: number;
}

/** It left: by `unsubscribe`, or by leaving its `for await` loop. */
export interface LeftSubscription {
  /** Why it ended. */
  readonly reason: 'unsubscribed';
}

/** Its signal aborted. */
export interface AbortedSubscription {
  /** Why it ended. */
  readonly reason: 'aborted';
  /** The signal's reason. */
  readonly cause: unknown;
}

/** One of its callbacks threw, or gave a promise that rejected. */
export interface FailedSubscription {
  /** Why it ended. */
  readonly reason: 'failed';
  /** What was thrown. */
  readonly error: unknown;
}

/**
 * Counters of one subscription. From its start on, and as long as it is attached, each published item is counted in
 * exactly one of `delivered`, `missed`, `filtered` and `lagItems`.
 */
export interface SubscriptionStats {
  /** Items handed over, in order. */
  readonly delivered: number;
  /** Items lost to lag or refused by the fanout, those the ring has already overtaken included. */
  readonly missed: number;
  /** How often it was told of a gap. */
  readonly gaps: number;
  /** Items its filter rejected. */
  readonly filtered: number;
  /** Retained items handed over on joining and after gaps, besides the items in order. */
  readonly resent: number;
  /** Items in the ring that it has not looked at. */
  readonly lagItems: number;
  /** What those add up to, by `sizeOf`. */
  readonly lagBytes: number;
  /** Age of the oldest of those, in ms. */
  readonly lagMs: number;
}

/** Counters of a fanout. */
export interface FanoutStats {
  /** Items published so far, refused ones included. */
  readonly published: number;
  /** Items in the ring now, places of refused ones included. */
  readonly items: number;
  /** What the items in the ring add up to, by `sizeOf`. */
  readonly bytes: number;
  /** Age of the oldest item in the ring in ms, 0 when it is empty. */
  readonly oldestAgeMs: number;
  /** Keys that have a retained item. */
  readonly retained: number;
  /** Subscribers now. */
  readonly subscribers: number;
  /** Subscribers that have not yet taken everything. */
  readonly lagging: number;
  /** Items missed by all subscribers together, those who left included. */
  readonly missed: number;
  /** Items refused because they alone exceed `maxBytes`, or are `undefined`. */
  readonly refused: number;
  /** Items with a `retainKey` that could not be retained; they went through the ring all the same. */
  readonly retainRefused: number;
  /** How often `sizeOf`, `isResyncPoint`, `retainKey` or `isSameRetained` threw or gave nonsense. */
  readonly callbackErrors: number;
  /** Subscribers' callbacks that threw, or whose promise rejected. */
  readonly subscribersFailed: number;
  /** Subscribers that were ended for being `lagged`, `stalled` or `cut-off`. */
  readonly subscribersDropped: number;
}

/** Payload of `lag`. */
export interface FanoutLag {
  /** Items that subscribers missed since the last such event, all together. */
  readonly missed: number;
  /** How many of the present subscribers missed some. */
  readonly subscribers: number;
}

/** Payload of `refused`. */
export interface FanoutRefused {
  /** Items that were refused since the last such event. */
  readonly refused: number;
  /** The bound they exceed. */
  readonly maxBytes: number;
}

/** Payload of `subscriberFailed`. */
export interface SubscriberFailed<T> {
  /** The subscriber, detached by now. */
  readonly subscription: Subscription<T>;
  /** What its callback threw. */
  readonly error: unknown;
}

/** Events of a {@link BoundedFanout}. */
export type FanoutEvents<T> = {
  /** Subscribers missed items. Looked for once a second, after a publish. */
  lag: [FanoutLag];
  /** Items were refused. Looked for once a second, after a publish. */
  refused: [FanoutRefused];
  /** A subscriber's callback threw or its promise rejected; the subscriber is detached. */
  subscriberFailed: [SubscriberFailed<T>];
};

/** Options of {@link BoundedFanout.end}. */
export interface EndOptions {
  /** How long subscribers may take to read the rest, in ms; who has not is ended as `'cut-off'`. Default: no limit. */
  readonly drainTimeoutMs?: number;
}

/** One subscriber's place in the ring. Iterating it takes item after item; leaving the loop unsubscribes. */
export interface Subscription<T> {
  /** How it ended; `undefined` while it is attached. */
  readonly end: SubscriptionEnd | undefined;
  /**
   * Takes the next item: first the retained items that are due, then item after item. `undefined` when there is none
   * at the moment, or no more at all (see `end`). After `undefined`, `onReadable` is called once there is one again.
   */
  read(): T | undefined;
  /**
   * Sets another `maxLag` in place of the one it was subscribed with, for instance when its connection turns out to be
   * slow but steady. A backlog that was allowed stays so until its time is up.
   *
   * @throws {ConfigError} when a limit is out of range.
   */
  limitLag(maxLag: MaxLag): void;
  /** Leaves. Nothing is handed over any more. Doing it again does nothing. */
  unsubscribe(): void;
  /** Counters as of now. */
  stats(): SubscriptionStats;
  /**
   * Takes items as they come. The loop finishes when the subscription ends, whatever the reason: it never throws.
   *
   * @throws {ConfigError} when the subscription has `onItem`, which takes every item already.
   */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
  /**
   * Takes all items that are there at once, in batches: a burst costs one wait instead of one per item. A batch has at
   * least one item and never reaches across a gap. The items of a batch have been handed over, even when the loop is
   * left before the last one.
   *
   * @param maxItems - Most items in a batch. Default 64.
   * @throws {ConfigError} when `maxItems` is no whole number from 1 to 1 048 576, or the subscription has `onItem`.
   */
  batches(maxItems?: number): AsyncIterable<readonly T[], undefined>;
}
