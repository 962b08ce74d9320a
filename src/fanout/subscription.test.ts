import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { SubscribeOptions } from './options.ts';
import type { Subscription, SubscriptionEnd } from './types.ts';

const turn = (): Promise<void> => new ManualClock().settle();

function publishAll(fanout: BoundedFanout<string>, items: string): void {
  for (const item of items.split(' ')) fanout.publish(item);
}

function readAll(subscription: Subscription<string>): string {
  const items: string[] = [];
  for (let item = subscription.read(); item !== undefined; item = subscription.read()) items.push(item);
  return items.join(' ');
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

describe('reading', () => {
  it('calls onReadable once when there is something again, not for every item', async () => {
    const fanout = new BoundedFanout<string>();
    let calls = 0;
    const subscription = fanout.subscribe({ onReadable: () => void calls++ });
    publishAll(fanout, 'a b');
    await turn();
    publishAll(fanout, 'c');
    await turn();
    expect(calls).toBe(1);
    expect(readAll(subscription)).toBe('a b c');
    await turn();
    expect(calls).toBe(1);
    publishAll(fanout, 'd');
    await turn();
    expect(calls).toBe(2);
  });

  it('calls onReadable on joining when the ring holds something', async () => {
    const fanout = new BoundedFanout<string>();
    publishAll(fanout, 'a');
    let calls = 0;
    fanout.subscribe({ from: 'oldest', onReadable: () => void calls++ });
    expect(calls).toBe(0);
    await turn();
    expect(calls).toBe(1);
  });

  it('does not call onReadable when everything was read before the microtask', async () => {
    const fanout = new BoundedFanout<string>();
    let calls = 0;
    const subscription = fanout.subscribe({ onReadable: () => void calls++ });
    publishAll(fanout, 'a');
    expect(readAll(subscription)).toBe('a');
    await turn();
    expect(calls).toBe(0);
    publishAll(fanout, 'b');
    await turn();
    expect(calls).toBe(1);
  });

  it('lets onItem take the rest of a burst itself', async () => {
    const fanout = new BoundedFanout<string>();
    const batches: string[] = [];
    const subscription = fanout.subscribe({
      onItem: (item) => void batches.push(`${item} ${readAll(subscription)}`.trim()),
    });
    const { diary } = follow(fanout);
    for (const burst of ['a b c', 'd', 'e f']) {
      publishAll(fanout, burst);
      await turn();
    }
    expect(batches).toEqual(['a b c', 'd', 'e f']);
    expect(diary).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(subscription.stats()).toMatchObject({ delivered: 6, missed: 0, lagItems: 0 });
  });
});

describe('iterating', () => {
  it('takes what is there and what comes, and finishes with the fanout', async () => {
    const fanout = new BoundedFanout<string>();
    publishAll(fanout, 'a b');
    const collected = collect(fanout.subscribe({ from: 'oldest' }));
    await turn();
    publishAll(fanout, 'c');
    await turn();
    publishAll(fanout, 'd');
    fanout.end();
    expect(await collected).toEqual(['a', 'b', 'c', 'd']);
  });

  it('unsubscribes when the loop is left', async () => {
    const fanout = new BoundedFanout<string>();
    publishAll(fanout, 'a b');
    const subscription = fanout.subscribe({ from: 'oldest' });
    for await (const item of subscription) {
      expect(item).toBe('a');
      break;
    }
    expect(subscription.end).toEqual({ reason: 'unsubscribed' });
    expect(fanout.subscribers.size).toBe(0);
  });

  it('answers several calls of next in order', async () => {
    const fanout = new BoundedFanout<string>();
    const iterator = fanout.subscribe()[Symbol.asyncIterator]();
    const results = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    await turn();
    publishAll(fanout, 'a b');
    await turn();
    await iterator.return?.();
    expect((await results).map(({ value }) => value)).toEqual(['a', 'b', undefined]);
  });

  it('finishes without throwing when the subscriber is disconnected for lagging', async () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const subscription = fanout.subscribe({ onLag: 'disconnect' });
    publishAll(fanout, 'a b c');
    expect(await collect(subscription)).toEqual([]);
    expect(subscription.end).toEqual({ reason: 'lagged', missed: 3 });
  });

  it('is refused to a subscription that has onItem', () => {
    const subscription = new BoundedFanout<string>().subscribe({ onItem() {} });
    expect(() => subscription[Symbol.asyncIterator]()).toThrow(ConfigError);
  });
});

