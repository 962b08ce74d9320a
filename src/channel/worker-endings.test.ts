import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EndingProtocol } from './fixtures/ending.worker.ts';
import type { WorkerChannelOptions } from './options.ts';
import { ownFlags } from './process-host.ts';
import { WorkerChannel } from './worker-channel.ts';

const hosts = ['thread', 'process'] as const;
type Host = (typeof hosts)[number];
type Channel = WorkerChannel<EndingProtocol>;
const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
const fifo = join(folder, 'fifo');
const unreadable = join(folder, 'unreadable.worker.mjs'); // No checker of our sources may meet it.
const opened: Channel[] = [];

beforeAll(() => {
  execFileSync('mkfifo', [fifo]);
  writeFileSync(unreadable, 'const = ;');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await untilNoneIsLeftBehind();
  await Promise.all(opened.splice(0).map((channel) => channel.close({ graceMs: 0 })));
});

interface End {
  readonly name: string;
  readonly options?: WorkerChannelOptions<EndingProtocol>;
  readonly cause: (channel: Channel, host: Host) => unknown;
  readonly reason: string;
  readonly error?: object | ((host: Host) => object);
}

const heartbeat = { heartbeatTimeoutMs: 400 };

const ends: readonly End[] = [
  {
    name: 'process.exit()',
    cause: (channel) => channel.send('exit', {}),
    reason: 'exited',
    error: { code: 'WORKER_EXITED', exitCode: 3, phase: 'serving' },
  },
  {
    name: 'an uncaught error',
    cause: (channel) => channel.send('throwLater', {}),
    reason: 'failed',
    error: { code: 'WORKER_FAILED', cause: { name: 'TypeError', message: 'thrown' } },
  },
  {
    name: 'running out of heap',
    options: { resourceLimits: { maxOldGenerationSizeMb: 30 } },
    cause: (channel) => channel.send('exhaustHeap', {}),
    reason: 'out-of-memory',
    error: { code: 'WORKER_OUT_OF_MEMORY' },
  },
  {
    name: 'a value that cannot travel',
    cause: (channel) => channel.send('writeFunction', {}),
    reason: 'failed',
    error: { code: 'WORKER_FAILED', message: expect.stringContaining('could not be cloned') },
  },
  {
    name: 'an endless loop',
    options: heartbeat,
    cause: (channel) => channel.send('loopForEver', {}),
    reason: 'hung',
    error: (host) => ({ code: 'WORKER_HUNG', hang: host === 'thread' ? 'javascript' : 'unknown' }),
  },
  {
    name: 'Atomics.wait',
    options: heartbeat,
    cause: (channel) => channel.send('waitForEver', {}),
    reason: 'hung',
    error: (host) => ({ code: 'WORKER_HUNG', hang: host === 'thread' ? 'javascript' : 'unknown' }),
  },
  {
    name: 'a native call that blocks',
    options: heartbeat,
    cause: (channel) => channel.send('block', { fifo }),
    reason: 'hung',
    error: (host) => ({ code: 'WORKER_HUNG', hang: host === 'thread' ? 'native' : 'unknown' }),
  },
  { name: 'close()', cause: (channel) => void channel.close({ graceMs: 0 }), reason: 'closed' },
];

describe.each(hosts)('a worker in a %s that ends by', (host) => {
  it.each(ends)('$name settles everything that waits for it', async (end) => {
    const channel = await open(host, end.options);
    channel.send('fill', {});
    const calls = [channel.call('never', {}), channel.call('ask', {})];
    const waiting = Promise.allSettled(calls);
    const reading = takeAll(channel);
    await channel.call('pid', {}); // The worker has everything from above.
    end.cause(channel, host);
    const exit = await channel.closed;
    expect(exit.reason).toBe(end.reason);
    const expected = typeof end.error === 'function' ? end.error(host) : end.error;
    if (expected === undefined) expect(exit.error).toBeUndefined();
    else expect(exit.error).toMatchObject(expected);
    const failure = exit.error ?? expect.objectContaining({ code: 'CLOSED' });
    expect((await waiting).map((call) => Reflect.get(call, 'reason'))).toEqual([failure, failure]);
    expect(await reading).toEqual(exit.error);
    await expect(channel.call('pid', {})).rejects.toEqual(failure);
    expect(channel.stats().pendingCalls).toBe(0);
  });
});

