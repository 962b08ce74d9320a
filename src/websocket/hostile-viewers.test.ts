import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { queryObjects } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { tagOf } from '../media/test-support.ts';
import { FollowedStream } from './followed-stream.ts';
import { eventually, type LiveSite, liveSite, type SessionClient, turn } from './test-support.ts';

const { videoHeader, keyframe, frame } = tagOf;
const frameBytes = 256 << 10;

/** The server's ends of all connections. */
function serverSockets({ site }: LiveSite): readonly Socket[] {
  const sockets: Socket[] = [];
  site.server.on('connection', (socket: Socket) => sockets.push(socket));
  return sockets;
}

/** A viewer that reads no more; what it has not acknowledged fills its window. */
async function stuckViewer(live: LiveSite, query: string): Promise<SessionClient> {
  const viewer = await live.site.join(query);
  viewer.socket.pause();
  live.write(keyframe(0, frameBytes), keyframe(1, frameBytes));
  await eventually(() => live.site.broadcast.viewers()[0]!.unacknowledgedBytes > frameBytes);
  return viewer;
}

/** Waits until the server has handled all that a viewer has sent, which need not read an answer. */
async function handled(live: LiveSite, viewer: SessionClient): Promise<void> {
  viewer.say({ type: 'follow', stream: 'marker' });
  await eventually(() => live.site.broadcast.viewers()[0]!.streams.some(({ stream }) => stream === 'marker'));
}

describe('a viewer that is stuck', () => {
  it('leaves nothing behind of what it follows and leaves meanwhile', async () => {
    await using live = await liveSite();
    const viewer = await stuckViewer(live, '?stream=live/camera');
    for (let round = 0; round < 90; round++) {
      viewer.say({ type: 'unfollow', stream: 'live/camera' });
      viewer.say({ type: 'follow', stream: 'live/camera' });
      await turn();
    }
    await handled(live, viewer);
    expect(queryObjects(FollowedStream, { format: 'count' })).toBeLessThan(10);
  });

  it('is told the last quality it has chosen, not each', async () => {
    await using live = await liveSite();
    const viewer = await stuckViewer(live, '?stream=live/camera');
    for (let every = 1; every <= 90; every++)
      viewer.say({ type: 'quality', stream: 'live/camera', mode: 'keyframes', every });
    await handled(live, viewer);
    viewer.socket.resume();
    await viewer.until('quality');
    live.write(keyframe(2));
    await viewer.barrier();
    expect(viewer.said.filter(({ type }) => type === 'quality')).toMatchObject([{ every: 90 }]);
  });

  it('is dropped when a thousand streams begin and end; who reads is told of each', async () => {
    await using live = await liveSite();
    const ends: string[] = [];
    live.site.broadcast.on('left', ({ viewer, reason }) => void ends.push(`${viewer.id} ${reason}`));
    await stuckViewer(live, '?stream=live/camera');
    const reader = await live.site.join();
    for (let count = 1; count <= 1_000; count++) {
      live.site.streams.publish(`live/${'x'.repeat(200)}${count}`)!.end('unpublished');
      if (count % 50 === 0) await reader.barrier();
    }
    expect(reader.diary.filter((line) => line === 'stream_ended')).toHaveLength(1_000);
    await live.clock.advance(12_500);
    await eventually(() => ends.length > 0);
    expect(ends).toEqual(['1 stalled']);
  });
});

describe('a hundred viewers that are stuck', () => {
  it.each([
    { protocol: 'flv', open: ({ site }: LiveSite) => site.watch() },
    { protocol: 'spillway.v1', open: ({ site }: LiveSite) => site.join('?stream=live/camera') },
    { protocol: 'json', open: ({ site }: LiveSite) => site.join('?stream=live/camera', { speaks: 'json' }) },
  ] as const)('hold the ring and one write each, and delay nobody: $protocol', async ({ open }) => {
    await using live = await liveSite();
    const sockets = serverSockets(live);
    live.write(videoHeader(), keyframe(0));
    for (let count = 1; count <= 100; count++) (await open(live)).socket.pause();
    const healthy = await live.site.watch();
    for (let at = 1; at <= 400; at++) {
      live.write(at % 30 ? frame(at, 50_000) : keyframe(at, 50_000));
      if (at % 10 === 0) await healthy.received.until(`${at % 30 ? 'video' : 'keyframe'} ${at}`);
    }
    const held = sockets.map(({ writableLength }) => writableLength);
    expect(Math.max(...held)).toBeLessThan(320 << 10);
    expect(live.publication.stream.fanout.stats().bytes).toBeLessThanOrEqual(32 << 20);
    expect(healthy.received.names).toHaveLength(402);
  });
});

describe('a connection', () => {
  it('with several requests at once gives all places back when it closes', async () => {
    await using live = await liveSite();
    const socket = connect(live.site.port, '127.0.0.1');
    socket.write('GET /live/camera.flv HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3));
    await eventually(() => live.site.broadcast.viewers().length === 3);
    socket.destroy();
    await eventually(() => live.site.broadcast.viewers().length === 0);
    expect(live.clock.timers).toBe(0);
  });

  it('that the application hands over twice is closed, and nothing else happens', async () => {
    await using live = await liveSite();
    live.site.server.prependOnceListener('upgrade', (request, socket, head) =>
      live.site.broadcast.handleUpgrade(request, socket, head),
    );
    const socket = connect(live.site.port, '127.0.0.1');
    socket.on('error', () => {}); // 'close' follows.
    socket.write(
      'GET /viewers HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n\r\n',
    );
    await once(socket.resume(), 'close');
    await eventually(() => live.site.broadcast.viewers().length === 0);
    expect(live.lines.map(({ message }) => message)).toContain('connection failed');
  });
});