describe('ending', () => {
  it('comes after everything the ring holds, and names the cause', async () => {
    const fanout = new BoundedFanout<string>();
    const { subscription, diary } = follow(fanout);
    publishAll(fanout, 'a b');
    fanout.end('stream over');
    fanout.end('again');
    await turn();
    expect(diary).toEqual(['a', 'b', 'ended']);
    expect(subscription.end).toEqual({ reason: 'ended', cause: 'stream over' });
    expect(fanout.hasEnded).toBe(true);
  });

  it('comes at once for subscribers who have read everything', async () => {
    const fanout = new BoundedFanout<string>();
    const pushed = follow(fanout);
    const ends: SubscriptionEnd[] = [];
    const pulled = fanout.subscribe({ onEnd: (end) => void ends.push(end) });
    publishAll(fanout, 'a');
    await turn();
    expect(readAll(pulled)).toBe('a');
    fanout.end();
    await turn();
    expect(pushed.diary).toEqual(['a', 'ended']);
    expect(ends).toEqual([{ reason: 'ended', cause: undefined }]);
  });

  it('waits for a puller until it has read the rest, and then lets go of the items', async () => {
    const fanout = new BoundedFanout<string>();
    const subscription = fanout.subscribe();
    publishAll(fanout, 'a b');
    fanout.end();
    await turn();
    expect(subscription.end).toBeUndefined();
    expect(fanout.stats()).toMatchObject({ items: 2, subscribers: 1 });
    expect(readAll(subscription)).toBe('a b');
    expect(subscription.end?.reason).toBe('ended');
    expect(fanout.stats()).toMatchObject({ items: 0, subscribers: 0 });
  });

  it('tells a pending gap first', async () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2, isResyncPoint: (item) => item.startsWith('K') });
    const { diary } = follow(fanout, { from: 'live' });
    publishAll(fanout, 'K a b');
    fanout.end();
    await turn();
    expect(diary).toEqual(['gap 3', 'ended']);
  });

  it('makes publish do nothing and subscribe give an ended subscription', async () => {
    const fanout = new BoundedFanout<string>();
    fanout.end('over');
    expect(fanout.publish('a').sequence).toBe(-1);
    const { subscription, diary } = follow(fanout, { from: 'oldest' });
    expect(subscription.end).toEqual({ reason: 'ended', cause: 'over' });
    expect(subscription.read()).toBeUndefined();
    await turn();
    expect(diary).toEqual(['ended']);
    expect(fanout.stats()).toMatchObject({ published: 0, subscribers: 0 });
  });

  it('happens once, whatever comes after', async () => {
    const fanout = new BoundedFanout<string>();
    const { subscription, diary } = follow(fanout);
    publishAll(fanout, 'a');
    subscription.unsubscribe();
    subscription.unsubscribe();
    fanout.end();
    await turn();
    expect(diary).toEqual(['unsubscribed']);
    expect(subscription.stats()).toMatchObject({ delivered: 0, lagItems: 0 });
  });

  it('keeps the counters of a subscriber who leaves up to date after many items', async () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const { subscription } = follow(fanout);
    for (const item of ['a', 'b', 'c', 'd']) {
      publishAll(fanout, item);
      await turn();
    }
    subscription.unsubscribe();
    expect(subscription.stats()).toMatchObject({ delivered: 4, missed: 0 });
    expect(fanout.stats().missed).toBe(0);
  });

  it('keeps the counters of a subscriber who leaves after the ring has overtaken it', () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const subscription = fanout.subscribe();
    publishAll(fanout, 'a b c');
    subscription.unsubscribe();
    expect(subscription.stats()).toMatchObject({ delivered: 0, missed: 1 });
    expect(fanout.stats().missed).toBe(1);
  });
});

describe('an abort signal', () => {
  it('unsubscribes and leaves no listener behind', async () => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => [listeners++, add(...args)];
    signal.removeEventListener = (...args: Parameters<typeof remove>) => [listeners--, remove(...args)];
    const fanout = new BoundedFanout<string>();
    const leaving = fanout.subscribe({ signal });
    const { subscription, diary } = follow(fanout, { signal });
    leaving.unsubscribe();
    expect(listeners).toBe(1);
    publishAll(fanout, 'a');
    controller.abort('enough');
    await turn();
    expect(diary).toEqual(['aborted']);
    expect(subscription.end).toEqual({ reason: 'aborted', cause: 'enough' });
    expect(listeners).toBe(0);
    expect(fanout.subscribers.size).toBe(0);
  });

  it('that has aborted before gives an ended subscription', () => {
    const fanout = new BoundedFanout<string>();
    const subscription = fanout.subscribe({ signal: AbortSignal.abort('early') });
    expect(subscription.end).toEqual({ reason: 'aborted', cause: 'early' });
    expect(fanout.subscribers.size).toBe(0);
  });

  it('finishes an iteration that waits', async () => {
    const controller = new AbortController();
    const collected = collect(new BoundedFanout<string>().subscribe({ signal: controller.signal }));
    await turn();
    controller.abort();
    expect(await collected).toEqual([]);
  });
});

describe('a subscriber who has left', () => {
  const options: readonly SubscribeOptions<string>[] = [{}, { onLag: 'disconnect' }, { onItem() {} }];
  it.each(options)('is not kept in memory by the fanout: %o', async (each) => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const fanout = new BoundedFanout<string>();
    const comeAndGo = async (): Promise<WeakRef<Subscription<string>>> => {
      const subscription = fanout.subscribe(each);
      publishAll(fanout, 'a b');
      await turn();
      subscription.unsubscribe();
      return new WeakRef(subscription);
    };
    const left = await comeAndGo();
    await new Promise(setImmediate); // A WeakRef holds its target until the turn of the event loop is over.
    collectGarbage();
    expect(left.deref()).toBeUndefined();
    expect(fanout.stats().published).toBe(2);
  });
});
