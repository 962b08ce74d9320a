/**
 * Question: what does it cost to send one stream to many WebSocket viewers, and what does a slow or a stalled viewer do
 * to the others?
 *
 * Run: `node --conditions=spillway-source benchmarks/broadcast.ts [--quick] [--only=cpu|small|stalled|slow]`. Server and
 * viewers are processes of their own; each frame carries the moment it was due, on the clock that they share. CPU % is
 * of one processor. The ratio is of the processor time for each frame that arrived, to the first row of the table.
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ThrottledRelay } from '../src/websocket/fixtures/throttled-relay.ts';
import {
  awaiting,
  naive,
  net,
  netAcknowledged,
  plainFlv,
  withCoalescing,
  withShortLag,
  withWindow,
} from './fixtures/broadcast-contestants.ts';
import { Broadcast, type Contestant, type Stretch } from './fixtures/broadcast-run.ts';
import { bursting, large, type SourceOptions, small } from './fixtures/broadcast-source.ts';

type Row = Record<string, string>;

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const { quick, only } = values;

const parts: Readonly<Record<string, () => Promise<void>>> = {
  cpu: compareCost,
  small: compareSmallFrames,
  stalled: compareStalled,
  slow: compareSlow,
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
if (only !== undefined && !Object.hasOwn(parts, only)) throw new Error(`no part '${only}'`);
for (const [name, run] of Object.entries(parts)) if (only === undefined || only === name) await run();

async function compareCost(): Promise<void> {
  const contestants = [net, netAcknowledged, withWindow, plainFlv, naive, awaiting];
  for (const viewers of quick ? [200] : [50, 200, 500, 1_000]) {
    const measured = await measureAll(
      contestants.map((contestant) => ({ ...contestant, source: large })),
      viewers,
    );
    printCost(`${viewers} viewers, 50 KB at 30 fps`, viewers, measured);
  }
}

async function compareSmallFrames(): Promise<void> {
  const viewers = quick ? 200 : 1_000;
  const measured = await measureAll(
    [
      { ...net, source: small },
      inPairs(net),
      { ...naive, source: small },
      { ...plainFlv, source: small },
      inPairs(plainFlv),
      { ...withWindow, source: small },
      inPairs(withWindow),
      { ...withCoalescing, source: small },
    ],
    viewers,
  );
  printCost(`${viewers} viewers, 4 KB at 60 fps`, viewers, measured);
}

function inPairs(contestant: Contestant): Entrant {
  const name = `${contestant.name}, 2 frames a tick`;
  return { ...contestant, name, source: { ...small, framesPerTick: 2 } };
}

async function compareStalled(): Promise<void> {
  const rows: Record<string, Row> = {};
  for (const stalled of quick ? [1] : [1, 10])
    for (const contestant of quick ? [withWindow, naive] : [withWindow, plainFlv, naive, awaiting])
      rows[`${stalled}: ${contestant.name}`] = await stall(contestant, stalled);
  print('50 viewers, 50 KB at 30 fps, and some more that are stopped for a while', rows);
}

async function compareSlow(): Promise<void> {
  const rows: Record<string, Row> = {};
  for (const contestant of [withWindow, withShortLag, plainFlv, naive])
    rows[contestant.name] = await slowDown(contestant);
  print('10 viewers and one behind 8 Mbit/s; 8 Mbit/s in bursts of 14 Mbit/s', rows);
}

/** Who is to send what. */
interface Entrant extends Contestant {
  readonly source: SourceOptions;
}

interface Measured {
  readonly contestant: Contestant;
  readonly stretches: Stretch[];
}

/** All contestants take turns, so that a busy minute is shared by all. */
async function measureAll(contestants: readonly Entrant[], viewers: number): Promise<readonly Measured[]> {
  const measured = contestants.map((contestant) => ({ contestant, stretches: [] as Stretch[] }));
  for (let round = 0; round < (quick ? 1 : 3); round++)
    for (const { contestant, stretches } of measured) stretches.push(await measureCost(contestant, viewers));
  return measured;
}

async function measureCost(contestant: Entrant, viewers: number): Promise<Stretch> {
  await using broadcast = await Broadcast.start(contestant);
  const audience = await broadcast.join(viewers);
  await broadcast.publish(contestant.source);
  await sleep(quick ? 1_000 : 2_000);
  return await broadcast.watch(audience, quick ? 2_000 : 4_000);
}

