import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { BoundedFanout } from './bounded-fanout.ts';
import type { Subscription } from './types.ts';

interface Frame {
  readonly key: string | undefined;
  readonly bytes: Uint8Array;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const frame = (key?: string): Frame => ({ key, bytes: new Uint8Array(1_000) });

/** Collects garbage; before, the turn of the event loop must be over, until which a WeakRef holds its target. */
async function collect(): Promise<void> {
  await new Promise(setImmediate);
  collectGarbage();
}

/** Publishes a frame that nobody else refers to. */
function publishWeakly(fanout: BoundedFanout<Frame>, key?: string): WeakRef<Frame> {
  const item = frame(key);
  fanout.publish(item);
  return new WeakRef(item);
}

/** Subscribers of every kind: stalled, up to date, waiting in a loop. */
function subscribeAll(fanout: BoundedFanout<Frame>): readonly Subscription<Frame>[] {
  const read = (each: Subscription<Frame>): void => void each.read();
  const [stalled, reading, looping, batching] = [1, 2, 3, 4].map(() => fanout.subscribe({ from: 'live' }));
  fanout.subscribe({ from: 'live', onItem() {} });
  fanout.subscribe({ from: 'live', onReadable() {}, stallTimeoutMs: 60_000 });
  fanout.on('lag', () => read(reading!));
  void drain(looping!);
  void drain(batching!.batches());
  return [stalled!, reading!];
}

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _value of source);
}

it('keeps no item that was overwritten, whoever has or has not taken it', async () => {
  const fanout = new BoundedFanout<Frame>({ maxItems: 4, retainKey: ({ key }) => key });
  const [stalled, reading] = subscribeAll(fanout);
  const overwritten = [publishWeakly(fanout), publishWeakly(fanout, 'header')];
  await collect();
  reading!.read();
  fanout.publish(frame('header'));
  for (let index = 0; index < 4; index++) fanout.publish(frame()); // These still need the header before them.
  await collect();
  expect(overwritten.map((each) => each.deref())).toEqual([undefined, undefined]);
  expect(stalled!.stats()).toMatchObject({ lagItems: 4, missed: 3 });
  expect(fanout.stats().items).toBe(4);
  void fanout.end();
  for (const each of fanout.subscribers) each.unsubscribe();
});

it('keeps no item after the last subscriber has gone at its end', async () => {
  const fanout = new BoundedFanout<Frame>({ retainKey: ({ key }) => key });
  const subscription = fanout.subscribe({ from: 'live' });
  const items = [publishWeakly(fanout), publishWeakly(fanout, 'header')];
  void fanout.end();
  subscription.unsubscribe();
  await collect();
  expect(items.map((each) => each.deref())).toEqual([undefined, undefined]);
  expect(fanout.hasEnded).toBe(true);
});

it('needs less than 1 KB for each of 10 000 stalled subscribers, however much is published', async () => {
  const subscribers = 10_000;
  const fanout = new BoundedFanout<Frame>({ maxItems: 1_024, sizeOf: ({ bytes }) => bytes.byteLength });
  await collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < subscribers; index++) fanout.subscribe({ onReadable() {}, onGap() {} });
  for (let index = 0; index < 5_000; index++) fanout.publish(frame());
  await collect();
  const ringBytes = 1_024 * 500; // A frame's own object and its place; its bytes lie outside the heap.
  const grown = process.memoryUsage().heapUsed - before;
  expect(fanout.stats()).toMatchObject({ items: 1_024, bytes: 1_024_000, lagging: subscribers });
  expect(grown).toBeLessThan(ringBytes + subscribers * 1_024);
});
