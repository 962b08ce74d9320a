import { describe, expect, it } from 'vitest';
import { tagOf } from '../media/test-support.ts';
import type { SessionStats } from './session-types.ts';
import { eventually, type LiveSite, liveSite, type SessionClient, turn } from './test-support.ts';

const { videoHeader, keyframe, frame, audio } = tagOf;
const frameBytes = 256 << 10; // What 32 of these add up to fits into no socket's buffers.

const statsOf = (live: LiveSite, number: number = 1): SessionStats =>
  live.site.broadcast.viewers().find(({ id }) => id === number)!;

/** An acknowledgement of `received` messages. */
function acknowledgement(received: number, latenessMs: number = -1): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(received, 0);
  bytes.writeInt32BE(latenessMs, 4);
  return bytes;
}

/** Lets the server handle what has been sent to it, time standing still. */
async function passTimeUntil(live: LiveSite, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await live.clock.advance(250);
    await turn();
  }
}

/** Has a viewer that reads nothing, and pictures that no buffer holds, each with its number as time. */
async function withStuckViewer(query: string, pictures: number) {
  const live = await liveSite();
  live.write(videoHeader(), keyframe(0));
  const stuck = await live.site.join(query);
  await stuck.until('1 keyframe 0');
  stuck.socket.pause();
  for (let index = 1; index <= pictures; index++) {
    live.write(index % 10 ? frame(index, frameBytes) : keyframe(index, frameBytes));
    await live.clock.advance(40);
    await turn();
  }
  return { live, stuck };
}

describe('a viewer that acknowledges', () => {
  it('has no more under way than its window and one message, the rest waits in the ring', async () => {
    const { live } = await withStuckViewer('?stream=live/camera', 20);
    await using _ = live;
    const { unacknowledgedBytes, windowBytes, lagMs } = statsOf(live);
    expect(unacknowledgedBytes).toBeLessThan(windowBytes! + frameBytes + 100);
    expect(lagMs).toBeGreaterThan(0);
  });

  it('goes on at a keyframe after it was stuck, and is told of the gap in front of it', async () => {
    const { live, stuck } = await withStuckViewer('?stream=live/camera', 45);
    await using _ = live;
    stuck.socket.resume();
    await stuck.until('1 video 45');
    const gap = stuck.diary.indexOf('gap');
    expect(stuck.diary.filter((line) => line === 'gap')).toHaveLength(1);
    expect(stuck.diary.slice(gap)).toEqual([
      ...['gap', '1 keyframe 40', '1 video 41', '1 video 42', '1 video 43', '1 video 44', '1 video 45'],
    ]);
    const before = Number(stuck.diary[gap - 1]!.split(' ').at(-1));
    expect(stuck.last('gap')).toEqual({
      ...{ type: 'gap', stream: 'live/camera', id: 1, missed: 39 - before, reason: 'lag' },
    });
    expect(statsOf(live)).toMatchObject({ gaps: 1, skipped: 39 - before, offered: 47 });
  });

  it('hears announcements before the pictures that wait', async () => {
    const { live, stuck } = await withStuckViewer('?stream=live/camera', 9);
    await using _ = live;
    live.site.streams.publish('live/door');
    stuck.socket.resume();
    await stuck.until('1 video 9');
    expect(stuck.diary.indexOf('stream_started')).toBeGreaterThan(0);
    expect(stuck.diary.indexOf('stream_started')).toBeLessThan(stuck.diary.indexOf('1 video 5'));
  });

  it('is dropped when it acknowledges nothing for the stall limit; others are not', async () => {
    const { live, stuck } = await withStuckViewer('?stream=live/camera', 20);
    await using _ = live;
    const reasons: string[] = [];
    live.site.broadcast.on('left', ({ viewer, reason }) => void reasons.push(`${viewer.id} ${reason}`));
    const other = await live.site.join('?stream=live/camera');
    await other.until('1 keyframe 20');
    await passTimeUntil(live, () => reasons.length > 0);
    stuck.socket.resume();
    await stuck.closed;
    expect([reasons, live.site.subscribers]).toEqual([['1 stalled'], 1]);
  });

  it.each([
    ['of more than was sent', acknowledgement(1000)],
    ['of less than before', acknowledgement(0)],
    ['that is too short', Buffer.alloc(7)],
  ])('is closed with 1002 for an acknowledgement %s', async (_name, bytes) => {
    await using live = await liveSite();
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    await eventually(() => statsOf(live).unacknowledgedBytes === 0);
    viewer.socket.send(bytes);
    expect(await viewer.closed).toEqual({ code: 1002, reason: 'broke the protocol' });
  });

  it('tells how late its picture is', async () => {
    await using live = await liveSite();
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    await eventually(() => statsOf(live).unacknowledgedBytes === 0);
    viewer.socket.send(acknowledgement(1, 123));
    await eventually(() => statsOf(live).latenessMs === 123);
    viewer.socket.send(acknowledgement(1));
    await eventually(() => statsOf(live).latenessMs === null);
  });

  it('gives its latency from publish to acknowledgement', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join('?stream=live/camera');
    live.write(keyframe(0));
    await viewer.until('1 keyframe 0');
    await eventually(() => statsOf(live).latencyMs !== null);
    expect(statsOf(live)).toMatchObject({ latencyMs: 0, lastLatencyMs: 0, roundTripMs: 0 });
  });
});

