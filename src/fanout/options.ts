import {
  checkFunction,
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  refusal,
} from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import type { Gap, LagPolicy, MaxLag, StartPoint, SubscriptionEnd } from './types.ts';

/** Options of {@link BoundedFanout}. The four functions must not call the fanout, and must not throw. */
export interface FanoutOptions<T> {
  /** Most items in the ring, 1 to 1 048 576. Default 512: between 6 and 7 s of 30 fps video with audio. */
  readonly maxItems?: number;
  /** Most bytes in the ring, by `sizeOf`, the incoming item included. Default 16 MiB with `sizeOf`, else no bound. */
  readonly maxBytes?: number;
  /**
   * Greatest age of an item, in ms: an older one is never handed over. It is looked for on publish and on read, so the
   * last items before a pause stay in memory. Default: none, an item stays until a newer one needs its place.
   */
  readonly maxAgeMs?: number;
  /** Size of an item in whole bytes. Default: none, items are only counted. */
  readonly sizeOf?: (item: T) => number;
  /** Whether a subscriber can start at this item (a keyframe). Default: every item is a resync point. */
  readonly isResyncPoint?: (item: T) => boolean;
  /**
   * Name under which the item is retained until the next one of that name (codec headers, metadata), `undefined` for an
   * ordinary item. At most 64 names, and at most `maxBytes` together. Default: nothing is retained.
   */
  readonly retainKey?: (item: T) => string | undefined;
  /** Whether a newly retained item says the same as the old one, which then stays. Default: identity. */
  readonly isSameRetained?: (older: T, newer: T) => boolean;
  /** Where failures are reported; what it throws itself is ignored. Default: nowhere. */
  readonly logger?: Logger;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock;
}

/**
 * Options of {@link BoundedFanout.subscribe}. A callback that throws, or gives a promise that rejects, detaches this
 * subscriber and nobody else.
 */
export interface SubscribeOptions<T> {
  /** Where to start. Default `'resync'` when the fanout has `isResyncPoint`, else `'live'`. */
  readonly from?: StartPoint;
  /** What to do when it lags. Default `'skip-to-resync'` when the fanout has `isResyncPoint`, else `'drop-oldest'`. */
  readonly onLag?: LagPolicy;
  /**
   * Limits tighter than the ring. The backlog that a start or a resync point in the past brings is allowed on top until
   * the subscriber has caught up. Default: none; one item for `onLag: 'latest'`.
   */
  readonly maxLag?: MaxLag;
  /**
   * Ends the subscription as `'stalled'` when it takes nothing for that long, in ms, although there is something for
   * it; found at most a quarter later. Time in which the event loop was blocked does not count. Default: no limit, a
   * subscriber that never reads costs its place in the ring only.
   */
  readonly stallTimeoutMs?: number;
  /** Which items it wants. Must be pure: it may be asked twice. `maxLag` counts items before the filter. */
  readonly filter?: (item: T) => boolean;
  /** Unsubscribes when it aborts. */
  readonly signal?: AbortSignal;
  /** Takes every item, in a microtask after the publish. Without it items are read or iterated. */
  readonly onItem?: (item: T) => void;
  /** Called once, in a microtask, when there is something to read after `read()` gave `undefined` or on joining. */
  readonly onReadable?: () => void;
  /** Called right before the first thing handed over after a gap; before `onEnd` when nothing follows. */
  readonly onGap?: (gap: Gap) => void;
  /** Called once, in a microtask, when the subscription has ended, whatever the reason. */
  readonly onEnd?: (end: SubscriptionEnd) => void;
}

