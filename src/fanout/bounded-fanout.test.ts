import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { FanoutOptions, SubscribeOptions } from './options.ts';
import { follow, type Packet, packet, publishAll, puller, readAll, streamOf, turn } from './test-support.ts';

const sizeOf = ({ size }: Packet): number => size;

describe('publishing', () => {
  it('numbers the items and tells how many subscribers there are and how many lag', async () => {
    const fanout = new BoundedFanout<Packet>();
    fanout.subscribe({ onItem() {} });
    fanout.subscribe();
    expect(fanout.publish(packet('a'))).toEqual({ sequence: 0, subscribers: 2, lagging: 0 });
    await turn();
    expect(fanout.publish(packet('b'))).toEqual({ sequence: 1, subscribers: 2, lagging: 1 });
  });

  it('calls nobody before it has returned', async () => {
    const fanout = new BoundedFanout<Packet>();
    const { diary } = follow(fanout);
    publishAll(fanout, 'a b');
    expect(diary).toEqual([]);
    await turn();
    expect(diary).toEqual(['a', 'b']);
  });

  it('lets go of overwritten items and stays within the bound of items', () => {
    const fanout = new BoundedFanout<Packet>({ maxItems: 3 });
    publishAll(fanout, 'a b c d e');
    expect(fanout.stats()).toMatchObject({ published: 5, items: 3 });
    expect(readAll(fanout.subscribe({ from: 'oldest' }))).toBe('c d e');
  });

  it('counts the incoming item when it makes room for it', () => {
    const fanout = new BoundedFanout<Packet>({ maxBytes: 10, sizeOf });
    fanout.publish(packet('a', 4));
    fanout.publish(packet('b', 4));
    fanout.publish(packet('c', 6));
    expect(fanout.stats()).toMatchObject({ items: 2, bytes: 10 });
    fanout.publish(packet('d', 7));
    expect(fanout.stats()).toMatchObject({ items: 1, bytes: 7 });
  });

  it('drops what is too old on publish, on subscribe and on read', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ maxAgeMs: 100, clock });
    const { subscription, gaps } = puller(fanout);
    publishAll(fanout, 'a b');
    await clock.advance(101);
    expect(subscription.read()).toBeUndefined();
    expect(fanout.stats()).toMatchObject({ items: 0, oldestAgeMs: 0, missed: 2 });
    publishAll(fanout, 'c');
    await clock.advance(60);
    publishAll(fanout, 'd');
    await clock.advance(60);
    expect(readAll(fanout.subscribe({ from: 'oldest' }))).toBe('d');
    expect(readAll(subscription)).toBe('d');
    expect(gaps).toEqual([{ missed: 3, reason: 'lag' }]);
  });

  it('refuses an item larger than the whole ring, which is a gap of one to everybody', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ maxBytes: 10, sizeOf, clock });
    const refused: unknown[] = [];
    fanout.on('refused', (payload) => void refused.push(payload));
    const { diary } = follow(fanout);
    fanout.publish(packet('a', 5));
    await clock.advance(1_000);
    expect(fanout.publish(packet('huge', 11)).sequence).toBe(1);
    fanout.publish(packet('b', 5));
    await turn();
    expect(diary).toEqual(['a', 'gap 1 refused', 'b']);
    expect(refused).toEqual([{ refused: 1, maxBytes: 10 }]);
    expect(fanout.stats()).toMatchObject({ published: 3, refused: 1, missed: 1 });
  });

  it('refuses undefined, which is no item', async () => {
    const fanout = new BoundedFanout<string | undefined>();
    const items: unknown[] = [];
    fanout.subscribe({ onItem: (item) => void items.push(item) });
    for (const item of ['a', undefined, 'b']) fanout.publish(item);
    await turn();
    expect(items).toEqual(['a', 'b']);
    expect(fanout.stats()).toMatchObject({ refused: 1, missed: 1 });
  });

  it('skips to a resync point after a refused item, because what follows builds on it', async () => {
    const fanout = streamOf({ maxBytes: 10, sizeOf });
    const { diary } = follow(fanout);
    publishAll(fanout, 'K1 a');
    await turn();
    fanout.publish(packet('K2', 11));
    publishAll(fanout, 'b c K3 d');
    await turn();
    expect(diary).toEqual(['K1', 'a', 'gap 3 refused', 'K3', 'd']);
  });

  it('counts and logs its failing functions once a second, and publishes all the same', async () => {
    const clock = new ManualClock();
    const lines: unknown[] = [];
    const note = (message: string): void => void lines.push(message);
    const fail = (): never => {
      throw new Error('no idea');
    };
    const fanout = new BoundedFanout<Packet>({
      sizeOf: fail,
      isResyncPoint: fail,
      retainKey: fail,
      clock,
      logger: { debug: note, info: note, warn: note, error: note },
    });
    const { diary } = follow(fanout, { from: 'live' });
    publishAll(fanout, 'a b');
    await clock.advance(1_000);
    publishAll(fanout, 'c');
    await turn();
    expect(diary).toEqual(['a', 'b', 'c']);
    expect(fanout.stats()).toMatchObject({ callbackErrors: 9, bytes: 0, retained: 0 });
    expect(lines).toHaveLength(2);
  });

  it.each([Number.NaN, -1, 1.5])('treats a size of %s as a fault of sizeOf and counts no bytes', (size) => {
    const fanout = new BoundedFanout<Packet>({ sizeOf });
    fanout.publish(packet('a', size));
    expect(fanout.stats()).toMatchObject({ bytes: 0, items: 1, callbackErrors: 1 });
  });
});

