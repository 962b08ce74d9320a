import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import { type Packet, publishAll, turn } from './test-support.ts';
import type { Subscription } from './types.ts';

/** Takes batches, as they come, into the returned list: `'a b'` is one of two items. */
function collect(subscription: Subscription<Packet>, maxItems?: number) {
  const batches: string[] = [];
  const loop = async (): Promise<void> => {
    for await (const batch of subscription.batches(maxItems))
      batches.push(batch.map(({ id }) => id).join(' '));
    batches.push(subscription.end!.reason);
  };
  return { batches, finished: loop() };
}

describe('batches', () => {
  it('hold everything that is there, and end with the fanout', async () => {
    const fanout = new BoundedFanout<Packet>();
    const { batches, finished } = collect(fanout.subscribe());
    publishAll(fanout, 'a b c');
    await turn();
    publishAll(fanout, 'd');
    await turn();
    publishAll(fanout, 'e f');
    fanout.end();
    await finished;
    expect(batches).toEqual(['a b c', 'd', 'e f', 'ended']);
  });

  it('hold no more than asked for', async () => {
    const fanout = new BoundedFanout<Packet>();
    const { batches } = collect(fanout.subscribe(), 2);
    publishAll(fanout, 'a b c d e');
    await turn();
    expect(batches).toEqual(['a b', 'c d', 'e']);
  });

  it('never reach across a gap, whose notice comes right before the next one', async () => {
    const fanout = new BoundedFanout<Packet>({ maxBytes: 3, sizeOf: ({ size }) => size });
    const diary: string[] = [];
    const subscription = fanout.subscribe({ onGap: ({ missed }) => void diary.push(`gap ${missed}`) });
    publishAll(fanout, 'a b');
    fanout.publish({ id: 'huge', size: 4 });
    publishAll(fanout, 'c');
    for await (const batch of subscription.batches()) {
      diary.push(batch.map(({ id }) => id).join(' '));
      if (diary.length === 3) break;
    }
    expect(diary).toEqual(['a b', 'gap 1', 'c']);
    expect(subscription.end).toEqual({ reason: 'unsubscribed' });
  });

  it('hold what the filter accepts, and never nothing', async () => {
    const fanout = new BoundedFanout<Packet>();
    const { batches } = collect(fanout.subscribe({ filter: ({ id }) => id !== 'x' }));
    publishAll(fanout, 'x x');
    await turn();
    publishAll(fanout, 'x a x b x');
    await turn();
    expect(batches).toEqual(['a b']);
  });

  it('hold what came before the item at which the filter throws', async () => {
    const fanout = new BoundedFanout<Packet>();
    const filter = ({ id }: Packet): boolean => {
      if (id === 'x') throw new Error('broken filter');
      return true;
    };
    const { batches, finished } = collect(fanout.subscribe({ filter }));
    await turn();
    publishAll(fanout, 'a b x');
    await finished;
    expect(batches).toEqual(['a b', 'failed']);
  });

  it('are refused to a subscription with onItem, and with a size of 0', () => {
    const fanout = new BoundedFanout<Packet>();
    expect(() => fanout.subscribe({ onItem() {} }).batches()).toThrow(ConfigError);
    expect(() => fanout.subscribe().batches(0)).toThrow('maxItems must be a whole number from 1');
  });
});
