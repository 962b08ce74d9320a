import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClosedError, WorkerExitError } from '../core/errors.ts';
import type { ObedientProtocol } from './fixtures/obedient.worker.ts';
import type { WorkerChannelOptions } from './options.ts';
import { WorkerChannel } from './worker-channel.ts';

const hosts = ['thread', 'process'] as const;
let host: (typeof hosts)[number] = 'thread';
const opened: WorkerChannel<ObedientProtocol>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((channel) => channel.close({ graceMs: 0 })));
});

describe.each(hosts)('WorkerChannel in a %s: control', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('answers calls with what the handler returns, and throws what it throws', async () => {
    const channel = await open();
    expect(await channel.call('echo', { deep: [1, new Map([['a', 2]])] })).toEqual({
      deep: [1, new Map([['a', 2]])],
    });
    await expect(channel.call('reject', { message: 'no' })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'no',
    });
  });

  it('tells statuses in order, with a timestamp, also those from before the listener', async () => {
    const before = Date.now();
    const channel = await open({ workerData: { greeting: 'first' } });
    const said: string[] = [];
    channel.on('status', (event) => {
      if (event.status !== 'said') return;
      said.push(event.detail.text);
      expect(event.atMs).toBeGreaterThanOrEqual(before);
    });
    for (let index = 0; index < 100; index++) channel.send('say', { text: `${index}` });
    await channel.call('echo', null);
    expect(said).toEqual(['first', ...Array.from({ length: 100 }, (_, index) => `${index}`)]);
  });

  it('hands over what the worker starts with as it is, typed arrays included', async () => {
    const greeting = [new Uint8Array([255]), new Float64Array([1.5]), new DataView(new ArrayBuffer(2), 1)];
    const channel = await open({ workerData: { greeting } });
    expect(await next(channel, 'status')).toMatchObject({ detail: { text: greeting } });
  });

  it('tells when a command fails, and goes on', async () => {
    const channel = await open();
    const failed = next(channel, 'commandFailed');
    channel.send('fail', { message: 'not today' });
    expect(await failed).toMatchObject({ command: 'fail', error: { message: 'not today' } });
    expect(await channel.call('echo', 1)).toBe(1);
  });

  it('gives a call up after its time limit and tells the handler', async () => {
    const channel = await open();
    await expect(channel.call('never', {}, { timeoutMs: 20 })).rejects.toMatchObject({
      name: 'TimeoutError',
      code: 'CALL_TIMEOUT',
    });
    expect(await channel.call('aborted', {})).toBe(1);
    expect(channel.stats().pendingCalls).toBe(0);
  });

  it('gives a call up when its signal aborts, before or during the call', async () => {
    const channel = await open();
    const abort = new AbortController();
    const call = channel.call('never', {}, { signal: abort.signal });
    abort.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow('changed my mind');
    await expect(channel.call('echo', 1, { signal: abort.signal })).rejects.toThrow('changed my mind');
  });

  it('lets the worker ask the parent', async () => {
    const channel = await open({ requests: { answer: async ({ question }) => `${question}? 42.` } });
    expect(await channel.call('ask', { question: 'Why' })).toBe('Why? 42.');
  });

  it('refuses a request that nobody handles', async () => {
    const channel = await open();
    await expect(channel.call('ask', { question: 'Why' })).rejects.toMatchObject({ code: 'CALL_UNKNOWN' });
  });

  it('refuses commands when thousands wait for a worker that takes none', async () => {
    const channel = await open({ heartbeatTimeoutMs: 5_000 });
    channel.send('spin', { forMs: 3_000, beating: true });
    const flood = (): void => {
      for (let index = 0; index < 5_000; index++) channel.send('say', { text: '' });
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'OVERFLOW_CONTROL_LANE' }));
  });
});

