import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObedientProtocol } from './fixtures/obedient.worker.ts';
import type { WorkerChannelOptions } from './options.ts';
import { WorkerChannel } from './worker-channel.ts';

const hosts = ['thread', 'process'] as const;
let host: (typeof hosts)[number] = 'thread';
const opened: WorkerChannel<ObedientProtocol>[] = [];
const noHurry = { graceMs: 60_000 };

afterEach(async () => {
  await Promise.all(opened.splice(0).map((channel) => channel.close({ graceMs: 0 })));
});

describe.each(hosts)('WorkerChannel in a %s: close', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('does not wait for a consumer that never came, and counts what it missed', async () => {
    const channel = await openFull();
    expect(await channel.close(noHurry)).toEqual({ reason: 'closed' });
    expect(channel.stats()).toMatchObject({ takenItems: 0, inFlightItems: 0, queuedItems: 0 });
    expect(channel.stats().discardedItems).toBeGreaterThanOrEqual(164);
  });

  it('does not wait for a consumer that has left its loop', async () => {
    const channel = await openFull();
    for await (const { number } of channel.data) if (number === 9) break;
    expect(await channel.close(noHurry)).toEqual({ reason: 'closed' });
    expect(channel.stats().takenItems).toBe(10);
    expect(channel.stats().discardedItems).toBeGreaterThanOrEqual(154);
  });

  it('does not wait for a consumer that leaves its loop because of it', async () => {
    const channel = await openFull();
    const iterator = channel.data[Symbol.asyncIterator]();
    await iterator.next();
    const closing = channel.close(noHurry);
    await iterator.return?.();
    expect(await closing).toEqual({ reason: 'closed' });
  });

  it('lets a consumer in its loop have everything, however slow it is', async () => {
    const channel = await openFull();
    const numbers: number[] = [];
    let closing: Promise<unknown> | undefined;
    for await (const { number } of channel.data) {
      numbers.push(number);
      closing ??= channel.close(noHurry);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closing;
    expect(numbers.length).toBeGreaterThanOrEqual(164);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(channel.stats()).toMatchObject({ takenItems: numbers.length, discardedItems: 0 });
  });

  it('lets a loop that starts beside it have everything', async () => {
    const channel = await openFull();
    const closing = channel.close(noHurry);
    const numbers: number[] = [];
    for await (const { number } of channel.data) numbers.push(number);
    await closing;
    expect(numbers.length).toBeGreaterThanOrEqual(164);
    expect(channel.stats().discardedItems).toBe(0);
  });
});

describe.each(hosts)('WorkerChannel in a %s: stats', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('tell how full the lane is, was, and for how long it held the worker back', async () => {
    const channel = await open({ capacity: 10 });
    channel.send('write', { from: 0, count: 100, bytes: 1_000 });
    await eventually(() => channel.stats().queuedItems === 10 && channel.stats().unreadItems === 64);
    expect(channel.stats()).toMatchObject({
      queuedBytes: 10_000,
      highWaterItems: 10,
      highWaterBytes: 10_000,
      unreadItems: 64,
      inFlightItems: 0,
      takenItems: 0,
    });
    await eventually(() => channel.stats().blockedMs > 0);
    let taken = 0;
    for await (const { buffer } of channel.data) if (buffer?.byteLength === 1_000 && ++taken === 100) break;
    await eventually(() => channel.stats().queuedItems === 0);
    const { blockedMs, ...stats } = channel.stats();
    expect(stats).toMatchObject({ takenItems: 100, unreadItems: 0, queuedBytes: 0, highWaterItems: 10 });
    await channel.call('echo', 1);
    expect(channel.stats().blockedMs).toBe(blockedMs);
  });

  it('count the bytes that were dropped', async () => {
    const channel = await open({ capacity: 1, overflow: 'drop-newest' });
    channel.send('write', { from: 0, count: 70, bytes: 100 });
    await eventually(() => channel.stats().droppedItems === 69); // All but the first of one tick.
    expect(channel.stats().droppedBytes).toBe(6_900);
  });

  it('tell the truth about a worker whose loop stands still, and after its end', async () => {
    const channel = await open({ capacity: 10 });
    channel.send('write', { from: 0, count: 100 });
    await eventually(() => channel.stats().queuedItems === 10);
    channel.send('spin', { forMs: 60_000, beating: true });
    await channel.close();
    expect(channel.stats()).toMatchObject({ highWaterItems: 10 });
  });
});

/** With 64 items on their way and 100 in the worker's queue, and more to come. */
async function openFull(): Promise<WorkerChannel<ObedientProtocol>> {
  const channel = await open({ capacity: 100 });
  channel.send('write', { from: 0, count: 1_000 });
  await eventually(() => channel.stats().queuedItems === 100);
  return channel;
}

async function open(
  options: WorkerChannelOptions<ObedientProtocol>,
): Promise<WorkerChannel<ObedientProtocol>> {
  const file = new URL('./fixtures/obedient.worker.ts', import.meta.url);
  const channel = await WorkerChannel.open<ObedientProtocol>(file, { host, ...options });
  opened.push(channel);
  return channel;
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