describe('a viewer that does not acknowledge', () => {
  it('skips to a keyframe all the same once its buffers are full', async () => {
    await using live = await liveSite();
    live.write(videoHeader(), keyframe(0));
    const stuck = await live.site.join('?stream=live/camera', { speaks: 'json' });
    await stuck.until('1 keyframe 0');
    stuck.socket.pause();
    for (let index = 1; index <= 85; index++) {
      live.write(index % 10 ? frame(index, frameBytes) : keyframe(index, frameBytes));
      await live.clock.advance(40);
      await turn();
    }
    stuck.socket.resume();
    await stuck.until('1 video 85');
    expect(stuck.diary[stuck.diary.indexOf('gap') + 1]).toBe('1 keyframe 80');
    expect(statsOf(live)).toMatchObject({ windowBytes: null, latencyMs: null, gaps: 1 });
  });

  it('is closed with 1002 when it acknowledges', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join('', { speaks: 'json' });
    viewer.socket.send(acknowledgement(0));
    expect(await viewer.closed).toMatchObject({ code: 1002 });
  });
});

describe('what a viewer says', () => {
  it.each(['no JSON', '[1]', '"text"', 'null'])('must be a JSON object: %s', async (text) => {
    await using live = await liveSite();
    const viewer = await live.site.join();
    viewer.socket.send(text);
    expect(await viewer.closed).toMatchObject({ code: 1002 });
  });

  it('is ignored when its type is unknown, and answered with an error when its members are wrong', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join();
    viewer.say({ type: 'from the future' });
    viewer.say({ type: 'follow', stream: 7 });
    viewer.say({ type: 'quality', stream: 'live/camera', mode: 'full' });
    await viewer.barrier();
    expect(viewer.said.slice(1, -1)).toEqual([
      { type: 'error', code: 'PROTOCOL_COMMAND', message: "a 'follow' message with wrong members" },
      { type: 'error', code: 'PROTOCOL_COMMAND', message: "'live/camera' is not followed" },
    ]);
  });

  it('closes the connection with 1008 when it is too much; acknowledgements of something are not', async () => {
    await using live = await liveSite();
    const reasons: string[] = [];
    live.site.broadcast.on('left', ({ reason }) => void reasons.push(reason));
    const viewer = await live.site.join('?stream=live/camera');
    for (let index = 0; index < 300; index++) live.write(keyframe(index));
    await viewer.until('1 keyframe 299');
    await viewer.barrier();
    for (let index = 0; index < 250; index++) viewer.say({ type: 'ping', t: index });
    expect(await viewer.closed).toEqual({ code: 1008, reason: 'too many messages' });
    await eventually(() => reasons.length > 0);
    expect(reasons).toEqual(['flooded']);
  });
});

