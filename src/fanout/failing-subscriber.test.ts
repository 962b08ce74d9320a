import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { SubscribeOptions } from './options.ts';
import type { Subscription } from './types.ts';

const turn = (): Promise<void> => new ManualClock().settle();

function publishAll(fanout: BoundedFanout<string>, items: string): void {
  for (const item of items.split(' ')) fanout.publish(item);
}

function follow(fanout: BoundedFanout<string>, options: SubscribeOptions<string> = {}) {
  const diary: string[] = [];
  const subscription = fanout.subscribe({
    onItem: (item) => void diary.push(item),
    onGap: ({ missed }) => void diary.push(`gap ${missed}`),
    onEnd: ({ reason }) => void diary.push(reason),
    ...options,
  });
  return { subscription, diary };
}

async function collect(subscription: Subscription<string>): Promise<string[]> {
  const items: string[] = [];
  for await (const item of subscription) items.push(item);
  return items;
}

function fail(): never {
  throw new Error('broken subscriber');
}

describe('a callback that throws', () => {
  const broken: readonly [string, SubscribeOptions<string>][] = [
    ['onItem', { onItem: fail }],
    ['onReadable', { onReadable: fail }],
    ['filter', { filter: fail, onItem() {} }],
    ['onGap', { onGap: fail, onItem() {} }],
  ];
  it.each(broken)('detaches its own subscriber and nobody else: %s', async (_name, options) => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const failed: unknown[] = [];
    fanout.on('subscriberFailed', ({ subscription }) => void failed.push(subscription));
    const before = follow(fanout);
    const subscription = fanout.subscribe(options);
    const after = follow(fanout);
    publishAll(fanout, 'a b c');
    await turn();
    publishAll(fanout, 'd');
    await turn();
    expect([before.diary, after.diary]).toEqual([
      ['gap 1', 'b', 'c', 'd'],
      ['gap 1', 'b', 'c', 'd'],
    ]);
    expect(subscription.end).toMatchObject({ reason: 'failed', error: { message: 'broken subscriber' } });
    expect(failed).toEqual([subscription]);
    expect(fanout.stats()).toMatchObject({ subscribersFailed: 1, subscribers: 2 });
  });

  it('detaches a subscriber in the middle of many who are all up to date', async () => {
    const fanout = new BoundedFanout<string>();
    const diaries = Array.from({ length: 5 }, () => follow(fanout).diary);
    const { subscription } = follow(fanout, { onItem: (item) => void (item === 'b' && fail()) });
    diaries.push(...Array.from({ length: 5 }, () => follow(fanout).diary));
    for (const item of ['a', 'b', 'c']) {
      publishAll(fanout, item);
      await turn();
    }
    expect(diaries).toEqual(Array.from({ length: 10 }, () => ['a', 'b', 'c']));
    expect(subscription.end?.reason).toBe('failed');
    expect(subscription.stats().delivered).toBe(2);
  });

  it('is reported when it is onEnd, and changes nothing about the end', async () => {
    const fanout = new BoundedFanout<string>();
    const subscription = fanout.subscribe({ onEnd: fail });
    const other = follow(fanout);
    fanout.end();
    await turn();
    expect(subscription.end?.reason).toBe('ended');
    expect(other.diary).toEqual(['ended']);
    expect(fanout.stats().subscribersFailed).toBe(1);
  });

  it('finishes the iteration when it is a filter', async () => {
    const fanout = new BoundedFanout<string>();
    const subscription = fanout.subscribe({ filter: fail });
    publishAll(fanout, 'a');
    expect(await collect(subscription)).toEqual([]);
    expect(subscription.end?.reason).toBe('failed');
  });

  const rejecting: readonly [string, SubscribeOptions<string>][] = [
    ['onItem', { onItem: async () => fail() }],
    ['onReadable', { onReadable: async () => fail() }],
    ['onGap', { onGap: async () => fail(), onItem() {} }],
  ];
  it.each(rejecting)('or whose promise rejects detaches its subscriber: %s', async (_name, options) => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const subscription = fanout.subscribe(options);
    const other = follow(fanout);
    publishAll(fanout, 'a b c');
    await turn();
    expect(subscription.end).toMatchObject({ reason: 'failed', error: { message: 'broken subscriber' } });
    expect(other.diary).toEqual(['gap 1', 'b', 'c']);
    expect(fanout.subscribers.size).toBe(1);
  });

  it('is reported when it is an onEnd whose promise rejects', async () => {
    const fanout = new BoundedFanout<string>();
    fanout.subscribe({ onEnd: async () => fail() });
    fanout.end();
    await turn();
    expect(fanout.stats().subscribersFailed).toBe(1);
  });

  it('harms nobody even when the logger throws, too', async () => {
    const broken = { debug: fail, info: fail, warn: fail, error: fail };
    const fanout = new BoundedFanout<string>({ logger: broken, sizeOf: fail });
    const subscription = fanout.subscribe({ onItem: fail });
    const other = follow(fanout);
    publishAll(fanout, 'a b');
    await turn();
    expect(subscription.end?.reason).toBe('failed');
    expect(other.diary).toEqual(['a', 'b']);
  });
});
