import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { follow, publishAll, readAll, streamOf, turn } from './test-support.ts';

/** Publishes one item after the other, 10 ms apart. */
async function publishSlowly(clock: ManualClock, fanout: ReturnType<typeof streamOf>, ids: string) {
  for (const id of ids.split(' ')) {
    publishAll(fanout, id);
    await clock.advance(10);
  }
}

describe('another limit of lag', () => {
  it('holds from the next look on, in place of the first one', async () => {
    const clock = new ManualClock();
    const fanout = streamOf({ clock });
    const subscription = fanout.subscribe({ from: 'live', maxLag: { ms: 15 } });
    expect(readAll(subscription)).toBe('');
    subscription.limitLag({ ms: 100 });
    await publishSlowly(clock, fanout, 'a b K1 c d');
    expect(readAll(subscription)).toBe('a b K1 c d');
    subscription.limitLag({ ms: 15 });
    await publishSlowly(clock, fanout, 'e f K2 g');
    expect(readAll(subscription)).toBe('K2 g');
  });

  it('may be given to a subscriber that had none, and be taken away', () => {
    const fanout = streamOf();
    const subscription = fanout.subscribe({ from: 'live' });
    publishAll(fanout, 'a');
    expect(readAll(subscription)).toBe('a');
    subscription.limitLag({ items: 2 });
    publishAll(fanout, 'b c K1 d');
    expect(readAll(subscription)).toBe('K1 d');
    subscription.limitLag({});
    publishAll(fanout, 'e f K2 g');
    expect(readAll(subscription)).toBe('e f K2 g');
  });

  it('leaves a backlog alone that was given on purpose', () => {
    const fanout = streamOf();
    publishAll(fanout, 'K1 a b c d');
    const subscription = fanout.subscribe({ maxLag: { items: 1 } });
    subscription.limitLag({ items: 2 });
    expect(readAll(subscription)).toBe('K1 a b c d');
  });

  it('holds for callbacks, too', async () => {
    const fanout = streamOf();
    const { subscription, diary } = follow(fanout, { from: 'live' });
    publishAll(fanout, 'a');
    await turn();
    subscription.limitLag({ items: 1 });
    publishAll(fanout, 'b c K1 d');
    await turn();
    publishAll(fanout, 'e');
    await turn();
    expect(diary).toEqual(['a', 'gap 2 lag', 'K1', 'd', 'e']);
  });

  it('is refused when it is out of range, or in bytes where items have no size', () => {
    const subscription = streamOf().subscribe();
    expect(() => subscription.limitLag({ ms: 0 })).toThrow(ConfigError);
    expect(() => subscription.limitLag({ bytes: 10 })).toThrow('maxLag.bytes 10 needs sizeOf');
  });

  it('does nothing after the end', () => {
    const subscription = streamOf().subscribe();
    subscription.unsubscribe();
    subscription.limitLag({ items: 1 });
    expect([subscription.read(), subscription.end?.reason]).toEqual([undefined, 'unsubscribed']);
  });
});
