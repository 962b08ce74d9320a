/**
 * Question: what does a WorkerChannel cost beside a bare MessagePort and other libraries, how late are control messages
 * when the data lane is full, and how long do a restart and the detection of a hang take?
 *
 * Run: `node --conditions=spillway-source benchmarks/worker-channel.ts`. All peers run in the same rounds, in turn; the
 * figure is the median of the rounds. A ratio above 1 means that the peer is slower than the channel in a thread.
 */
import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Remote, wrap } from 'comlink';
// @ts-expect-error: it has types, but not under this name.
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { Piscina } from 'piscina';
import { WorkerChannel, type WorkerChannelOptions } from 'spillway';
import ThreadStream from 'thread-stream';
import type { BareMessage, ComlinkPeer } from './fixtures/bare-peer.worker.ts';
import type { PeerProtocol } from './fixtures/channel-peer.worker.ts';

interface Contestant {
  readonly name: string;
  /** Brings `count` items of `bytes` over, one way, bounded. */
  oneWay(count: number, bytes: number): Promise<void>;
  /** Sends something there and back. */
  echo?(bytes: Uint8Array): Promise<unknown>;
  stop(): Promise<unknown>;
}

const rounds = 5;
const sizes: readonly { readonly bytes: number; readonly count: number }[] = [
  { bytes: 64, count: 40_000 },
  { bytes: 1 << 10, count: 40_000 },
  { bytes: 64 << 10, count: 3_200 },
  { bytes: 1 << 20, count: 320 },
];

const contestants = [
  await startChannel('thread'),
  await startChannel('process'),
  await startBare(),
  await startComlink(),
  startPiscina(),
  startThreadStream(),
];
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
await printTable('items per second, one way', (contestant, size) => timeOneWay(contestant, size));
await printTable('round trips per second, one at a time', (contestant, size) =>
  timeEcho(contestant, size.bytes),
);
for (const contestant of contestants) await contestant.stop();
await printControlLatency();
await printStalledMemory();
await printRestarts();

async function printTable(
  title: string,
  time: (contestant: Contestant, size: (typeof sizes)[number]) => Promise<number>,
): Promise<void> {
  const rows: Record<string, Record<string, string>> = {};
  for (const size of sizes) {
    const rates = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
    for (let round = -2; round < rounds; round++) {
      for (const contestant of contestants) {
        const rate = await time(contestant, size);
        if (round >= 0) rates.get(contestant)!.push(rate);
      }
    }
    const ours = median(rates.get(contestants[0]!)!);
    for (const [{ name }, list] of rates) {
      const rate = median(list);
      const cell = rate > 0 ? `${Math.round(rate).toLocaleString('en')} (${(ours / rate).toFixed(2)})` : '';
      rows[name] = { ...rows[name], [`${size.bytes} B`]: cell };
    }
  }
  console.log(`\n${title} (ratio)`);
  console.table(rows);
}

async function timeOneWay(contestant: Contestant, { count, bytes }: (typeof sizes)[number]): Promise<number> {
  // What answers one item per round trip gets fewer of them.
  const items = contestant.echo !== undefined && /comlink|piscina/.test(contestant.name) ? count / 10 : count;
  const startMs = performance.now();
  await contestant.oneWay(items, bytes);
  return items / ((performance.now() - startMs) / 1_000);
}

async function timeEcho({ echo }: Contestant, bytes: number): Promise<number> {
  if (echo === undefined) return 0;
  const item = new Uint8Array(bytes);
  const count = bytes > 100_000 ? 30 : 300;
  const startMs = performance.now();
  for (let index = 0; index < count; index++) await echo(item);
  return count / ((performance.now() - startMs) / 1_000);
}

function open(options: WorkerChannelOptions<PeerProtocol>): Promise<WorkerChannel<PeerProtocol>> {
  return WorkerChannel.open<PeerProtocol>(fixture('channel-peer'), options);
}

async function startChannel(host: 'thread' | 'process'): Promise<Contestant> {
  const channel = await open({ host });
  return {
    name: `WorkerChannel, ${host}`,
    async oneWay(count, bytes) {
      channel.send('produce', { count, bytes });
      let left = count;
      for await (const item of channel.data) if (item.length === bytes && --left === 0) break;
    },
    echo: (bytes) => channel.call('echo', bytes),
    stop: () => channel.close({ graceMs: 0 }),
  };
}

