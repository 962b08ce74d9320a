/**
 * Question: how much later does a packet arrive when its FLV is taken apart in a worker instead of in the main thread?
 *
 * Run: `node --conditions=spillway-source benchmarks/demux-latency.ts`. 25 cameras of 30 frames a second and 3.5 Mbit/s each;
 * the latency of a frame is the time from when its bytes are there, in the thread that reads them, until the main thread
 * has the packet. The ways take turns, several times.
 */
import { cpus } from 'node:os';
import { WorkerChannel } from 'spillway';
import { FlvReader } from 'spillway/codec';
import type { DemuxLatencyProtocol } from './fixtures/demux-latency.worker.ts';
import { momentOf, sharedNowMs, startCameras } from './fixtures/flv-source.ts';

const cameras = 25;
const framesPerSecond = 30;
const roundMs = 4_000;
const warmUpMs = 1_000; // Of each round: a worker that has just been started is still compiling.
const rounds = 4;

const ways = {
  'main thread': inMainThread,
  'worker thread': inWorker('thread'),
  'worker process': inWorker('process'),
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
const latencies = new Map<string, number[]>();
for (let round = 0; round < rounds; round++)
  for (const [name, way] of Object.entries(ways))
    latencies.set(name, [...(latencies.get(name) ?? []), ...(await way())]);

const base = latencies.get('main thread')!;
const rows: Record<string, Record<string, string>> = {};
for (const [name, list] of latencies)
  rows[name] = {
    frames: String(list.length),
    'p50 ms': at(list, 0.5).toFixed(2),
    'p99 ms': at(list, 0.99).toFixed(2),
    'max ms': at(list, 1).toFixed(2),
    'added p99 ms': (at(list, 0.99) - at(base, 0.99)).toFixed(2),
  };
console.table(rows);

async function inMainThread(): Promise<number[]> {
  const found: number[] = [];
  const readers = Array.from({ length: cameras }, () => new FlvReader());
  const stop = startCameras(cameras, framesPerSecond, (camera, bytes) => {
    for (const tag of readers[camera]!.push(bytes)) found.push(sharedNowMs() - momentOf(tag));
  });
  await sleep(warmUpMs);
  found.length = 0;
  await sleep(roundMs);
  stop();
  return found;
}

function inWorker(host: 'thread' | 'process'): () => Promise<number[]> {
  return async () => {
    const file = new URL('./fixtures/demux-latency.worker.ts', import.meta.url);
    await using channel = await WorkerChannel.open<DemuxLatencyProtocol>(file, { host });
    const found: number[] = [];
    const reading = (async () => {
      for await (const tag of channel.data) found.push(sharedNowMs() - momentOf(tag));
    })();
    channel.send('start', { cameras, framesPerSecond });
    await sleep(warmUpMs);
    found.length = 0;
    await sleep(roundMs);
    await channel.close();
    await reading;
    return found;
  };
}

function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

function at(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!;
}