describe('starting', () => {
  it.each([
    { from: 'live', expected: 'x K3' },
    { from: 'resync', expected: 'K2 c x K3' },
    { from: 'oldest', expected: 'a K1 b K2 c x K3' },
  ] as const)('starts at the right item with from $from', ({ from, expected }) => {
    const fanout = streamOf();
    publishAll(fanout, 'a K1 b K2 c');
    const { subscription, gaps } = puller(fanout, { from });
    publishAll(fanout, 'x K3');
    expect(readAll(subscription)).toBe(expected);
    expect(gaps).toEqual([]);
  });

  it('waits for a resync point when there is none, and owes nothing before it', async () => {
    const fanout = streamOf();
    publishAll(fanout, 'a b');
    const { subscription, diary } = follow(fanout);
    publishAll(fanout, 'c d');
    await turn();
    publishAll(fanout, 'K1 e');
    await turn();
    expect(diary).toEqual(['K1', 'e']);
    expect(subscription.stats()).toMatchObject({ delivered: 2, missed: 0, gaps: 0 });
  });

  it('owes nothing to a waiting joiner whom a burst overtakes', async () => {
    const fanout = streamOf({ maxItems: 4 });
    const { subscription, diary } = follow(fanout);
    publishAll(fanout, 'a b c d e f');
    await turn();
    publishAll(fanout, 'K1 g');
    await turn();
    expect(diary).toEqual(['K1', 'g']);
    expect(subscription.stats()).toMatchObject({ missed: 0, lagItems: 0 });
  });

  it('starts live by default when nothing is a special resync point', () => {
    const fanout = new BoundedFanout<Packet>();
    publishAll(fanout, 'a b');
    const { subscription } = puller(fanout);
    publishAll(fanout, 'c');
    expect(readAll(subscription)).toBe('c');
  });
});

describe('options', () => {
  it.each<[string, FanoutOptions<Packet>]>([
    ['maxItems must be a whole number from 1 to 1048576, got 0', { maxItems: 0 }],
    ['maxBytes must be', { maxBytes: 0, sizeOf }],
    ['maxBytes 10 needs sizeOf', { maxBytes: 10 }],
    ['maxAgeMs must be', { maxAgeMs: 0 }],
    ['retainKey must be a function', { retainKey: 'key' as never }],
    [
      'logger must be an object with debug(), info(), warn(), error(), got an object',
      { logger: {} as never },
    ],
    ['clock must be an object with', { clock: {} as never }],
    ["BoundedFanout has no option 'maxitems'", { maxitems: 1 } as never],
  ])('refuses a fanout with: %s', (message, options) => {
    expect(() => new BoundedFanout(options)).toThrow(ConfigError);
    expect(() => new BoundedFanout(options)).toThrow(message);
  });

  it.each<[string, SubscribeOptions<Packet>]>([
    ["from must be one of 'live', 'resync', 'oldest', got 'newest'", { from: 'newest' as never }],
    ['onLag must be one of', { onLag: 'wait' as never }],
    ['maxLag.items must be', { maxLag: { items: 0 } }],
    ['maxLag.ms must be', { maxLag: { ms: 0 } }],
    ['maxLag.bytes must be', { maxLag: { bytes: 0 } }],
    ['maxLag.bytes 10 needs sizeOf', { maxLag: { bytes: 10 } }],
    ["maxLag has no option 'seconds'", { maxLag: { seconds: 1 } as never }],
    ['stallTimeoutMs must be', { stallTimeoutMs: 0 }],
    ['stallTimeoutMs has no meaning beside onItem', { onItem() {}, stallTimeoutMs: 10 }],
    ['onItem must be a function', { onItem: 1 as never }],
    ['onReadable has no meaning beside onItem', { onItem() {}, onReadable() {} }],
    ['signal must be an AbortSignal', { signal: {} as never }],
    ["subscribe has no option 'form'", { form: 'live' } as never],
  ])('refuses a subscriber with: %s', (message, options) => {
    const fanout = new BoundedFanout<Packet>();
    expect(() => fanout.subscribe(options)).toThrow(ConfigError);
    expect(() => fanout.subscribe(options)).toThrow(message);
    expect(fanout.subscribers.size).toBe(0);
  });
});