function printCost(title: string, viewers: number, measured: readonly Measured[]): void {
  const floor = median(measured[0]!.stretches, cpuPerFrame);
  const rows: Record<string, Row> = {};
  for (const { contestant, stretches } of measured) {
    const show = (digits: number, figure: (stretch: Stretch) => number): string =>
      median(stretches, figure).toFixed(digits);
    rows[contestant.name] = {
      'CPU %': show(1, ({ cpuSeconds, seconds }) => (100 * cpuSeconds) / seconds),
      's per GB': show(2, ({ cpuSeconds, report }) => cpuSeconds / (report.bytes / 1e9)),
      'ratio per frame': (median(stretches, cpuPerFrame) / floor).toFixed(2),
      'p50 ms': show(1, ({ report }) => report.p50Ms),
      'p99 ms': show(1, ({ report }) => report.p99Ms),
      fps: show(1, ({ report, seconds }) => report.frames / viewers / seconds),
      lost: String(stretches.reduce((sum, { report }) => sum + report.lost, 0)),
      'RSS MB': show(0, ({ usage }) => usage.rssBytes / 1e6),
      "viewers' CPU %": show(0, ({ viewersCpuSeconds, seconds }) => (100 * viewersCpuSeconds) / seconds),
    };
  }
  print(title, rows);
}

// Per frame that has arrived: a server that cannot keep up must not look cheap.
function cpuPerFrame({ cpuSeconds, report }: Stretch): number {
  return cpuSeconds / report.frames;
}

function median(stretches: readonly Stretch[], figure: (stretch: Stretch) => number): number {
  return stretches.map(figure).toSorted((a, b) => a - b)[stretches.length >> 1]!;
}

async function stall(contestant: Contestant, stalled: number): Promise<Row> {
  await using broadcast = await Broadcast.start(contestant);
  const healthy = await broadcast.join(50);
  const stopped = await broadcast.join(stalled);
  await broadcast.publish(large);
  await sleep(quick ? 6_000 : 8_000); // The ring is full after 5.6 s.
  const before = await broadcast.watch(healthy, quick ? 3_000 : 10_000, true);
  await stopped.call('begin', undefined);
  stopped.freeze();
  const during = await broadcast.watch(healthy, quick ? 10_000 : 60_000, true);
  stopped.thaw();
  await sleep(3_000);
  const after = await stopped.call('report', undefined);
  return {
    'p50 / p99 ms before': show(before),
    during: show(during),
    'fps during': (during.report.frames / 50 / during.seconds).toFixed(1),
    lost: String(during.report.lost),
    'RSS MB': `${mb(before.usage.rssBytes)} → ${mb(during.usage.rssBytes)}`,
    'in use MB': `${mb(before.usage.liveBytes)} → ${mb(during.usage.liveBytes)}`,
    'gaps to a keyframe': `${after.gapsToKeyframe} of ${after.gaps}`,
    'late frames each': (after.late / stalled).toFixed(0),
  };
}

async function slowDown(contestant: Contestant): Promise<Row> {
  await using broadcast = await Broadcast.start(contestant);
  await using relay = await new ThrottledRelay({ port: broadcast.port, bitsPerSecond: 8e6 }).listen();
  const fast = await broadcast.join(10);
  const slow = await broadcast.join(1, relay.port);
  await broadcast.publish(bursting);
  const [{ report }, others] = await Promise.all([
    broadcast.watch(slow, quick ? 8_000 : 24_000),
    broadcast.watch(fast, quick ? 8_000 : 24_000),
  ]);
  return {
    'p50 ms': report.p50Ms.toFixed(0),
    'p99 ms': report.p99Ms.toFixed(0),
    'max ms': report.maxMs.toFixed(0),
    fps: (report.frames / others.seconds).toFixed(1),
    lost: String(report.lost),
    'gaps to a keyframe': `${report.gapsToKeyframe} of ${report.gaps}`,
    "others' p50 / p99 ms": show(others),
  };
}

function show({ report }: Stretch): string {
  return `${report.p50Ms.toFixed(1)} / ${report.p99Ms.toFixed(1)}`;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function print(title: string, rows: Record<string, Row>): void {
  console.log(`\n${title}`);
  console.table(rows);
}
