/**
 * Question: what does one delivery cost, and what do a publish and a subscriber cost when nobody reads?
 *
 * Run: `node --conditions=spillway-source benchmarks/fanout.ts`. Every row is one way of handing the same small object
 * to N subscribers; the figure is the median of several rounds after a warm-up, in CPU time of the process, garbage
 * collection included, because the time of day also counts what else the machine does. The rows of a column take turns,
 * so that a busy minute is shared by all. A ratio above 1 means that the peer costs more than `BoundedFanout`.
 */
import { EventEmitter as NodeEmitter } from 'node:events';
import { cpus } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EventEmitter as EventEmitter3 } from 'eventemitter3';
import {
  type Contestant,
  type Packet,
  stalledBound,
  startBatches,
  startEmitter,
  startFanout,
  startIteratedEmitter,
  startIteratedFanout,
  startOwnPromises,
  startQueues,
  startSharedPromise,
  startStalledFanout,
  startStalledQueues,
  startSubject,
} from './fixtures/fanout-contestants.ts';

const rounds = 7;
const roundMs = 40;
const packet: Packet = { number: 1 };

const pushing: readonly Contestant[] = [
  { name: 'BoundedFanout, onItem', start: startFanout },
  { name: 'eventemitter3', start: (count) => startEmitter(new EventEmitter3(), count) },
  { name: 'node:events', start: (count) => startEmitter(new NodeEmitter().setMaxListeners(0), count) },
  { name: 'RxJS Subject', start: startSubject },
  { name: 'node:events + array queue each', start: startQueues },
];

const iterating: readonly Contestant[] = [
  { name: 'BoundedFanout, for await', start: startIteratedFanout },
  { name: 'BoundedFanout, batches()', start: startBatches },
  { name: 'node:events events.on()', start: startIteratedEmitter },
  { name: 'lower limit: one promise for all, nobody can leave', start: startSharedPromise },
  { name: 'lower limit: a promise each', start: startOwnPromises },
];

const stalling: readonly Contestant[] = [
  { name: 'BoundedFanout', start: startStalledFanout },
  { name: 'array queue each, drop oldest', start: startStalledQueues },
];

await printTable('ns per delivery, one publish per turn', pushing, [1, 10, 100, 1000, 10_000], 1);
await printTable('ns per delivery, 16 publishes per turn', pushing, [1, 10, 100, 1000, 10_000], 16);
await printTable('ns per delivery, async iteration', iterating, [1, 100, 1000], 1);
await printTable(
  'ns per delivery, async iteration, 16 publishes per turn',
  iterating.slice(0, 3),
  [1, 100, 1000],
  16,
);
await printTable(
  `ns per publish, all subscribers stalled (bound ${stalledBound})`,
  stalling,
  [100, 1000, 10_000],
  16,
  'publish',
);
await printMemory([1000, 10_000]);

async function printTable(
  title: string,
  contestants: readonly Contestant[],
  counts: readonly number[],
  burst: number,
  unit: 'delivery' | 'publish' = 'delivery',
): Promise<void> {
  const rows: Record<string, Record<string, string>> = {};
  for (const { name } of contestants) rows[name] = {};
  for (const count of counts) {
    const costs =
      unit === 'delivery'
        ? await measure(contestants, count, burst, unit)
        : await measureApart(contestants, count, burst);
    for (const [place, { name }] of contestants.entries())
      rows[name]![`${count}`] = `${costs[place]!.toFixed(1)} (${(costs[place]! / costs[0]!).toFixed(2)})`;
  }
  console.log(
    `\n${title}: ns (ratio), by number of subscribers. Node ${process.version}, ${cpus()[0]?.model}`,
  );
  console.table(rows);
}

/** The cost per publish of each contestant alone: what one keeps in memory must not slow the next one down. */
async function measureApart(
  contestants: readonly Contestant[],
  subscribers: number,
  burst: number,
): Promise<readonly number[]> {
  const costs: number[] = [];
  for (const contestant of contestants)
    costs.push(...(await measure([contestant], subscribers, burst, 'publish')));
  return costs;
}

/** The median cost of each contestant, all taking turns. */
async function measure(
  contestants: readonly Contestant[],
  subscribers: number,
  burst: number,
  unit: 'delivery' | 'publish',
): Promise<readonly number[]> {
  const entrants = contestants.map(({ start }) => ({ ...start(subscribers), costs: [] as number[] }));
  for (let round = -2; round < rounds; round++) {
    for (const { publish, received, costs } of entrants) {
      const before = received();
      const { usedNs, published } = await runRound(publish, burst);
      if (round >= 0) costs.push(usedNs / (unit === 'publish' ? published : received() - before));
    }
  }
  return entrants.map(({ costs }) => costs.toSorted((a, b) => a - b)[rounds >> 1]!);
}

async function runRound(
  publish: (packet: Packet) => void,
  burst: number,
): Promise<{ usedNs: number; published: number }> {
  const startMs = performance.now();
  const start = process.cpuUsage();
  let published = 0;
  while (performance.now() - startMs < roundMs) {
    for (let bursts = 0; bursts < 16; bursts++) await publishBurst(publish, burst);
    published += 16 * burst;
  }
  const { user, system } = process.cpuUsage(start);
  return { usedNs: (user + system) * 1_000, published };
}

async function publishBurst(publish: (packet: Packet) => void, burst: number): Promise<void> {
  for (let index = 0; index < burst; index++) publish(packet);
  // An iterator needs a few turns for each item: to settle, to go on, to ask again.
  for (let turn = 0; turn < 3 * burst; turn++) await undefined;
}

/** What the heap grows by for each subscriber that reads nothing while thousands of items are published. */
async function printMemory(counts: readonly number[]): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const rows: Record<string, Record<string, string>> = {};
  for (const { name, start } of stalling) {
    rows[name] = {};
    for (const count of counts) {
      await new Promise(setImmediate);
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      const { publish } = start(count);
      for (let index = 0; index < 2 * stalledBound; index++) publish({ number: index });
      await new Promise(setImmediate);
      collectGarbage();
      const grown = process.memoryUsage().heapUsed - before;
      rows[name][`${count}`] = `${(grown / 1e6).toFixed(1)} MB, ${Math.round(grown / count)} B each`;
      publish(packet); // Still in use up to here.
    }
  }
  console.log(
    `\nheap of stalled subscribers (bound ${stalledBound}), the items included, by number of subscribers`,
  );
  console.table(rows);
}
