import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClosedError, WorkerExitError } from '../core/errors.ts';
import type { LogFields } from '../core/logger.ts';
import type { FaultyProtocol } from './fixtures/faulty.worker.ts';
import type { WorkerChannelOptions } from './options.ts';
import { WorkerChannel } from './worker-channel.ts';

const hosts = ['thread', 'process'] as const;
let host: (typeof hosts)[number] = 'thread';
const opened: WorkerChannel<FaultyProtocol>[] = [];
const fixture = (name: string): URL => new URL(`./fixtures/${name}.worker.ts`, import.meta.url);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((channel) => channel.close({ graceMs: 0 })));
});

describe('WorkerChannel in a thread: a parent that takes no messages', () => {
  beforeEach(() => {
    host = 'thread';
  });

  it('does not kill a worker whose command fails because of it', async () => {
    const channel = await open();
    const failed = new Promise((resolve) => channel.once('commandFailed', resolve));
    takeNothingWhile('floodAndFail', channel);
    expect(await failed).toMatchObject({ error: { code: 'OVERFLOW_CONTROL_LANE' } });
    expect(await channel.call('echo', 'alive')).toBe('alive');
  });

  it('still gets the answers to its calls', async () => {
    const channel = await open();
    const calls = takeNothingWhile('floodAndFail', channel, () =>
      [1, 2, 3].map((number) => channel.call('echo', number, { timeoutMs: 2_000 })),
    );
    expect(await Promise.all(calls ?? [])).toEqual([1, 2, 3]);
  });

  it('does not turn the good end of a worker into a failure', async () => {
    const channel = await open();
    takeNothingWhile('floodAndClose', channel);
    expect(await channel.closed).toEqual({ reason: 'finished' });
  });
});

describe.each(hosts)('WorkerChannel in a %s: items that cannot travel', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('end the worker with an error that says so, and take no other item with them', async () => {
    const channel = await open();
    channel.send('writeWhatCannotTravel', {});
    const { numbers, error } = await takeAll(channel);
    expect(numbers).toEqual([0, 2]);
    expect(error).toMatchObject({
      code: 'WORKER_FAILED',
      message: expect.stringMatching(/data lane.*could not be cloned/),
    });
    expect(channel.stats().droppedItems).toBe(1);
  });

  it('leave the lane whole for a worker that survives its errors', async () => {
    const channel = await open();
    channel.send('surviveErrors', {});
    for (let round = 0; round < 4; round++) await channel.call('writeTwice', { count: 40, twice: 5 });
    channel.send('writeThenClose', { count: 40 });
    const { numbers } = await takeAll(channel);
    const round = Array.from({ length: 40 }, (_, number) => number).filter((number) => number !== 6);
    expect(numbers.slice(0, 39)).toEqual(round);
    expect(numbers).toHaveLength(4 * 39 + 40);
    expect(channel.stats().droppedItems).toBe(4);
  });

  it('hold nothing up behind them, however many they are', async () => {
    const channel = await open();
    channel.send('surviveErrors', {});
    channel.send('writeBetweenBadOnes', { count: 200 });
    const numbers: number[] = [];
    for await (const { number } of channel.data) if (numbers.push(number) === 65) break;
    expect(numbers).toEqual(Array.from({ length: 65 }, (_, number) => number));
    expect(channel.stats().droppedItems).toBe(200);
  });

  it.each([Number.NaN, -1, 0.5])('refuses an item of %d bytes', async (bytes) => {
    const channel = await open({ overflow: 'drop-oldest' });
    await expect(channel.call('writeWithBytes', { bytes })).rejects.toThrow(/bytes must be a whole number/);
  });
});

describe.each(hosts)('WorkerChannel in a %s: a worker that ends badly', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('reports what the worker failed with while it was being closed, after its data', async () => {
    const errors: (LogFields | undefined)[] = [];
    const channel = await open({ logger: { ...silent, error: (_, fields) => errors.push(fields) } });
    channel.send('failToStop', {});
    const reading = takeAll(channel);
    expect(await channel.close()).toEqual({ reason: 'closed' });
    expect(await reading).toEqual({ numbers: [1], error: undefined });
    expect(errors).toEqual([{ worker: 'faulty.worker.ts', error: 'Error: the device is gone' }]);
  });

  it('calls it finished when something kept the thread alive after it had closed its end', async () => {
    const channel = await open({ heartbeatTimeoutMs: 200 });
    channel.send('closeAndLinger', {});
    expect(await channel.closed).toEqual({ reason: 'finished' });
  });

  it('does not bring up an error that it survived when it ends in good order', async () => {
    const channel = await open();
    channel.send('surviveErrors', {});
    await channel.call('writeTwice', { count: 3, twice: 1 });
    channel.send('writeThenClose', { count: 1 });
    expect(await takeAll(channel)).toEqual({ numbers: [0, 1, 0], error: undefined });
    expect(await channel.closed).toEqual({ reason: 'finished' });
  });

  it('ends although its producer goes on writing, and delivers every write from before', async () => {
    const channel = await open({ capacity: 8 });
    channel.send('writeForEverAndClose', {});
    const { numbers, error } = await takeAll(channel);
    expect(error).toBeUndefined();
    expect(numbers.length).toBeLessThan(1_000);
    const second = await open({ capacity: 8 });
    second.send('writeThenClose', { count: 1_000 });
    expect((await takeAll(second)).numbers).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
  });

  it('has no exit code when it was ended for being hung', async () => {
    const { error } = (await WorkerChannel.open(fixture('mute'), { host, startTimeoutMs: 100 }).catch(
      (error: unknown) => ({ error }),
    )) as { readonly error: WorkerExitError };
    expect(error).toBeInstanceOf(WorkerExitError);
    expect(error.exitCode).toBeUndefined();
  });
});

