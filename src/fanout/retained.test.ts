import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { FanoutOptions } from './options.ts';
import type { Subscription } from './types.ts';

// 'h1' is version 1 of the header 'h'; capital K is a resync point.
const retainKey = (item: string): string | undefined => (/^[a-z]\d/.test(item) ? item[0] : undefined);
const isResyncPoint = (item: string): boolean => item.startsWith('K');
const turn = (): Promise<void> => new ManualClock().settle();

const streamOf = (options: FanoutOptions<string> = {}): BoundedFanout<string> =>
  new BoundedFanout<string>({ retainKey, isResyncPoint, ...options });

function publishAll(fanout: BoundedFanout<string>, items: string): void {
  for (const item of items.split(' ')) fanout.publish(item);
}

function readAll(subscription: Subscription<string>): string {
  const items: string[] = [];
  for (let item = subscription.read(); item !== undefined; item = subscription.read()) items.push(item);
  return items.join(' ');
}

describe('retained items', () => {
  it('reach a joiner as of its start, in their order, and none from the future', () => {
    const fanout = streamOf();
    publishAll(fanout, 'h1 m1 K1 h2 . m2');
    const subscription = fanout.subscribe();
    expect(readAll(subscription)).toBe('h1 m1 K1 h2 . m2');
    expect(subscription.stats()).toMatchObject({ delivered: 4, resent: 2 });
  });

  it('reach a live joiner before anything is published', async () => {
    const fanout = streamOf();
    publishAll(fanout, 'h1 m1 h2');
    const items: string[] = [];
    fanout.subscribe({ from: 'live', onItem: (item) => void items.push(item) });
    await turn();
    expect(items).toEqual(['m1', 'h2']);
    publishAll(fanout, '. h3');
    await turn();
    expect(items).toEqual(['m1', 'h2', '.', 'h3']);
  });

  it('wait with a joiner until its resync point comes', () => {
    const fanout = streamOf();
    publishAll(fanout, 'h1 .');
    const subscription = fanout.subscribe();
    expect(subscription.read()).toBeUndefined();
    publishAll(fanout, 'h2 . K1');
    expect(readAll(subscription)).toBe('h2 K1');
  });

  it('outlive the ring', () => {
    const fanout = streamOf({ maxItems: 2 });
    publishAll(fanout, 'h1 a b c');
    expect(readAll(fanout.subscribe({ from: 'oldest' }))).toBe('h1 b c');
  });

  it('come again after a gap only if they changed in it', () => {
    const fanout = streamOf({ maxItems: 3 });
    const gaps: number[] = [];
    const subscription = fanout.subscribe({ from: 'live', onGap: ({ missed }) => void gaps.push(missed) });
    publishAll(fanout, 'h1 m1');
    expect(readAll(subscription)).toBe('h1 m1');
    publishAll(fanout, 'a m2 b K1 c');
    expect(readAll(subscription)).toBe('m2 K1 c');
    publishAll(fanout, 'd e K2 f');
    expect(readAll(subscription)).toBe('K2 f');
    expect(gaps).toEqual([3, 2]);
    expect(subscription.stats()).toMatchObject({ delivered: 6, missed: 5, resent: 1 });
  });

  it('come in their newest version when the subscriber is overtaken between two of them', () => {
    const fanout = streamOf({ maxItems: 3 });
    publishAll(fanout, 'h1 m1 K1');
    const subscription = fanout.subscribe();
    expect(subscription.read()).toBe('h1');
    publishAll(fanout, 'h2 a K2 b');
    expect(readAll(subscription)).toBe('m1 h2 K2 b');
  });

  it('follow the gap and precede the item', async () => {
    const fanout = streamOf({ maxItems: 3 });
    const diary: string[] = [];
    fanout.subscribe({
      from: 'live',
      onItem: (item) => void diary.push(item),
      onGap: ({ missed }) => void diary.push(`gap ${missed}`),
    });
    publishAll(fanout, 'h1 a b K1 c');
    await turn();
    expect(diary).toEqual(['gap 3', 'h1', 'K1', 'c']);
  });

  it('pass the filter like any other', () => {
    const fanout = streamOf();
    publishAll(fanout, 'h1 m1');
    const subscription = fanout.subscribe({ from: 'live', filter: (item) => !item.startsWith('m') });
    expect(readAll(subscription)).toBe('h1');
    publishAll(fanout, 'm2 a');
    expect(readAll(subscription)).toBe('a');
    expect(subscription.stats()).toMatchObject({ delivered: 1, filtered: 1, resent: 1 });
  });

  it('stay as they are when the new one says the same', () => {
    const fanout = streamOf({ maxItems: 2, isSameRetained: (older, newer) => older[1] === newer[1] });
    const subscription = fanout.subscribe({ from: 'live' });
    publishAll(fanout, 'h1');
    expect(readAll(subscription)).toBe('h1');
    publishAll(fanout, 'h1again a b K1');
    expect(readAll(subscription)).toBe('K1');
    expect(readAll(fanout.subscribe())).toBe('h1 K1');
  });

  it('have at most 64 keys; the 65th is counted and goes through the ring only', () => {
    const fanout = new BoundedFanout<string>({ retainKey: (item) => item });
    for (let index = 0; index < 65; index++) fanout.publish(`key ${index}`);
    expect(fanout.stats()).toMatchObject({ retained: 64, retainRefused: 1, items: 65 });
    const items = readAll(fanout.subscribe({ from: 'live' }));
    expect(items).toContain('key 63');
    expect(items).not.toContain('key 64');
  });

  it('are bounded in bytes; a key that does not fit is left out rather than outdated', () => {
    const fanout = streamOf({ maxBytes: 10, sizeOf: (item) => item.length });
    publishAll(fanout, 'h1.. m1..');
    publishAll(fanout, 'h2......');
    expect(fanout.stats()).toMatchObject({ retained: 1, retainRefused: 1 });
    expect(readAll(fanout.subscribe({ from: 'live' }))).toBe('m1..');
  });

  it('are not taken from a refused item', () => {
    const fanout = streamOf({ maxBytes: 4, sizeOf: (item) => item.length });
    publishAll(fanout, 'h1 h2toolarge');
    expect(readAll(fanout.subscribe({ from: 'live' }))).toBe('h1');
  });
});
