import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../core/clock.ts';
import { readFlvTimestamp } from '../media/flv-tag.ts';
import { tagOf } from '../media/test-support.ts';
import { ThrottledRelay, type ThrottledRelayOptions } from './fixtures/throttled-relay.ts';
import { acknowledgementBytes, subprotocol } from './protocol.ts';
import { TestSite } from './test-support.ts';
import type { ViewerStats } from './types.ts';

const framesPerSecond = 30;
const groupFrames = 10;

interface Watched {
  /** From publish to arrival, of each picture in order, in ms. */
  readonly latenciesMs: readonly number[];
  readonly bytes: number;
  /** What the server says of the viewer at the end. */
  readonly stats: ViewerStats;
}

interface Scene extends Omit<ThrottledRelayOptions, 'port'> {
  readonly streamBitsPerSecond: number;
  readonly pictures: number;
  readonly lagLimitMs: number;
}

/** Lets somebody watch a stream of a given rate, all in real time, over a link of another rate. */
async function watch({ streamBitsPerSecond, pictures, lagLimitMs, ...link }: Scene): Promise<Watched> {
  await using site = await new TestSite(systemClock, { lagLimitMs }).listen();
  await using relay = await new ThrottledRelay({ port: site.port, ...link }).listen();
  const publication = site.streams.publish('live/camera')!;
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}/viewers?stream=live/camera`, [subprotocol]);
  const startMs = performance.now();
  const latenciesMs: number[] = [];
  let bytes = 0;
  socket.on('message', (message: Buffer, isBinary) => {
    if (!isBinary) return;
    latenciesMs.push(performance.now() - startMs - readFlvTimestamp(message.subarray(4)));
    bytes += message.byteLength;
    const acknowledgement = Buffer.alloc(acknowledgementBytes, 0xff);
    acknowledgement.writeUInt32BE(latenciesMs.length, 0);
    socket.send(acknowledgement);
  });
  await once(socket, 'open');
  const finished = Promise.withResolvers<void>();
  const frameBytes = Math.round(streamBitsPerSecond / 8 / framesPerSecond);
  let published = 0;
  const publisher = setInterval(() => {
    const timestampMs = performance.now() - startMs;
    const make = published % groupFrames === 0 ? tagOf.keyframe : tagOf.frame;
    publication.write(make(Math.round(timestampMs), frameBytes));
    if (++published === pictures) finished.resolve();
  }, 1000 / framesPerSecond);
  await finished.promise;
  clearInterval(publisher);
  const stats = site.broadcast.viewers()[0]!;
  const closed = once(socket, 'close');
  socket.terminate();
  await closed;
  return { latenciesMs, bytes, stats };
}

describe('a viewer behind a link that carries less than its stream', () => {
  it('stays near the present, because what it cannot get is skipped instead of queued', async () => {
    const scene = { bitsPerSecond: 8e6, streamBitsPerSecond: 14e6, pictures: 120, lagLimitMs: 200 };
    const { latenciesMs, bytes, stats } = await watch(scene);
    // 14 Mbit/s for 4 s through 8 Mbit/s: without a window, the last picture would be 3 s late.
    expect(Math.max(...latenciesMs)).toBeLessThan(1_500);
    expect(latenciesMs.toSorted((one, other) => one - other)[latenciesMs.length >> 1]).toBeLessThan(800);
    expect(bytes).toBeGreaterThan(1 << 20);
    expect(stats.gaps).toBeGreaterThan(0);
    expect(stats.unacknowledgedBytes).toBeLessThan(400_000);
  });
});

describe('a viewer far away', () => {
  it('gets everything, as soon as it can arrive', async () => {
    const link = { bitsPerSecond: 50e6, roundTripMs: 200 };
    const scene = { ...link, streamBitsPerSecond: 8e6, pictures: 90, lagLimitMs: 1_000 };
    const { latenciesMs, stats } = await watch(scene);
    expect(stats).toMatchObject({ gaps: 0, skipped: 0, lossPercent: 0 });
    expect(stats.delivered).toBeGreaterThan(80);
    expect(latenciesMs.toSorted((one, other) => one - other)[latenciesMs.length >> 1]).toBeLessThan(250);
    expect(stats.roundTripMs).toBeGreaterThanOrEqual(190);
  });
});