/** {@link FanoutOptions} with everything decided. */
export interface ResolvedFanoutOptions<T> extends FanoutOptions<T> {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** {@link SubscribeOptions} with everything decided. */
export interface ResolvedSubscribeOptions<T> extends SubscribeOptions<T> {
  readonly from: StartPoint;
  readonly onLag: LagPolicy;
}

const fanoutOptionNames = [
  ...['maxItems', 'maxBytes', 'maxAgeMs', 'sizeOf', 'isResyncPoint', 'retainKey', 'isSameRetained'],
  ...['logger', 'clock'],
];
const subscribeOptionNames = [
  ...['from', 'onLag', 'maxLag', 'stallTimeoutMs', 'filter', 'signal'],
  ...['onItem', 'onReadable', 'onGap', 'onEnd'],
];

/** Fills in and checks the options of a fanout. `Infinity` stands for "no bound". */
export function resolveFanoutOptions<T>(options: FanoutOptions<T>): ResolvedFanoutOptions<T> {
  checkKnown('BoundedFanout', options, fanoutOptionNames);
  for (const name of ['sizeOf', 'isResyncPoint', 'retainKey', 'isSameRetained'] as const)
    checkFunction(name, options[name]);
  const { maxItems = 512, maxBytes, maxAgeMs, sizeOf, logger = silentLogger, clock = systemClock } = options;
  checkInteger('maxItems', maxItems, 1, 1 << 20);
  if (maxBytes !== undefined) checkInteger('maxBytes', maxBytes, 1);
  if (maxBytes !== undefined && sizeOf === undefined)
    throw new ConfigError(`maxBytes ${maxBytes} needs sizeOf`);
  if (maxAgeMs !== undefined) checkMs('maxAgeMs', maxAgeMs, 1);
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  return {
    ...options,
    maxItems,
    maxBytes: maxBytes ?? (sizeOf === undefined ? Number.POSITIVE_INFINITY : 16 << 20),
    maxAgeMs: maxAgeMs ?? Number.POSITIVE_INFINITY,
    logger: safeLogger(logger),
    clock,
  };
}

/** Fills in and checks the options of a subscriber of a fanout with these options. */
export function resolveSubscribeOptions<T>(
  options: SubscribeOptions<T>,
  { isResyncPoint, sizeOf }: FanoutOptions<T>,
): ResolvedSubscribeOptions<T> {
  checkKnown('subscribe', options, subscribeOptionNames);
  for (const name of ['filter', 'onItem', 'onReadable', 'onGap', 'onEnd'] as const)
    checkFunction(name, options[name]);
  if (options.onItem !== undefined) checkUnused(options, ['onReadable', 'stallTimeoutMs']);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal))
    throw refusal('signal', options.signal, 'an AbortSignal');
  if (options.stallTimeoutMs !== undefined) checkMs('stallTimeoutMs', options.stallTimeoutMs, 1);
  if (options.maxLag !== undefined) checkMaxLag(options.maxLag, sizeOf !== undefined);
  const hasResyncPoints = isResyncPoint !== undefined;
  const {
    from = hasResyncPoints ? 'resync' : 'live',
    onLag = hasResyncPoints ? 'skip-to-resync' : 'drop-oldest',
  } = options;
  checkOneOf('from', from, ['live', 'resync', 'oldest']);
  checkOneOf('onLag', onLag, ['skip-to-resync', 'drop-oldest', 'latest', 'disconnect']);
  return onLag === 'latest' ? { maxLag: { items: 1 }, ...options, from, onLag } : { ...options, from, onLag };
}

function checkUnused<T>(options: SubscribeOptions<T>, names: readonly (keyof SubscribeOptions<T>)[]): void {
  for (const name of names) {
    if (options[name] === undefined) continue;
    throw new ConfigError(`${name} has no meaning beside onItem, which takes every item`);
  }
}

/** Refuses limits that are out of range, or in bytes where items have no size. */
export function checkMaxLag(maxLag: MaxLag, hasSizes: boolean): void {
  checkKnown('maxLag', maxLag, ['items', 'bytes', 'ms']);
  if (maxLag.items !== undefined) checkInteger('maxLag.items', maxLag.items, 1);
  if (maxLag.bytes !== undefined) checkInteger('maxLag.bytes', maxLag.bytes, 1);
  if (maxLag.bytes !== undefined && !hasSizes)
    throw new ConfigError(`maxLag.bytes ${maxLag.bytes} needs sizeOf`);
  if (maxLag.ms !== undefined) checkMs('maxLag.ms', maxLag.ms, 1);
}