async function startBare(): Promise<Contestant> {
  const worker = new Worker(fixture('bare-peer'));
  let onItem: (item: Uint8Array) => void = () => {};
  worker.on('message', (item: Uint8Array) => onItem(item));
  const post = (message: BareMessage): void => worker.postMessage(message);
  return {
    name: 'MessagePort, bare, window of 64',
    oneWay: (count, bytes) =>
      new Promise((resolve) => {
        let taken = 0;
        onItem = () => {
          if (++taken % 16 === 0) post({ taken: 16 });
          if (taken === count) resolve();
        };
        post({ count, bytes });
      }),
    echo: (bytes) =>
      new Promise((resolve) => {
        onItem = resolve;
        post({ echo: bytes });
      }),
    stop: () => worker.terminate(),
  };
}

async function startComlink(): Promise<Contestant> {
  const worker = new Worker(fixture('bare-peer'), { workerData: 'comlink' });
  const remote: Remote<ComlinkPeer> = wrap<ComlinkPeer>(nodeEndpoint(worker));
  return {
    name: 'comlink, 64 calls at a time',
    oneWay: (count, bytes) => pipeline(count, () => remote.make(bytes)),
    echo: (bytes) => remote.echo(bytes),
    stop: () => worker.terminate(),
  };
}

function startPiscina(): Contestant {
  const pool = new Piscina({
    filename: fixture('piscina-peer').href,
    maxThreads: 1,
    minThreads: 1,
    concurrentTasksPerWorker: 64,
  });
  return {
    name: 'piscina, 64 tasks at a time',
    oneWay: (count, bytes) => pipeline(count, () => pool.run(bytes)),
    echo: (bytes) => pool.run(bytes),
    stop: () => pool.destroy(),
  };
}

function startThreadStream(): Contestant {
  const stream = new ThreadStream({ filename: fixture('thread-stream-peer').href, sync: false });
  return {
    name: 'thread-stream, text, to the worker',
    async oneWay(count, bytes) {
      const text = 'x'.repeat(bytes);
      for (let index = 0; index < count; index++)
        if (!stream.write(text)) await new Promise((resolve) => stream.once('drain', resolve));
      await new Promise((resolve) => stream.flush(resolve));
    },
    async stop() {
      stream.end();
    },
  };
}

async function pipeline(count: number, task: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await task();
  };
  await Promise.all(Array.from({ length: 64 }, lane));
}

async function printControlLatency(): Promise<void> {
  console.log('\ncontrol round trip in ms while the data lane is saturated, p50 / p99');
  for (const [host, bytes] of [
    ['thread', 64],
    ['thread', 64 << 10],
    ['process', 64],
    ['process', 64 << 10],
  ] as const) {
    const channel = await open({ host });
    channel.send('produce', { count: 1e9, bytes });
    let taken = 0;
    const reading = (async () => {
      for await (const { length } of channel.data) taken += Math.sign(length);
    })();
    const times: number[] = [];
    const startMs = performance.now();
    for (let index = 0; index < 400; index++) {
      const callMs = performance.now();
      await channel.call('echo', new Uint8Array(8));
      times.push(performance.now() - callMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const rate = Math.round(taken / ((performance.now() - startMs) / 1_000)).toLocaleString('en');
    console.log(`${host}, ${bytes} B: ${show(times)} at ${rate} items/s`);
    await channel.close({ graceMs: 0 });
    await reading;
  }
}

async function printStalledMemory(): Promise<void> {
  const channel = await open({ maxBytes: 4 << 20 });
  const before = process.memoryUsage().rss;
  channel.send('produce', { count: 1e9, bytes: 64 << 10 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const early = process.memoryUsage().rss;
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const mib = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  const grown = `${mib(early - before)} after 1 s, ${mib(process.memoryUsage().rss - before)} after 4 s`;
  console.log(
    `\nconsumer that never reads, 64 KiB items: ${grown}; ${channel.stats().queuedItems} items wait`,
  );
  await channel.close({ graceMs: 0 });
}

async function printRestarts(): Promise<void> {
  console.log('\nms, p50 / p99');
  for (const host of ['thread', 'process'] as const) {
    const starts: number[] = [];
    const stops: number[] = [];
    const hangs: number[] = [];
    for (let index = 0; index < 15; index++) {
      const startMs = performance.now();
      const channel = await open({ host, heartbeatTimeoutMs: 200 });
      starts.push(performance.now() - startMs);
      const hangMs = performance.now();
      channel.send('loopForEver', {});
      await channel.closed;
      hangs.push(performance.now() - hangMs - 200);
      const idle = await open({ host });
      const stopMs = performance.now();
      await idle.close();
      stops.push(performance.now() - stopMs);
    }
    console.log(`${host}: start to serving ${show(starts)}, close ${show(stops)}`);
    console.log(`${host}: end of a hung worker, after its heartbeat limit of 200: ${show(hangs)}`);
  }
}

function fixture(name: string): URL {
  return new URL(`./fixtures/${name}.worker.ts`, import.meta.url);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function show(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))]!;
  return `${median(values).toFixed(2)} / ${p99.toFixed(2)}`;
}