describe.each(hosts)('WorkerChannel in a %s: data', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('delivers every item in order', async () => {
    const channel = await open();
    channel.send('write', { from: 0, count: 1_000 });
    expect(await take(channel, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
  });

  it('keeps the order of writes that nobody waited for', async () => {
    const channel = await open({ capacity: 3 });
    for (let from = 0; from < 300; from += 100) channel.send('writeAtOnce', { from, count: 100 });
    expect(await take(channel, 300)).toEqual(Array.from({ length: 300 }, (_, number) => number));
  });

  it('holds a worker back whose consumer does not take, and keeps control flowing', async () => {
    const channel = await open({ capacity: 100 });
    channel.send('write', { from: 0, count: 1_000 });
    await eventually(() => channel.stats().queuedItems === 100 && channel.stats().unreadItems === 64);
    expect(await channel.call('echo', 'still here')).toBe('still here');
    expect(channel.stats()).toMatchObject({ queuedItems: 100, unreadItems: 64, droppedItems: 0 });
    expect(await take(channel, 1_000)).toHaveLength(1_000);
  });

  it('bounds the bytes that wait', async () => {
    const channel = await open({ maxBytes: 10_000 });
    channel.send('write', { from: 0, count: 100, bytes: 1 << 20 });
    await eventually(() => channel.stats().unreadItems === 32 && channel.stats().queuedItems === 1);
    expect(channel.stats().queuedBytes).toBe(1 << 20);
    expect(await take(channel, 100)).toHaveLength(100);
  });

  it.each([
    { overflow: 'drop-oldest', last: 999 },
    { overflow: 'drop-newest', last: 163 },
  ] as const)('counts what $overflow drops', async ({ overflow, last }) => {
    const channel = await open({ capacity: 100, overflow });
    channel.send('write', { from: 0, count: 1_000 });
    await eventually(() => channel.stats().droppedItems === 1_000 - 164);
    const numbers = await take(channel, 164);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBe(last);
  });

  it('lets another loop go on where one was left in the middle of its wait', async () => {
    const channel = await open();
    const pending = channel.data.next();
    await channel.data.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    channel.send('write', { from: 0, count: 3 });
    expect(await take(channel, 3)).toEqual([0, 1, 2]);
  });

  it('delivers what was written before the worker finished, then ends', async () => {
    const channel = await open();
    channel.send('write', { from: 0, count: 200 });
    channel.send('finish', {});
    expect(await take(channel, Number.POSITIVE_INFINITY)).toHaveLength(200);
    expect(await channel.closed).toEqual({ reason: 'finished' });
  });

  it('delivers what was written before the worker died, then throws', async () => {
    const channel = await open();
    channel.send('write', { from: 0, count: 10 });
    channel.send('throwLater', { message: 'boom' });
    const numbers: number[] = [];
    const reading = (async () => {
      for await (const { number } of channel.data) numbers.push(number);
    })();
    await expect(reading).rejects.toBeInstanceOf(WorkerExitError);
    expect(numbers).toHaveLength(10);
  });
});

describe.each(hosts)('WorkerChannel in a %s: ends', (kind) => {
  beforeEach(() => {
    host = kind;
  });

  it('settles every pending call when the worker exits', async () => {
    const channel = await open();
    const calls = [channel.call('never', {}), channel.call('never', {})];
    channel.send('exit', { code: 7 });
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        name: 'WorkerExitError',
        code: 'WORKER_EXITED',
        exitCode: 7,
      });
    }
    await expect(channel.call('echo', 1)).rejects.toBeInstanceOf(WorkerExitError);
    expect(await channel.closed).toMatchObject({ reason: 'exited' });
  });

  it('names the error that nobody caught', async () => {
    const channel = await open();
    channel.send('throwLater', { message: 'boom' });
    expect(await channel.closed).toMatchObject({
      reason: 'failed',
      error: { code: 'WORKER_FAILED', message: 'obedient.worker.ts failed: Error: boom' },
    });
  });

  it('terminates a worker whose event loop stands still, soon after its heartbeat limit', async () => {
    const channel = await open({ heartbeatTimeoutMs: 400 });
    const startMs = performance.now();
    channel.send('spin', { forMs: 60_000, beating: false });
    expect(await channel.closed).toMatchObject({ reason: 'hung', error: { code: 'WORKER_HUNG' } });
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  it('lets a synchronous loop live that beats', async () => {
    const channel = await open({ heartbeatTimeoutMs: 200 });
    channel.send('spin', { forMs: 800, beating: true });
    expect(await channel.call('echo', 'alive')).toBe('alive');
  });

  it('does not take its own late parent for a hung worker', async () => {
    const channel = await open({ heartbeatTimeoutMs: 200 });
    const endMs = performance.now() + 600;
    while (performance.now() < endMs);
    expect(await channel.call('echo', 'alive')).toBe('alive');
  });

  it('stops a worker in good order: it sees the flag, flushes and ends', async () => {
    const channel = await open();
    const status = next(channel, 'status');
    expect(await channel.close()).toEqual({ reason: 'closed' });
    expect(await status).toMatchObject({ status: 'stopping', detail: { flag: true } });
    expect(() => channel.send('say', { text: '' })).toThrow(ClosedError);
    await expect(channel.call('echo', 1)).rejects.toBeInstanceOf(ClosedError);
  });

  it('terminates a worker that does not stop within the grace', async () => {
    const channel = await open({ heartbeatTimeoutMs: 60_000 });
    channel.send('write', { from: 0, count: 10_000 });
    await eventually(() => channel.stats().queuedItems > 0);
    expect(await channel.close({ graceMs: 50 })).toEqual({ reason: 'closed' });
  });

  it('can be closed many times, by signal and by dispose', async () => {
    const abort = new AbortController();
    const channel = await open({ signal: abort.signal });
    abort.abort();
    const exits = await Promise.all([channel.close(), channel.close({ graceMs: 0 }), channel.closed]);
    await channel[Symbol.asyncDispose]();
    expect(exits).toEqual([{ reason: 'closed' }, { reason: 'closed' }, { reason: 'closed' }]);
  });

  it('says why a worker could not start', async () => {
    const broken = new URL('./fixtures/broken.worker.ts', import.meta.url);
    await expect(WorkerChannel.open(broken, { host })).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      message: expect.stringContaining('this worker cannot start'),
    });
  });

  it('gives up on a worker that never serves', async () => {
    const mute = new URL('./fixtures/mute.worker.ts', import.meta.url);
    await expect(WorkerChannel.open(mute, { host, startTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'WORKER_START_TIMEOUT',
    });
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      add(...(args as Parameters<typeof add>));
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      remove(...(args as Parameters<typeof remove>));
    };
    const channel = await open({ signal });
    await channel.call('echo', 1, { signal });
    await channel.close();
    expect(listeners).toBe(0);
  });
});

async function open(
  options: WorkerChannelOptions<ObedientProtocol> = {},
): Promise<WorkerChannel<ObedientProtocol>> {
  const file = new URL('./fixtures/obedient.worker.ts', import.meta.url);
  const channel = await WorkerChannel.open<ObedientProtocol>(file, { host, ...options });
  opened.push(channel);
  return channel;
}

async function take(channel: WorkerChannel<ObedientProtocol>, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { number } of channel.data) if (numbers.push(number) >= count) break;
  return numbers;
}

function next<Name extends 'status' | 'commandFailed'>(
  channel: WorkerChannel<ObedientProtocol>,
  name: Name,
): Promise<unknown> {
  return new Promise((resolve) => channel.once(name, resolve as never));
}

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
