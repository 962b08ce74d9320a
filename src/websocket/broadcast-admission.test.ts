import { describe, expect, it } from 'vitest';
import { tagOf } from '../media/test-support.ts';
import type { ConnectionDecision, ConnectionRequest } from './admission.ts';
import { eventually, liveSite } from './test-support.ts';

const { keyframe } = tagOf;
const camera = '/live/camera.flv';

describe('authorize', () => {
  it('is asked once for each connection, with what it wants', async () => {
    const asked: unknown[] = [];
    await using live = await liveSite({
      streamers: {},
      authorize({ role, stream, address, request }) {
        asked.push([role, stream, address, request.url]);
        return { allow: true };
      },
    });
    live.write(keyframe(0));
    await live.site.watch(`${camera}?token=1`);
    await live.site.fetch(camera);
    await live.site.join('?stream=live/camera');
    await live.site.publish('/streamers/door');
    expect(asked).toEqual([
      ['viewer', 'live/camera', '127.0.0.1', `${camera}?token=1`],
      ['viewer', 'live/camera', '127.0.0.1', camera],
      ['viewer', undefined, '127.0.0.1', '/viewers?stream=live/camera'],
      ['streamer', 'door', '127.0.0.1', '/streamers/door'],
    ]);
  });

  it('keeps out whom it does not want, before it tells which streams there are', async () => {
    await using live = await liveSite({ streamers: {}, authorize: () => ({ allow: false }) });
    const refused: unknown[] = [];
    live.site.broadcast.on('refused', ({ role, status }) => void refused.push([role, status]));
    await expect(live.site.watch(camera)).rejects.toThrow('403');
    await expect(live.site.join()).rejects.toThrow('403');
    await expect(live.site.publish('/streamers/door')).rejects.toThrow('403');
    expect((await live.site.ask('GET', '/live/other.flv')).status).toBe(403);
    expect(refused).toEqual([
      ...[
        ['viewer', 403],
        ['viewer', 403],
        ['streamer', 403],
        ['viewer', 403],
      ],
    ]);
  });

  it('holds up nobody but who is asked about, and is given up when that one leaves', async () => {
    const pending: AbortSignal[] = [];
    const authorize = async (
      { request }: ConnectionRequest,
      { signal }: { readonly signal: AbortSignal },
    ): Promise<ConnectionDecision> => {
      if (!request.url?.includes('slow')) return { allow: true };
      pending.push(signal);
      return new Promise(() => {});
    };
    await using live = await liveSite({ authorize, maxViewers: 2 });
    live.write(keyframe(0));
    const slow = live.site.watch(`${camera}?slow`);
    slow.catch(() => {});
    await eventually(() => pending.length === 1);
    await (await live.site.watch(camera)).received.until('keyframe 0');
    await expect(live.site.watch(camera)).rejects.toThrow('503'); // Who is asked about has a place already.
    live.site.hangUp(0);
    await eventually(() => pending[0]!.aborted);
    await (await live.site.watch(camera)).received.until('keyframe 0');
  });

  it('gives a streamer the public name of its stream', async () => {
    await using live = await liveSite({ streamers: {}, authorize: () => ({ allow: true, name: 'door' }) });
    const viewer = await live.site.join('?stream=door');
    const streamer = await live.site.publish('/streamers/s3cret');
    expect(streamer.said[0]).toMatchObject({ stream: 'door' });
    streamer.socket.send(live.jpeg);
    await viewer.until('stream_started');
    expect(JSON.stringify([viewer.said, live.lines])).not.toContain('s3cret');
  });

  it('decides which streams a viewer knows of', async () => {
    const mayWatch = (stream: string): boolean => {
      if (stream === 'broken') throw new Error('no such rule');
      return !stream.startsWith('private/');
    };
    await using live = await liveSite({ authorize: () => ({ allow: true, mayWatch }) });
    live.write(keyframe(0));
    live.site.streams.publish('private/a')!.write(keyframe(0));
    const viewer = await live.site.join('?stream=*&stream=private/a');
    for (const name of ['private/b', 'broken', 'live/b']) live.site.streams.publish(name)!.write(keyframe(0));
    await viewer.until('5 keyframe 0');
    live.site.streams.close();
    await eventually(() => viewer.diary.filter((line) => line === 'stream_ended').length === 2);
    expect(viewer.diary.filter((line) => line !== 'stream_ended')).toEqual([
      ...['viewer_connected', '1 keyframe 0', 'stream_started', '5 keyframe 0'],
    ]);
    expect(viewer.said[0]).toMatchObject({ active_streams: [{ stream: 'live/camera' }] });
  });

  it('hides a stream at its own address, too', async () => {
    const mayWatch = (): boolean => false;
    await using live = await liveSite({ authorize: () => ({ allow: true, mayWatch }) });
    expect((await live.site.ask('GET', camera)).status).toBe(404);
    await expect(live.site.watch(camera)).rejects.toThrow('404');
  });
});