describe.each(hosts)('WorkerChannel in a %s: used at the wrong time', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('refuses a second serveChannel in the same worker', async () => {
    const channel = await open();
    await expect(channel.call('serveAgain', {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses calls while it closes, as it refuses commands', async () => {
    const channel = await open();
    channel.send('stopSlowly', {});
    const closing = channel.close({ graceMs: 300 });
    await expect(channel.call('echo', 1)).rejects.toBeInstanceOf(ClosedError);
    await closing;
  });

  it('stops opening with the reason of the signal, without waiting for the worker', async () => {
    const abort = new AbortController();
    const opening = WorkerChannel.open(fixture('mute'), { host, signal: abort.signal });
    const startMs = performance.now();
    abort.abort(new Error('changed my mind'));
    await expect(opening).rejects.toThrow('changed my mind');
    expect(performance.now() - startMs).toBeLessThan(1_500); // The default grace is 2000.
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('refuses a call limit of %d ms', async (timeoutMs) => {
    const channel = await open();
    await expect(channel.call('echo', 1, { timeoutMs })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it.each([
    { options: { logger: {} }, says: /logger must be an object with debug\(\)/ },
    { options: { clock: 5 }, says: /clock must be an object with nowMs\(\).*got 5/ },
    { options: { signal: {} }, says: /signal must be an object with addEventListener\(\)/ },
  ])('refuses $options before it starts a thread', async ({ options, says }) => {
    await expect(open(options as never)).rejects.toThrow(says);
  });
});

describe('WorkerChannel: options', () => {
  it.each([
    { options: { capacity: 0 }, says: /capacity must be .* got 0/ },
    { options: { maxBytes: -1 }, says: /maxBytes must be .* got -1/ },
    { options: { overflow: 'explode' }, says: /overflow must be .* got 'explode'/ },
    { options: { heartbeatTimeoutMs: 10 }, says: /heartbeatTimeoutMs must be .* from 100 .* got 10/ },
    { options: { startTimeoutMs: Number.NaN }, says: /startTimeoutMs must be .* got NaN/ },
    { options: { host: 'fibre' }, says: /host must be one of 'thread', 'process', got 'fibre'/ },
    {
      options: { host: 'process', resourceLimits: { codeRangeSizeMb: 1 } },
      says: /resourceLimits.codeRangeSizeMb must be absent .* got 1/,
    },
    { options: { timeout: 10 }, says: /no option 'timeout'/ },
  ])('refuses $options', async ({ options, says }) => {
    await expect(open(options as never)).rejects.toThrow(says);
  });
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function open(
  options: WorkerChannelOptions<FaultyProtocol> = {},
): Promise<WorkerChannel<FaultyProtocol>> {
  const channel = await WorkerChannel.open<FaultyProtocol>(fixture('faulty'), { host, ...options });
  opened.push(channel);
  return channel;
}

async function takeAll(
  channel: WorkerChannel<FaultyProtocol>,
): Promise<{ readonly numbers: number[]; readonly error: unknown }> {
  const numbers: number[] = [];
  try {
    for await (const { number } of channel.data) numbers.push(number);
    return { numbers, error: undefined };
  } catch (error) {
    return { numbers, error };
  }
}

/** Sends the command, does something more, and takes no message before the worker has filled the lane. */
function takeNothingWhile<T>(
  command: 'floodAndFail' | 'floodAndClose',
  channel: WorkerChannel<FaultyProtocol>,
  more: () => T | undefined = () => undefined,
): T | undefined {
  const done = new Int32Array(new SharedArrayBuffer(4));
  channel.send(command, { done });
  const result = more();
  expect(Atomics.wait(done, 0, 0, 10_000)).not.toBe('timed-out');
  return result;
}
