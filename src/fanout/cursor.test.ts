import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import { follow, type Packet, packet, publishAll, puller, readAll, streamOf, turn } from './test-support.ts';
import type { SubscriptionEnd } from './types.ts';

describe('lagging', () => {
  it.each([
    { onLag: 'skip-to-resync', expected: 'K2 d', missed: 4 },
    { onLag: 'drop-oldest', expected: 'c K2 d', missed: 3 },
    { onLag: 'latest', expected: 'd', missed: 5 },
  ] as const)('goes on where $onLag says and tells the exact gap once', ({ onLag, expected, missed }) => {
    const fanout = streamOf({ maxItems: 3 });
    const { subscription, gaps } = puller(fanout, { onLag, from: 'live' });
    publishAll(fanout, 'K1 a b c K2 d');
    expect(readAll(subscription)).toBe(expected);
    expect(gaps).toEqual([{ missed, reason: 'lag' }]);
    expect(subscription.stats()).toMatchObject({ missed, gaps: 1, lagItems: 0 });
    expect(fanout.stats().missed).toBe(missed);
  });

  it('waits for the next resync point when there is none ahead, as one gap', () => {
    const fanout = streamOf({ maxItems: 3 });
    const { subscription, gaps } = puller(fanout, { from: 'live' });
    publishAll(fanout, 'K1 a b c');
    expect(subscription.read()).toBeUndefined();
    publishAll(fanout, 'd e');
    expect(subscription.read()).toBeUndefined();
    expect(gaps).toEqual([]);
    publishAll(fanout, 'K2 f');
    expect(readAll(subscription)).toBe('K2 f');
    expect(gaps).toEqual([{ missed: 6, reason: 'waiting-for-resync' }]);
  });

  it('tells the gap right before the first item after it', async () => {
    const fanout = streamOf({ maxItems: 3 });
    const { diary } = follow(fanout, { from: 'live' });
    publishAll(fanout, 'K1 a b c K2');
    await turn();
    expect(diary).toEqual(['gap 4 lag', 'K2']);
  });

  it('ends a subscriber with disconnect, even one that never reads, and says how much it missed', async () => {
    const fanout = new BoundedFanout<Packet>({ maxItems: 3 });
    const ends: SubscriptionEnd[] = [];
    const subscription = fanout.subscribe({ onLag: 'disconnect', onEnd: (end) => void ends.push(end) });
    for (const id of ['a', 'b', 'c']) {
      publishAll(fanout, id);
      await turn();
    }
    expect(subscription.end).toBeUndefined();
    publishAll(fanout, 'd');
    await turn();
    expect(ends).toEqual([{ reason: 'lagged', missed: 4 }]);
    expect(subscription.stats()).toMatchObject({ delivered: 0, missed: 4, lagItems: 0 });
    expect(fanout.subscribers.size).toBe(0);
    expect(fanout.stats().missed).toBe(4);
  });

  it('never disconnects one who keeps up', async () => {
    const fanout = new BoundedFanout<Packet>({ maxItems: 3 });
    const { subscription, diary } = follow(fanout, { onLag: 'disconnect' });
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
      publishAll(fanout, id);
      await turn();
    }
    expect(diary).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(subscription.end).toBeUndefined();
  });

  it('disconnects by age too', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ maxItems: 8, clock });
    const subscription = fanout.subscribe({ onLag: 'disconnect', maxLag: { ms: 100 } });
    publishAll(fanout, 'a');
    await clock.advance(100);
    publishAll(fanout, 'b');
    await clock.advance(1);
    expect(subscription.end).toBeUndefined();
    publishAll(fanout, 'c');
    await clock.settle();
    expect(subscription.end).toEqual({ reason: 'lagged', missed: 3 });
  });

  it('keeps a subscriber within its own limit of items', () => {
    const fanout = new BoundedFanout<Packet>();
    const { subscription, gaps } = puller(fanout, { maxLag: { items: 2 } });
    publishAll(fanout, 'a b c d e');
    expect(readAll(subscription)).toBe('d e');
    expect(gaps).toEqual([{ missed: 3, reason: 'lag' }]);
  });

  it('keeps a subscriber within its own limit of age', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ clock });
    const { subscription, gaps } = puller(fanout, { maxLag: { ms: 50 } });
    publishAll(fanout, 'a b');
    await clock.advance(40);
    publishAll(fanout, 'c');
    await clock.advance(20);
    expect(subscription.stats()).toMatchObject({ lagItems: 3, lagMs: 60 });
    expect(readAll(subscription)).toBe('c');
    expect(gaps).toEqual([{ missed: 2, reason: 'lag' }]);
  });

  it('keeps a subscriber within its own limit of bytes', () => {
    const fanout = new BoundedFanout<Packet>({ sizeOf: ({ size }) => size });
    const { subscription, gaps } = puller(fanout, { maxLag: { bytes: 10 } });
    for (const size of [9, 2, 3, 5]) fanout.publish(packet(`${size} bytes`, size));
    expect(subscription.stats()).toMatchObject({ lagItems: 4, lagBytes: 19 });
    expect(readAll(subscription)).toBe('2 bytes 3 bytes 5 bytes');
    expect(gaps).toEqual([{ missed: 1, reason: 'lag' }]);
    expect(subscription.stats().lagBytes).toBe(0);
  });

  it('hands over only the newest item with latest', () => {
    const fanout = new BoundedFanout<Packet>();
    const { subscription } = puller(fanout, { onLag: 'latest' });
    publishAll(fanout, 'a b c');
    expect(readAll(subscription)).toBe('c');
    publishAll(fanout, 'd');
    expect(readAll(subscription)).toBe('d');
    publishAll(fanout, 'e f');
    expect(readAll(subscription)).toBe('f');
  });

  it('does not count the backlog of its start as lag, however short the limit', () => {
    const fanout = streamOf();
    publishAll(fanout, 'K1 a b c d');
    const { subscription, gaps } = puller(fanout, { maxLag: { items: 2 } });
    publishAll(fanout, 'e');
    expect(subscription.read()?.id).toBe('K1');
    expect(readAll(subscription)).toBe('a b c d e');
    publishAll(fanout, 'f K2 g');
    expect(readAll(subscription)).toBe('K2 g');
    expect(gaps).toEqual([{ missed: 1, reason: 'lag' }]);
  });

  it('does not count the backlog behind a resync point as lag either', () => {
    const fanout = streamOf();
    const { subscription, gaps } = puller(fanout, { from: 'live', maxLag: { items: 2 } });
    publishAll(fanout, 'a b K1 c d e');
    expect(subscription.read()?.id).toBe('K1');
    expect(readAll(subscription)).toBe('c d e');
    expect(gaps).toEqual([{ missed: 2, reason: 'lag' }]);
  });

  it('adds the age of the backlog of its start to its limit of age, less and less', async () => {
    const clock = new ManualClock();
    const fanout = streamOf({ clock });
    publishAll(fanout, 'K1 a');
    await clock.advance(200);
    const { subscription, gaps } = puller(fanout, { maxLag: { ms: 100 } });
    await clock.advance(80); // 280 ms old; 100 + 200 * 92 % are allowed.
    expect(subscription.read()?.id).toBe('K1');
    await clock.advance(10);
    expect(subscription.read()).toBeUndefined();
    publishAll(fanout, 'K2');
    expect(readAll(subscription)).toBe('K2');
    expect(gaps).toEqual([{ missed: 1, reason: 'waiting-for-resync' }]);
  });

  it('reports lag at most once a second, departed subscribers included', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ maxItems: 2, clock });
    const lags: unknown[] = [];
    fanout.on('lag', (payload) => void lags.push(payload));
    fanout.subscribe();
    const leaving = fanout.subscribe();
    publishAll(fanout, 'a b c');
    await clock.advance(999);
    publishAll(fanout, 'x');
    leaving.unsubscribe();
    publishAll(fanout, 'd');
    await clock.settle();
    expect(lags).toEqual([{ missed: 2, subscribers: 2 }]);
    await clock.advance(1);
    publishAll(fanout, 'e');
    await clock.settle();
    expect(lags).toEqual([
      { missed: 2, subscribers: 2 },
      { missed: 4, subscribers: 1 },
    ]);
  });
});

describe('filtering', () => {
  it('hands over what the filter accepts and does not call the rest missed', () => {
    const fanout = new BoundedFanout<Packet>();
    const { subscription, gaps } = puller(fanout, { filter: ({ id }) => id !== 'b' });
    publishAll(fanout, 'a b c b');
    expect(readAll(subscription)).toBe('a c');
    expect(subscription.stats()).toMatchObject({ delivered: 2, filtered: 2, missed: 0 });
    expect(gaps).toEqual([]);
  });

  it('does not call a puller whose filter rejects everything new', async () => {
    const fanout = new BoundedFanout<Packet>();
    let calls = 0;
    const onReadable = (): void => void calls++;
    fanout.subscribe({ filter: ({ id }) => id === 'b', onReadable });
    publishAll(fanout, 'a');
    await turn();
    expect(calls).toBe(0);
    publishAll(fanout, 'b');
    await turn();
    expect(calls).toBe(1);
  });
});
