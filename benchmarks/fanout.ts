/**
 * Question: what does one delivery cost, and what does a publish cost when nobody reads?
 *
 * Run: `node --conditions=spillway-source benchmarks/fanout.ts`. Every row is one way of handing the same small object
 * to N subscribers, measured in the same run; the figure is the median of several rounds after a warm-up. A ratio above
 * 1 means that the peer costs more than `BoundedFanout`.
 */
import { EventEmitter as NodeEmitter } from 'node:events';
import { cpus } from 'node:os';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import { BoundedFanout } from 'spillway';

interface Packet {
  readonly number: number;
}

/** What the two emitters have in common. */
interface PacketEmitter {
  on(name: 'packet', listener: (packet: Packet) => void): unknown;
  emit(name: 'packet', packet: Packet): boolean;
}

/** Something that hands packets to subscribers. `publish` is followed by a turn of the microtask queue. */
interface Contestant {
  readonly name: string;
  /** Sets up `subscribers` receivers, each of which adds to the returned counter. */
  start(subscribers: number): { publish(packet: Packet): void; received(): number };
}

const rounds = 7;
const roundMs = 40;
const packet: Packet = { number: 1 };

const pushing: readonly Contestant[] = [
  { name: 'BoundedFanout, onItem', start: startFanout },
  { name: 'eventemitter3', start: (count) => startEmitter(new EventEmitter3(), count) },
  { name: 'node:events', start: (count) => startEmitter(new NodeEmitter().setMaxListeners(0), count) },
  { name: 'node:events + array queue each', start: startQueues },
];

const iterating: readonly Contestant[] = [
  { name: 'BoundedFanout, for await', start: startIteratedFanout },
  { name: 'node:events events.on()', start: startIteratedEmitter },
];

const stalling: readonly Contestant[] = [
  { name: 'BoundedFanout', start: startStalledFanout },
  { name: 'array queue each, drop oldest', start: startStalledQueues },
];

await printTable('ns per delivery, one publish per turn', pushing, [1, 10, 100, 1000, 10_000], 1);
await printTable('ns per delivery, 16 publishes per turn', pushing, [1, 10, 100, 1000, 10_000], 16);
await printTable('ns per delivery, async iteration', iterating, [1, 100, 1000], 1);
await printTable(
  'ns per publish, all subscribers stalled (bound 512)',
  stalling,
  [100, 1000, 10_000],
  16,
  'publish',
);

async function printTable(
  title: string,
  contestants: readonly Contestant[],
  counts: readonly number[],
  burst: number,
  unit: 'delivery' | 'publish' = 'delivery',
): Promise<void> {
  const rows: Record<string, Record<string, string>> = {};
  const ours: number[] = [];
  for (const contestant of contestants) {
    const row: Record<string, string> = {};
    for (const [column, count] of counts.entries()) {
      const costNs = await measure(contestant, count, burst, unit);
      ours[column] ??= costNs;
      row[`${count}`] = `${costNs.toFixed(1)} (${(costNs / ours[column]).toFixed(2)})`;
    }
    rows[contestant.name] = row;
  }
  console.log(
    `\n${title}: ns (ratio), by number of subscribers. Node ${process.version}, ${cpus()[0]?.model}`,
  );
  console.table(rows);
}

async function measure(
  contestant: Contestant,
  subscribers: number,
  burst: number,
  unit: 'delivery' | 'publish',
): Promise<number> {
  const { publish, received } = contestant.start(subscribers);
  const costs: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const before = received();
    const { elapsedNs, published } = await runRound(publish, burst);
    const units = unit === 'publish' ? published : received() - before;
    if (round >= 0) costs.push(elapsedNs / units);
  }
  return costs.toSorted((a, b) => a - b)[rounds >> 1]!;
}

async function runRound(
  publish: (packet: Packet) => void,
  burst: number,
): Promise<{ elapsedNs: number; published: number }> {
  const startMs = performance.now();
  let published = 0;
  while (performance.now() - startMs < roundMs) {
    for (let turn = 0; turn < 16; turn++) {
      for (let index = 0; index < burst; index++) publish(packet);
      published += burst;
      await undefined;
      await undefined; // An iterator takes two turns: one to settle, one to ask again.
    }
  }
  return { elapsedNs: (performance.now() - startMs) * 1e6, published };
}

function startFanout(subscribers: number): ReturnType<Contestant['start']> {
  const fanout = new BoundedFanout<Packet>();
  let count = 0;
  for (let index = 0; index < subscribers; index++) {
    fanout.subscribe({
      onItem: (item) => {
        count += item.number;
      },
    });
  }
  return { publish: (item) => fanout.publish(item), received: () => count };
}

function startEmitter(emitter: PacketEmitter, subscribers: number): ReturnType<Contestant['start']> {
  let count = 0;
  for (let index = 0; index < subscribers; index++) {
    emitter.on('packet', (item: Packet) => {
      count += item.number;
    });
  }
  return { publish: (item) => emitter.emit('packet', item), received: () => count };
}

function startQueues(subscribers: number): ReturnType<Contestant['start']> {
  const emitter = new NodeEmitter().setMaxListeners(0);
  let count = 0;
  for (let index = 0; index < subscribers; index++) {
    const queue: Packet[] = [];
    const drain = (): void => {
      for (const item of queue) count += item.number;
      queue.length = 0;
    };
    emitter.on('packet', (item: Packet) => {
      if (queue.push(item) === 1) void Promise.resolve().then(drain);
    });
  }
  return { publish: (item) => emitter.emit('packet', item), received: () => count };
}

function startIteratedFanout(subscribers: number): ReturnType<Contestant['start']> {
  const fanout = new BoundedFanout<Packet>();
  let count = 0;
  const consume = async (): Promise<void> => {
    for await (const item of fanout.subscribe()) count += item.number;
  };
  for (let index = 0; index < subscribers; index++) void consume();
  return { publish: (item) => fanout.publish(item), received: () => count };
}

function startIteratedEmitter(subscribers: number): ReturnType<Contestant['start']> {
  const emitter = new NodeEmitter().setMaxListeners(0);
  let count = 0;
  const consume = async (): Promise<void> => {
    for await (const [item] of NodeEmitter.on(emitter, 'packet')) count += (item as Packet).number;
  };
  for (let index = 0; index < subscribers; index++) void consume();
  return { publish: (item) => emitter.emit('packet', item), received: () => count };
}

function startStalledFanout(subscribers: number): ReturnType<Contestant['start']> {
  const fanout = new BoundedFanout<Packet>();
  for (let index = 0; index < subscribers; index++) fanout.subscribe({ onReadable() {} });
  return { publish: (item) => fanout.publish(item), received: () => 0 };
}

function startStalledQueues(subscribers: number): ReturnType<Contestant['start']> {
  const queues = Array.from({ length: subscribers }, (): Packet[] => []);
  const publish = (item: Packet): void => {
    for (const queue of queues) {
      queue.push(item);
      if (queue.length > 512) queue.shift();
    }
  };
  return { publish, received: () => 0 };
}