describe('a page of another origin', () => {
  const headers = { origin: 'https://evil.example' };

  it('may open no WebSocket', async () => {
    await using live = await liveSite({ streamers: {} });
    await expect(live.site.watch(camera, { headers })).rejects.toThrow('403');
    await expect(live.site.join('', { headers })).rejects.toThrow('403');
    await expect(live.site.publish('/streamers/door', { headers })).rejects.toThrow('403');
    expect(live.site.broadcast.viewers()).toEqual([]);
  });

  it('may when its origin is listed, and read streams with fetch', async () => {
    await using live = await liveSite({ origins: ['https://evil.example'] });
    await live.site.join('', { headers });
    const { headers: answered } = await live.site.ask('HEAD', camera, headers);
    expect(answered).toMatchObject({ 'access-control-allow-origin': headers.origin, vary: 'origin' });
    const others = await live.site.ask('HEAD', camera, { origin: 'https://other.example' });
    expect(others.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('an address', () => {
  it('has a limit of connections', async () => {
    await using live = await liveSite({ maxPerAddress: 2 });
    live.write(keyframe(0));
    const [first] = [await live.site.join(), await live.site.fetch(camera)];
    await expect(live.site.watch(camera)).rejects.toThrow('429');
    expect((await live.site.ask('GET', camera)).status).toBe(429);
    first.socket.close();
    await eventually(() => live.site.broadcast.viewers().length === 1);
    await live.site.watch(camera);
  });

  it('gets its place back from a handshake that fails', async () => {
    await using live = await liveSite({ maxPerAddress: 1 });
    for (let attempt = 0; attempt < 3; attempt++) {
      const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'short' };
      expect((await live.site.ask('GET', '/viewers', headers)).status).toBe(400);
    }
    await live.site.join();
  });
});

describe('a request without upgrade', () => {
  it.each(['/viewers', '/streamers/door'])('to %s is told to upgrade', async (path) => {
    await using live = await liveSite({ streamers: {} });
    expect(await live.site.ask('GET', path)).toMatchObject({
      status: 426,
      headers: { upgrade: 'websocket' },
    });
  });

  it('is for others where nobody may publish', async () => {
    await using live = await liveSite();
    expect((await live.site.ask('GET', '/streamers/door')).status).toBe(418);
  });
});

describe('a closed broadcast', () => {
  it('has said goodbye to all, ended the streams of streamers, and takes nobody', async () => {
    await using live = await liveSite({ streamers: {} });
    live.write(keyframe(0));
    const streamer = await live.site.publish('/streamers/door');
    streamer.socket.send(live.jpeg);
    const viewer = await live.site.join('?stream=door');
    await eventually(() => viewer.diary.length > 1);
    const [flv, http] = [await live.site.watch(camera), await live.site.fetch(camera)];
    live.site.broadcast.close();
    live.site.broadcast.close();
    expect((await streamer.closed).code).toBe(1001);
    expect(await viewer.closed).toEqual({ code: 1001, reason: 'the server closes' });
    expect((await flv.closed).code).toBe(1001);
    expect(await http.closed).toEqual({ isComplete: true });
    expect(viewer.last('stream_ended')).toMatchObject({ stream: 'door', reason: 'unpublished' });
    await expect(live.site.join()).rejects.toThrow('503');
    expect((await live.site.ask('GET', camera)).status).toBe(503);
    expect([live.site.broadcast.viewers(), live.site.broadcast.streamers(), live.clock.timers]).toEqual([
      ...[[], [], 0],
    ]);
  });

  it('drops a viewer that does not say goodbye, a second later', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join();
    viewer.socket.pause();
    live.site.broadcast.close();
    await live.clock.advance(999);
    expect(live.site.broadcast.viewers()).toHaveLength(1);
    await live.clock.advance(1);
    await eventually(() => live.site.broadcast.viewers().length === 0);
    expect(live.clock.timers).toBe(0);
  });

  it('refuses who is still being authorized, whatever the answer is', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<{ allow: boolean }>();
    const authorize = () => {
      asked.resolve();
      return answer.promise;
    };
    await using live = await liveSite({ authorize });
    const joining = live.site.join().catch((error: Error) => error.message);
    await asked.promise;
    live.site.broadcast.close();
    answer.resolve({ allow: true });
    expect(await joining).toContain('503');
    expect([live.site.broadcast.viewers(), live.clock.timers]).toEqual([[], 0]);
  });
});
