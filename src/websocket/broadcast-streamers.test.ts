import { describe, expect, it } from 'vitest';
import { eventually, liveSite } from './test-support.ts';

describe('a streamer', () => {
  it('is a stream to all viewers from its first picture to its end', async () => {
    await using live = await liveSite({ streamers: {} });
    const viewer = await live.site.join('?stream=*');
    const streamer = await live.site.publish('/streamers/door');
    expect(streamer.said[0]).toEqual({
      ...{ type: 'streamer_connected', stream: 'door', ping_interval_ms: 45_000, max_frame_bytes: 2 << 20 },
    });
    expect(live.site.streams.get('door')).toBeUndefined();
    streamer.socket.send(live.jpeg);
    await viewer.until('2 keyframe 0');
    streamer.say({ type: 'stop' });
    await viewer.until('stream_ended');
    expect((await streamer.closed).code).toBe(1000);
    expect(viewer.diary.slice(1)).toEqual(['stream_started', '2 keyframe 0', 'stream_ended']);
    await eventually(() => live.site.broadcast.streamers().length === 0);
  });

  it('that is loaded anew while its old connection hangs goes on with the same stream', async () => {
    await using live = await liveSite({ streamers: {} });
    const viewer = await live.site.join('?stream=door');
    const old = await live.site.publish('/streamers/door');
    old.socket.send(live.jpeg);
    await viewer.until('2 keyframe 0');
    const fresh = await live.site.publish('/streamers/door');
    await live.clock.advance(40);
    expect(live.site.broadcast.streamers()).toHaveLength(2); // Whoever has no picture to show pushes nobody out.
    fresh.socket.send(live.jpeg);
    expect(await old.closed).toMatchObject({ code: 4000 });
    await viewer.until('stream_resumed');
    await viewer.until('2 keyframe 40');
    await eventually(() => live.site.broadcast.streamers().length === 1);
    await live.clock.advance(11_000);
    expect(viewer.diary).not.toContain('stream_ended');
    expect(live.site.broadcast.streamers()).toMatchObject([{ id: 2, stream: 'door', state: 'live' }]);
  });

  it('that stops and starts again at once is another run, and nothing late ends that one', async () => {
    await using live = await liveSite({ streamers: {} });
    const viewer = await live.site.join('?stream=door');
    for (let run = 2; run < 5; run++) {
      const streamer = await live.site.publish('/streamers/door');
      streamer.socket.send(live.jpeg);
      await viewer.until(`${run} keyframe 0`);
      streamer.socket.close(run === 3 ? 1001 : 1000); // A page that is left says 1001.
      await streamer.closed;
    }
    await eventually(() => viewer.said.filter(({ type }) => type === 'stream_ended').length === 3);
    expect(viewer.said.filter(({ type }) => type !== 'clock').slice(1)).toEqual(
      [2, 3, 4].flatMap((id) => [
        { type: 'stream_started', stream: 'door', id },
        { type: 'stream_ended', stream: 'door', id, reason: 'unpublished' },
      ]),
    );
  });

  it('is told apart by name: one starts and stops beside the other', async () => {
    await using live = await liveSite({ streamers: {} });
    const viewer = await live.site.join('?stream=*');
    const [a, b] = [await live.site.publish('/streamers/a'), await live.site.publish('/streamers/b')];
    a.socket.send(live.jpeg);
    await viewer.until('2 keyframe 0');
    b.socket.send(live.jpeg);
    await viewer.until('3 keyframe 0');
    a.socket.close(1000);
    await viewer.until('stream_ended');
    expect(viewer.last('stream_ended')).toMatchObject({ stream: 'a', id: 2 });
    expect(live.site.streams.get('b')?.state).toBe('live');
    b.socket.close(1000);
    await eventually(() => live.site.streams.get('b') === undefined);
  });

  it('cannot take the name of a stream that comes another way', async () => {
    await using live = await liveSite({ streamers: {} });
    const streamer = await live.site.publish('/streamers/live%2Fcamera');
    streamer.socket.send(live.jpeg);
    expect((await streamer.closed).code).toBe(1008);
    expect(streamer.last('error')).toMatchObject({ code: 'stream-taken' });
    expect(live.publication.stream.state).toBe('live');
  });

  it('gives its place back, and who it was is told', async () => {
    await using live = await liveSite({ streamers: {}, maxStreamers: 1 });
    const told: unknown[] = [];
    live.site.broadcast.on('streamerJoined', ({ streamer }) => void told.push(['joined', streamer]));
    live.site.broadcast.on('streamerLeft', ({ streamer, reason }) => void told.push([reason, streamer]));
    const streamer = await live.site.publish('/streamers/a');
    await expect(live.site.publish('/streamers/b')).rejects.toThrow('503');
    streamer.socket.terminate();
    await eventually(() => live.site.broadcast.streamers().length === 0);
    await live.site.publish('/streamers/b');
    const who = { id: 1, stream: 'a', address: '127.0.0.1' };
    expect(told).toMatchObject([
      ['joined', { ...who, state: 'waiting' }],
      ['lost', { ...who, state: 'ended' }],
      ['joined', { stream: 'b' }],
    ]);
  });

  it('needs a name', async () => {
    await using live = await liveSite({ streamers: {} });
    await expect(live.site.publish('/streamers/')).rejects.toThrow('404');
  });

  it.each(['*', 'x'.repeat(257)])('needs a name that viewers can follow: %s', async (name) => {
    await using live = await liveSite({ streamers: {} });
    await expect(live.site.publish(`/streamers/${name}`)).rejects.toThrow('404');
  });

  it('may have a secret in its address, which no log shows', async () => {
    const authorize = (): never => {
      throw new Error('the database is away');
    };
    await using live = await liveSite({ streamers: {}, authorize });
    await expect(live.site.publish('/streamers/secret?token=secret')).rejects.toThrow('403');
    expect(live.lines).toEqual([
      { message: 'authorize failed', role: 'streamer', address: '127.0.0.1', error: expect.any(String) },
    ]);
  });

  it('may send its largest picture as text, and no more than that', async () => {
    await using live = await liveSite({ streamers: { maxFrameBytes: 4_096 } });
    const streamer = await live.site.publish('/streamers/door');
    const padded = Buffer.concat([live.jpeg, Buffer.alloc(4_096 - live.jpeg.length)]);
    streamer.say({ type: 'frame', frame: `data:image/jpeg;base64,${padded.toString('base64')}` });
    await eventually(() => live.site.broadcast.streamers()[0]?.framesAccepted === 1);
    streamer.socket.send(Buffer.alloc(20_000));
    expect((await streamer.closed).code).toBe(1009);
  });
});
