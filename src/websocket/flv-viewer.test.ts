import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { SubscriptionStats } from '../fanout/types.ts';
import type { StreamDirectory } from '../media/stream-directory.ts';
import { tagOf } from '../media/test-support.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { eventually, type HttpViewer, type SocketViewer, TestSite, turn } from './test-support.ts';

const { videoHeader, keyframe, frame } = tagOf;
const maxItems = 16;
const frameBytes = 1 << 20; // What 32 of these add up to fits into no socket's buffers.
const sites: TestSite[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

const transports = [
  {
    transport: 'websocket',
    watch: (site: TestSite) => site.watch(),
    pause: ({ socket }: SocketViewer) => socket.pause(),
    resume: ({ socket }: SocketViewer) => socket.resume(),
  },
  {
    transport: 'http',
    watch: (site: TestSite) => site.fetch(),
    pause: ({ response }: HttpViewer) => response.pause(),
    resume: ({ response }: HttpViewer) => response.resume(),
  },
] as const satisfies readonly Transport<never>[];

interface Transport<Viewer> {
  readonly transport: string;
  readonly watch: (site: TestSite) => Promise<SocketViewer | HttpViewer>;
  readonly pause: (viewer: Viewer) => unknown;
  readonly resume: (viewer: Viewer) => unknown;
}

describe.each(transports as readonly Transport<SocketViewer | HttpViewer>[])(
  'a viewer by $transport that does not read',
  ({ watch, pause, resume }) => {
    it('delays nobody, lags within the ring, and skips to a keyframe once it reads again', async () => {
      const { site, play, names } = await live();
      const [fast, slow] = [await site.watch(), await watch(site)];
      await slow.received.until('keyframe 0');
      pause(slow);
      await play(fast, 64);
      expect(fast.received.names).toEqual(names());
      expect(lagOf(site, 2)).toMatchObject({ lagItems: maxItems });
      expect(lagOf(site, 2).missed).toBeGreaterThan(0);
      expect(site.streams.get('live/camera')!.fanout.stats().items).toBe(maxItems);
      resume(slow);
      await slow.received.until(names().at(-1)!);
      expect(slow.received.names).toEqual(afterOneGap(slow.received.names, names()));
      expect(lagOf(site, 1).missed).toBe(0);
    });

    it('is dropped when its connection takes nothing for the stall limit', async () => {
      const { site, clock, play, ends } = await live();
      const [fast, slow] = [await site.watch(), await watch(site)];
      await slow.received.until('keyframe 0');
      pause(slow);
      await play(fast, 32);
      await passTimeUntil(clock, () => ends.length > 0);
      resume(slow);
      await slow.closed;
      expect(ends).toEqual(['2 stalled']);
      expect([site.broadcast.viewers().length, site.subscribers]).toEqual([1, 1]);
    });
  },
);

describe('a viewer', () => {
  it('is not dropped because the answer to a ping waits behind what it has not read yet', async () => {
    const { site, clock, play, ends } = await live({ pingIntervalMs: 1_000 });
    const [fast, slow] = [await site.watch(), await site.watch()];
    await slow.received.until('keyframe 0');
    slow.socket.pause();
    await play(fast, 32);
    for (let second = 0; second < 5; second++) {
      await clock.advance(1_000);
      fast.socket.ping();
      await once(fast.socket, 'pong'); // Sent behind its own pong, so that one has been handled.
    }
    expect(ends).toEqual([]);
  });

  it('is not dropped however long its stream is silent', async () => {
    const { site, clock, publication, ends } = await live({ pingIntervalMs: 0x7fff_ffff });
    const viewer = await site.watch();
    await viewer.received.until('keyframe 0');
    await clock.advance(3_600_000);
    publication.write(frame(40));
    await viewer.received.until('video 40');
    expect(ends).toEqual([]);
  });

  it('is dropped when it does not confirm the end of the stream within the stall limit', async () => {
    const { site, clock, publication, ends } = await live();
    const viewer = await site.watch();
    await viewer.received.until('keyframe 0');
    viewer.socket.pause();
    publication.end('unpublished');
    await passTimeUntil(clock, () => ends.length > 0);
    expect(ends).toEqual(['1 stalled']);
    expect([publication.stream.fanout.subscribers.size, clock.timers]).toEqual([0, 0]);
  });

  it('gets what is left in the ring when the stream ends while it lags, then the end', async () => {
    const { site, clock, publication, play, names } = await live();
    const [fast, slow] = [await site.watch(), await site.fetch()];
    await slow.received.until('keyframe 0');
    slow.response.pause();
    await play(fast, 32);
    publication.end('unpublished');
    slow.response.resume();
    expect(await slow.closed).toEqual({ isComplete: true });
    expect(slow.received.names).toEqual(afterOneGap(slow.received.names, names()));
    await eventually(() => site.broadcast.viewers().length === 0);
    expect(clock.timers).toBe(0);
  });

  it('leaves nothing behind when it goes while a write is in flight', async () => {
    const { site, clock, play, publication, ends } = await live();
    const [fast, slow] = [await site.watch(), await site.watch()];
    await slow.received.until('keyframe 0');
    slow.socket.pause();
    await play(fast, 32);
    await turn(); // The slow one has a write in flight.
    slow.socket.terminate();
    fast.socket.terminate();
    await eventually(() => ends.length === 2);
    expect([clock.timers, publication.stream.fanout.subscribers.size]).toEqual([0, 0]);
  });
});

/** A stream that begins with a keyframe, has one at every 5th picture, and writes one picture when told. */
async function live(options: { pingIntervalMs?: number } = {}) {
  const clock = new ManualClock();
  const site = await new TestSite(clock, options, { maxItems }).listen();
  sites.push(site);
  const publication: Publication = site.streams.publish('live/camera')!;
  const ends: string[] = [];
  site.broadcast.on('left', ({ viewer, reason }) => void ends.push(`${viewer.id} ${reason}`));
  publication.write(videoHeader());
  publication.write(keyframe(0));
  let count = 1;
  const nameAt = (index: number): string => `${index % 5 ? 'video' : 'keyframe'} ${40 * index}`;
  /** Writes pictures, each when `viewer` has the one before. */
  const play = async (viewer: SocketViewer, pictures: number): Promise<void> => {
    for (const end = count + pictures; count < end; count++) {
      publication.write(count % 5 ? frame(40 * count, frameBytes) : keyframe(40 * count, frameBytes));
      await viewer.received.until(nameAt(count));
    }
  };
  const names = (): string[] => [
    'video header 1',
    ...Array.from({ length: count }, (_, index) => nameAt(index)),
  ];
  return { site, clock, publication, ends, play, names };
}

type Publication = NonNullable<ReturnType<StreamDirectory['publish']>>;

/** Counters of the place in the ring of the viewer that came as the n-th. */
function lagOf(site: TestSite, number: number): SubscriptionStats {
  return [...site.streams.get('live/camera')!.fanout.subscribers][number - 1]!.stats();
}

/** What a viewer with one gap must have: a beginning of `all`, then a keyframe and everything behind it. */
function afterOneGap(some: readonly string[], all: readonly string[]): string[] {
  const before = some.findIndex((name, index) => name !== all[index]);
  const again = all.indexOf(some[before] ?? '');
  if (before < 0 || again < before || !all[again]!.startsWith('keyframe'))
    return ['no gap that ends at a keyframe'];
  return [...all.slice(0, before), ...all.slice(again)];
}

/** Moves time on until the kernel has taken what it can, the write in flight is too old, and `condition` is true. */
async function passTimeUntil(clock: ManualClock, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await clock.advance(1_000);
    await turn();
  }
}