describe('several streams over one connection', () => {
  /** Two streams and a viewer of both; each has a keyframe 0 by then. */
  async function withTwo(
    viewerQuery: string,
  ): Promise<{ live: LiveSite; viewer: SessionClient; write: Write }> {
    const live = await liveSite();
    const door = live.site.streams.publish('live/door')!;
    const viewer = await live.site.join(viewerQuery);
    const write: Write = (tag, tags) => (tag === 'door' ? tags.forEach(door.write) : live.write(...tags));
    write('door', [keyframe(0)]);
    write('camera', [keyframe(0)]);
    return { live, viewer, write };
  }
  type Write = (name: 'camera' | 'door', tags: readonly Uint8Array<ArrayBuffer>[]) => void;

  it('take turns; sound and picture of one keep their order', async () => {
    const { live, viewer, write } = await withTwo('?stream=live/camera&stream=live/door');
    await using _ = live;
    await viewer.until('1 keyframe 0');
    await viewer.until('2 keyframe 0');
    const seen = viewer.diary.length;
    write('camera', [audio(1), frame(2), audio(3)]);
    write('door', [frame(1), audio(2), frame(3)]);
    await viewer.until('2 video 3');
    await viewer.until('1 audio 3');
    expect(viewer.diary.slice(seen)).toEqual([
      ...['1 audio 1', '2 video 1', '1 video 2', '2 audio 2', '1 audio 3', '2 video 3'],
    ]);
  });

  it('leave in one write when they come in one turn', async () => {
    const { live, viewer, write } = await withTwo('?stream=*');
    await using _ = live;
    await viewer.until('1 keyframe 0');
    await viewer.until('2 keyframe 0');
    const raw = Reflect.get(viewer.socket, '_socket') as NodeJS.ReadableStream;
    let reads = 0;
    raw.on('data', () => reads++);
    write('camera', [audio(1), frame(2)]);
    write('door', [audio(1), frame(2)]);
    await viewer.until('2 video 2');
    await viewer.until('1 video 2');
    expect(reads).toBe(1);
  });

  it('are followed and left one by one, and their totals stay', async () => {
    const { live, viewer, write } = await withTwo('?stream=*');
    await using _ = live;
    await viewer.until('1 keyframe 0');
    await viewer.until('2 keyframe 0');
    viewer.say({ type: 'unfollow', stream: 'live/door' });
    await viewer.barrier();
    write('door', [frame(1)]);
    write('camera', [frame(1)]);
    await viewer.until('1 video 1');
    await viewer.barrier();
    expect(viewer.diary).not.toContain('2 video 1');
    expect(statsOf(live)).toMatchObject({ delivered: 3, streams: [{ stream: 'live/camera', delivered: 2 }] });
  });

  it('have a limit, of which the viewer is told', async () => {
    await using live = await liveSite({ maxStreamsPerViewer: 2 });
    const viewer = await live.site.join('?stream=live/camera&stream=later&stream=*');
    live.site.streams.publish('live/door');
    await viewer.barrier();
    const error = { type: 'error', code: 'OVERFLOW_STREAMS', message: 'a viewer follows at most 2 streams' };
    expect(viewer.said.filter(({ type }) => type === 'error')).toEqual([error]);
    viewer.say({ type: 'unfollow', stream: 'later' });
    viewer.say({ type: 'follow', stream: 'live/door' });
    await viewer.barrier();
    expect(statsOf(live).streams.map(({ stream }) => stream)).toEqual(['live/camera', 'live/door']);
  });
});

describe('the clock of a stream', () => {
  it('is told before the first packet, a second later, and then every five seconds', async () => {
    await using live = await liveSite();
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    const clocks = (): readonly unknown[] => viewer.said.filter(({ type }) => type === 'clock');
    expect(clocks()).toEqual([
      { type: 'clock', stream: 'live/camera', id: 1, timestamp_ms: 0, wall_ms: live.clock.wallMs() },
    ]);
    for (const at of [2_500, 5_000, 7_500, 10_000]) {
      await live.clock.advance(2_500);
      live.write(frame(at));
      await viewer.until(`1 video ${at}`);
    }
    expect(clocks()).toHaveLength(3);
  });

  it('is told anew when the publisher has come back', async () => {
    await using live = await liveSite();
    live.write(keyframe(0));
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 keyframe 0');
    live.publication.end('lost');
    await live.clock.advance(500);
    live.site.streams.publish('live/camera')!.write(keyframe(0)); // 40 ms behind the last one on the stream's own clock.
    await viewer.until('1 keyframe 40');
    expect(viewer.last('clock')).toMatchObject({ timestamp_ms: 40, wall_ms: live.clock.wallMs() });
  });
});