describe.each(hosts)('a worker in a %s that cannot start', (host) => {
  it.each([
    { name: 'throws', file: fixture('broken'), says: 'this worker cannot start' },
    { name: 'does not exist', file: fixture('missing'), says: 'missing.worker.ts' },
    { name: 'makes no sense', file: pathToFileURL(unreadable), says: 'failed before it served: SyntaxError' },
  ])('since its file $name says so', async ({ file, says }) => {
    await expect(WorkerChannel.open(file, { host })).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      phase: 'starting',
      message: expect.stringContaining(says),
    });
  });

  it('since its file ends without serving says so', async () => {
    await expect(WorkerChannel.open(fixture('idle'), { host })).rejects.toMatchObject({
      code: 'WORKER_EXITED',
      phase: 'starting',
      exitCode: 0,
    });
  });

  it.each([
    { workerData: () => {}, got: 'a function' },
    { workerData: new MessageChannel().port1, got: 'an object' },
  ])('is refused when what it shall be given cannot be cloned: $got', async ({ workerData, got }) => {
    await expect(open(host, { workerData })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `workerData must be a value that can be cloned, got ${got}`,
    });
  });
});

describe('a thread inside a native call that blocks', () => {
  it('is left behind, named and counted, until the call returns', async () => {
    const channel = await open('thread', heartbeat);
    channel.send('block', { fifo });
    const exit = await channel.closed;
    expect(exit).toMatchObject({ reason: 'hung', isLeftBehind: true });
    expect(exit.error?.message).toMatch(/inside a native call.*was left behind/);
    expect(WorkerChannel.threadsLeftBehind).toBeGreaterThan(0);
    await untilNoneIsLeftBehind();
  });
});

describe('a process', () => {
  it('that is ended by a signal from outside says which', async () => {
    const channel = await open('process');
    process.kill(await channel.call('pid', {}), 'SIGTERM');
    const { reason, error } = await channel.closed;
    expect(reason).toBe('killed');
    expect(error).toMatchObject({ code: 'WORKER_KILLED', signal: 'SIGTERM', phase: 'serving' });
    expect(error?.exitCode).toBeUndefined();
  });

  it('sees the flags of its parent as they are', async () => {
    const flags = process.execArgv;
    process.execArgv = [...flags, '--import', 'data:text/javascript,'];
    try {
      const channel = await open('process');
      expect(await channel.call('flags', {})).toEqual(ownFlags(process.execArgv));
    } finally {
      process.execArgv = flags;
    }
  });

  it('leaves an interrupt of the terminal to its parent', async () => {
    const channel = await open('process');
    process.kill(await channel.call('pid', {}), 'SIGINT');
    expect(await channel.call('pid', {})).toBeGreaterThan(0);
  });

  it('that complains does not end a parent whose own standard error nobody reads any more', async () => {
    const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const;
    const parent = fork(new URL('./fixtures/unheard-parent.ts', import.meta.url), { stdio: [...stdio] });
    parent.stderr?.destroy();
    expect(await once(parent, 'exit')).toEqual([0, null]);
  });

  it.each(['loopForEver', 'waitForEver'])('in %s dies with a parent that is killed', async (command) => {
    const parent = fork(new URL('./fixtures/doomed-parent.ts', import.meta.url), [command]);
    const [pid] = (await once(parent, 'message')) as [number];
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const startMs = performance.now();
    while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

function fixture(name: string): URL {
  return new URL(`./fixtures/${name}.worker.ts`, import.meta.url);
}

async function open(host: Host, options: WorkerChannelOptions<EndingProtocol> = {}): Promise<Channel> {
  const requests = { never: () => new Promise<string>(() => {}) };
  const channel = await WorkerChannel.open<EndingProtocol>(fixture('ending'), { host, requests, ...options });
  opened.push(channel);
  return channel;
}

/** Reads to the end; what the loop throws. */
async function takeAll(channel: Channel): Promise<unknown> {
  try {
    for await (const { number } of channel.data) expect(number).toBeGreaterThanOrEqual(0);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function untilNoneIsLeftBehind(): Promise<void> {
  while (WorkerChannel.threadsLeftBehind > 0) {
    closeSync(openSync(fifo, 'r+')); // A writer for a moment: the call that blocks returns, then reads the end.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A process that has ended is listed until its new parent has noticed, which may be a second later. */
function isAlive(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
    return !state.startsWith('Z');
  } catch {
    return false;
  }
}
