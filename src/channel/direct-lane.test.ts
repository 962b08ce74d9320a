import { afterEach, describe, expect, it } from 'vitest';
import { DirectLane, type DirectLaneOptions } from './direct-lane.ts';
import type { DirectLaneItem } from './direct-lane-reader.ts';
import type { LaneItem, LaneProtocol } from './fixtures/lane.worker.ts';
import { WorkerChannel } from './worker-channel.ts';

type Channel = WorkerChannel<LaneProtocol>;
type Host = Channel['host'];
const opened: Channel[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((channel) => channel.close({ graceMs: 0 })));
});

describe.each<[Host, Host]>([
  ['thread', 'thread'],
  ['thread', 'process'],
  ['process', 'thread'],
  ['process', 'process'],
])('a direct lane from a %s to a %s', (writerHost, readerHost) => {
  it('carries everything in order, held back by a reader that is slow', async () => {
    const { writer, reader } = await connect();
    writer.send('write', { from: 0, count: 2_000 });
    expect(await takeNumbers(reader, 2_000)).toEqual(range(0, 2_000));
    writer.send('write', { from: 0, count: 100, bytes: 100_000 });
    const items = await take(reader, 100);
    expect(items.every((item) => item.kind === 'item' && item.value.buffer?.byteLength === 100_000)).toBe(
      true,
    );
  });

  it('tells the reader when the writer was started anew, and delivers nothing twice', async () => {
    const { lane, writer, reader } = await connect();
    writer.send('write', { from: 0, count: 10 });
    expect(await takeNumbers(reader, 10)).toEqual(range(0, 10));
    writer.send('die', {});
    await writer.closed;
    const second = await open('writer', writerHost);
    await lane.attach('from', second);
    second.send('write', { from: 100, count: 10 });
    const [seam, ...items] = await take(reader, 11);
    expect(seam).toEqual({ kind: 'discontinuity', reason: 'lost' });
    expect(items.map(numberOf)).toEqual(range(100, 110));
  });

  it('tells the writer when the reader was started anew, and counts what was lost', async () => {
    const { lane, writer, reader } = await connect({ capacity: 10 });
    const told = new Promise<unknown>((resolve) => writer.once('status', resolve));
    writer.send('write', { from: 0, count: 1_000 });
    expect(await takeNumbers(reader, 5)).toEqual(range(0, 5));
    await untilFull(writer, 10);
    await reader.close({ graceMs: 0 });
    const second = await open('reader', readerHost);
    await lane.attach('to', second);
    const [first] = await takeNumbers(second, 1);
    expect(first).toBeGreaterThan(5);
    const { lostItems } = await writer.call('stats', {});
    expect(await told).toMatchObject({ status: 'discontinuity', detail: { lostItems } });
    expect(lostItems).toBeGreaterThan(0);
    expect(lostItems).toBeLessThanOrEqual(64);
    expect(await takeNumbers(second, 999 - first!)).toEqual(range(first! + 1, 1_000));
  });

  it('ends for both when it is closed, behind everything that was written', async () => {
    const { lane, writer, reader } = await connect();
    writer.send('write', { from: 0, count: 200 });
    await writer.call('stats', {});
    const reading = takeNumbers(reader, Number.POSITIVE_INFINITY);
    await lane.close();
    expect(await reading).toEqual(range(0, 200));
    const failed = new Promise((resolve) => writer.once('commandFailed', resolve));
    writer.send('write', { from: 200, count: 1 });
    expect(await failed).toMatchObject({ error: { code: 'CLOSED' } });
    await expect(lane.attach('from', writer)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  async function connect(options: Partial<DirectLaneOptions> = {}) {
    const [from, to] = await Promise.all([open('writer', writerHost), open('reader', readerHost)]);
    const lane = await DirectLane.connect({ name: 'media', from, to, ...options });
    return { lane, writer: from, reader: to };
  }
});

describe('a direct lane', () => {
  it('may be asked for by the writer before it is connected', async () => {
    const from = await open('writer', 'thread');
    from.send('write', { from: 0, count: 3 });
    expect(await from.call('stats', {})).toMatchObject({ queuedItems: 0, sentItems: 0 });
    const to = await open('reader', 'thread');
    await DirectLane.connect({ name: 'media', from, to });
    expect(await takeNumbers(to, 3)).toEqual([0, 1, 2]);
  });

  it('says goodbye to a writer that closes its end in good order', async () => {
    const [from, to] = await Promise.all([open('writer', 'thread'), open('reader', 'thread')]);
    const lane = await DirectLane.connect({ name: 'media', from, to });
    from.send('write', { from: 0, count: 100 });
    await from.call('stats', {});
    const closing = from.close();
    expect(await takeNumbers(to, 100)).toEqual(range(0, 100));
    await closing;
    await lane.attach('from', await open('writer', 'thread'));
    expect(await take(to, 1)).toEqual([{ kind: 'discontinuity', reason: 'closed' }]);
  });

  it('does not hold a reader back that closes while its next writer is being attached', async () => {
    const [from, to] = [
      await open('writer', 'thread'),
      await open('reader', 'thread', Number.POSITIVE_INFINITY),
    ];
    const lane = await DirectLane.connect({ name: 'media', from, to });
    await lane.attach('from', await open('writer', 'thread')); // The reader still waits for the last words of the first.
    expect(await to.close({ graceMs: 60_000 })).toEqual({ reason: 'closed' });
  });

  it('may be followed by others, also of the same name', async () => {
    const from = await open('writer', 'thread');
    for (let index = 0; index < 65; index++) {
      const lane = new DirectLane({ name: index === 64 ? 'media' : `${index}` });
      await lane.attach('from', from);
      await lane.close();
    }
    const to = await open('reader', 'thread');
    await DirectLane.connect({ name: 'media', from, to });
    from.send('write', { from: 0, count: 3 });
    expect(await takeNumbers(to, 3)).toEqual([0, 1, 2]);
  });

  it('goes on when a worker ends while it is being attached', async () => {
    const [from, to] = await Promise.all([open('writer', 'thread'), open('reader', 'thread')]);
    const lane = new DirectLane({ name: 'media' });
    await lane.attach('to', to);
    from.send('die', {});
    await lane.attach('from', from);
    const second = await open('writer', 'thread');
    await lane.attach('from', second);
    second.send('write', { from: 0, count: 1 });
    const items = await take(to, 1);
    expect(items.at(-1)).toMatchObject({ kind: expect.stringMatching(/item|discontinuity/) });
  });

  it('is refused to a worker that uses it the wrong way round, or has too many', async () => {
    const from = await open('writer', 'thread');
    await expect(from.call('wrongWay', {})).rejects.toThrow(/writes to the lane 'media' and cannot read/);
    await expect(from.call('tooMany', {})).rejects.toThrow(/has 64 lanes, the limit/);
    const lane = new DirectLane({ name: 'media' });
    await lane.attach('from', await open('reader', 'thread'));
    await expect(lane.attach('to', from)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each([
    [{ name: '' }, /name must be/],
    [{ name: 'media', capacity: 0 }, /capacity must be .* got 0/],
    [{ name: 'media', size: 5 }, /no option 'size'/],
  ])('refuses %j', (options, says) => {
    expect(() => new DirectLane(options)).toThrow(says);
  });

  it('refuses what is no channel', async () => {
    const lane = new DirectLane({ name: 'media' });
    await expect(lane.attach('from', {} as never)).rejects.toThrow(/channel must be a WorkerChannel/);
  });
});

async function open(role: 'writer' | 'reader', host: Host, heartbeatTimeoutMs = 2_000): Promise<Channel> {
  const file = new URL('./fixtures/lane.worker.ts', import.meta.url);
  const channel = await WorkerChannel.open<LaneProtocol>(file, {
    host,
    heartbeatTimeoutMs,
    workerData: role,
  });
  opened.push(channel);
  return channel;
}

async function take(channel: Channel, count: number): Promise<DirectLaneItem<LaneItem>[]> {
  const items: DirectLaneItem<LaneItem>[] = [];
  if (count > 0) for await (const item of channel.data) if (items.push(item) >= count) break;
  return items;
}

async function takeNumbers(channel: Channel, count: number): Promise<number[]> {
  return (await take(channel, count)).map(numberOf);
}

function numberOf(item: DirectLaneItem<LaneItem>): number {
  return item.kind === 'item' ? item.value.number : Number.NaN;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

async function untilFull(writer: Channel, capacity: number): Promise<void> {
  while ((await writer.call('stats', {})).queuedItems < capacity);
}
