import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import { type Packet, packet, publishAll, puller, readAll } from './test-support.ts';
import type { SubscriptionEnd } from './types.ts';

function setUp() {
  const clock = new ManualClock();
  const fanout = new BoundedFanout<Packet>({ clock });
  const ends: SubscriptionEnd[] = [];
  const onEnd = (end: SubscriptionEnd): void => void ends.push(end);
  return { clock, fanout, ends, onEnd };
}

describe('a stall limit', () => {
  it('ends a subscriber that takes nothing, not before its time and at most a quarter after it', async () => {
    const { clock, fanout, ends, onEnd } = setUp();
    fanout.subscribe({ stallTimeoutMs: 800, onReadable() {}, onEnd });
    publishAll(fanout, 'a b');
    await clock.advance(800);
    expect(ends).toEqual([]);
    await clock.advance(200);
    expect(ends).toEqual([{ reason: 'stalled', missed: 2 }]);
    expect(fanout.stats()).toMatchObject({ subscribers: 0, missed: 2, subscribersDropped: 1 });
  });

  it('spares one that takes a little now and then', async () => {
    const { clock, fanout, onEnd, ends } = setUp();
    const { subscription } = puller(fanout, { stallTimeoutMs: 800, onEnd });
    publishAll(fanout, 'a b c d e');
    for (const id of ['a', 'b', 'c', 'd']) {
      await clock.advance(799);
      expect(subscription.read()?.id).toBe(id);
    }
    expect(ends).toEqual([]);
    await clock.advance(1_000);
    expect(ends).toEqual([{ reason: 'stalled', missed: 1 }]);
  });

  it('spares one for whom there is nothing, and keeps no timer then', async () => {
    const { clock, fanout } = setUp();
    const { subscription } = puller(fanout, { stallTimeoutMs: 800, filter: ({ id }) => id !== 'b' });
    publishAll(fanout, 'a b b');
    expect(subscription.read()?.id).toBe('a');
    await clock.advance(10_000);
    expect(subscription.end).toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  it('is counted anew after a pause in which nothing was published', async () => {
    const { clock, fanout } = setUp();
    const { subscription } = puller(fanout, { stallTimeoutMs: 800 });
    publishAll(fanout, 'a');
    await clock.advance(300);
    expect(readAll(subscription)).toBe('a');
    await clock.advance(10_000);
    publishAll(fanout, 'b');
    await clock.advance(800);
    expect(subscription.end).toBeUndefined();
  });

  it('does not count time in which the event loop was blocked', async () => {
    const ends: SubscriptionEnd[] = [];
    const timers: (() => void)[] = [];
    const fanout = new BoundedFanout<Packet>({
      clock: {
        nowMs: () => 0,
        wallMs: () => 0,
        setTimer: (_delayMs, callback) => {
          timers.push(callback);
          return { cancel() {} };
        },
      },
    });
    const subscription = fanout.subscribe({ stallTimeoutMs: 800, onEnd: (end) => void ends.push(end) });
    fanout.publish(packet('a'));
    await new ManualClock().settle();
    // Each timer may fire hours late: what counts is how often the subscriber could have read in between.
    for (let looks = 0; looks < 8; looks++) timers.shift()!();
    expect(subscription.read()?.id).toBe('a');
    expect(ends).toEqual([]);
  });

  it('holds for a loop that is busy with one item', async () => {
    const { clock, fanout, ends, onEnd } = setUp();
    const subscription = fanout.subscribe({ from: 'oldest', stallTimeoutMs: 800, onEnd });
    const iterator = subscription[Symbol.asyncIterator]();
    publishAll(fanout, 'a b');
    expect((await iterator.next()).value?.id).toBe('a');
    await clock.advance(1_000);
    expect(ends).toEqual([{ reason: 'stalled', missed: 1 }]);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it('tells the gap that is pending before the end', async () => {
    const clock = new ManualClock();
    const fanout = new BoundedFanout<Packet>({ maxItems: 2, clock });
    const diary: unknown[] = [];
    fanout.subscribe({
      stallTimeoutMs: 80,
      onGap: (gap) => void diary.push(gap),
      onEnd: (end) => void diary.push(end),
    });
    publishAll(fanout, 'a b c');
    await clock.advance(1_000);
    expect(diary).toEqual([
      { missed: 1, reason: 'lag' },
      { reason: 'stalled', missed: 2 },
    ]);
    expect(fanout.stats().missed).toBe(3);
  });

  it('keeps each to its own limit, and no timer when the last has gone', async () => {
    const { clock, fanout } = setUp();
    const impatient = fanout.subscribe({ stallTimeoutMs: 100 });
    const patient = fanout.subscribe({ stallTimeoutMs: 1_000 });
    publishAll(fanout, 'a');
    await clock.advance(130);
    expect([impatient.end?.reason, patient.end?.reason]).toEqual(['stalled', undefined]);
    patient.unsubscribe();
    expect(clock.timers).toBe(0);
  });
});

describe('end', () => {
  it('resolves when the last subscriber has read the rest', async () => {
    const { clock, fanout } = setUp();
    const { subscription } = puller(fanout);
    publishAll(fanout, 'a');
    let isOver = false;
    const over = fanout.end('done').then(() => (isOver = true));
    await clock.settle();
    expect(isOver).toBe(false);
    expect(readAll(subscription)).toBe('a');
    await over;
    expect(fanout.stats()).toMatchObject({ subscribers: 0, items: 0, missed: 0 });
  });

  it('resolves at once when there is nobody, also the second time', async () => {
    const { fanout } = setUp();
    publishAll(fanout, 'a');
    await fanout.end();
    await fanout.end();
    expect(fanout.stats().items).toBe(0);
  });

  it('cuts off who has not read everything within drainTimeoutMs, and tells how much that was', async () => {
    const { clock, fanout, ends, onEnd } = setUp();
    fanout.subscribe({ onEnd });
    const halfway = fanout.subscribe({ onEnd });
    const done = fanout.subscribe({ onEnd });
    publishAll(fanout, 'a b');
    await clock.settle();
    expect([halfway.read()?.id, done.read()?.id, done.read()?.id]).toEqual(['a', 'a', 'b']);
    const over = fanout.end('shutdown', { drainTimeoutMs: 500 });
    await clock.advance(499);
    expect(ends).toEqual([]);
    await clock.advance(1);
    await over;
    expect(ends).toEqual([
      { reason: 'cut-off', cause: 'shutdown', missed: 2 },
      { reason: 'cut-off', cause: 'shutdown', missed: 1 },
      { reason: 'ended', cause: 'shutdown' },
    ]);
    expect(fanout.stats()).toMatchObject({ subscribers: 0, items: 0, missed: 3, subscribersDropped: 2 });
  });

  it('keeps no timer when everybody has gone before', async () => {
    const { clock, fanout } = setUp();
    const { subscription } = puller(fanout);
    publishAll(fanout, 'a');
    const over = fanout.end('done', { drainTimeoutMs: 500 });
    subscription.unsubscribe();
    await over;
    expect(clock.timers).toBe(0);
  });

  it('still ends a subscriber that stalls', async () => {
    const { clock, fanout, ends, onEnd } = setUp();
    fanout.subscribe({ stallTimeoutMs: 100, onEnd });
    publishAll(fanout, 'a');
    const over = fanout.end();
    await clock.advance(200);
    await over;
    expect(ends).toEqual([{ reason: 'stalled', missed: 1 }]);
  });

  it.each([
    ['drainTimeoutMs must be a number of milliseconds', { drainTimeoutMs: -1 }],
    ["end has no option 'timeoutMs'", { timeoutMs: 1 } as never],
  ])('refuses: %s', (message, options) => {
    const { fanout } = setUp();
    expect(() => fanout.end('over', options)).toThrow(message);
    expect(fanout.hasEnded).toBe(false);
  });
});
