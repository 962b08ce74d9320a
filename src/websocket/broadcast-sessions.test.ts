import { describe, expect, it } from 'vitest';
import { tagOf } from '../media/test-support.ts';
import { eventually, liveSite } from './test-support.ts';

const { videoHeader, keyframe, frame } = tagOf;

describe('the welcome', () => {
  it('is the first message and names all streams; headers and the newest group of pictures follow', async () => {
    await using live = await liveSite();
    live.write(videoHeader(), keyframe(0), frame(40), keyframe(80), frame(120));
    live.site.streams.publish('live/door')!.end('lost');
    const viewer = await live.site.join('?stream=live/camera');
    await viewer.until('1 video 120');
    expect(viewer.said[0]).toEqual({
      ...{ type: 'viewer_connected', viewer_id: 1, ping_interval_ms: 45_000 },
      active_streams: [
        { stream: 'live/camera', id: 1, state: 'live', video: 'avc1', audio: null },
        { stream: 'live/door', id: 2, state: 'interrupted', video: null, audio: null },
      ],
    });
    expect(viewer.diary).toEqual([
      ...['viewer_connected', '1 video header 1', '1 keyframe 80', '1 video 120'],
    ]);
  });

  it('leaves no hole: what begins and comes while somebody joins is told and sent', async () => {
    await using live = await liveSite();
    live.write(videoHeader(), keyframe(0));
    live.site.broadcast.on('joined', () => {
      live.site.streams.publish('live/new')!.write(keyframe(7));
      live.write(frame(40));
    });
    const viewer = await live.site.join('?stream=*');
    await viewer.until('2 keyframe 7');
    await viewer.until('1 video 40');
    expect(viewer.said[0]).toMatchObject({ active_streams: [{ id: 1 }, { id: 2 }] });
    expect(viewer.diary.filter((line) => line === '1 keyframe 0')).toHaveLength(1);
    expect(viewer.diary).not.toContain('stream_started');
  });
});

describe('the welcome of many streams', () => {
  it('may be longer than what is kept for a viewer that does not read', async () => {
    await using live = await liveSite();
    for (let count = 1; count < 990; count++) live.site.streams.publish(`live/${'x'.repeat(245)}${count}`);
    const viewer = await live.site.join();
    await viewer.barrier();
    expect(viewer.said[0]!.active_streams).toHaveLength(990);
  });
});

describe('what happens to streams', () => {
  it('is told to every viewer, whatever it follows', async () => {
    await using live = await liveSite();
    const viewers = [await live.site.join(), await live.site.join('?stream=live/camera')];
    live.publication.end('lost');
    live.site.streams.publish('live/camera')!.end('unpublished');
    live.site.streams.publish('live/camera');
    for (const viewer of viewers) {
      await viewer.until('stream_started');
      expect(viewer.said.slice(1).filter(({ type }) => type !== 'clock')).toEqual([
        { type: 'stream_interrupted', stream: 'live/camera', id: 1 },
        { type: 'stream_resumed', stream: 'live/camera', id: 1 },
        { type: 'stream_ended', stream: 'live/camera', id: 1, reason: 'unpublished' },
        { type: 'stream_started', stream: 'live/camera', id: 2 },
      ]);
    }
  });

  it('comes in order: the last packet, the end, the start of the next run, its first packet', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join('?stream=live/camera');
    live.write(keyframe(0));
    await viewer.until('1 keyframe 0');
    live.write(frame(40));
    live.publication.end('unpublished');
    live.site.streams.publish('live/camera')!.write(keyframe(0));
    await viewer.until('2 keyframe 0');
    expect(viewer.diary.slice(1)).toEqual([
      ...['1 keyframe 0', '1 video 40', 'stream_ended', 'stream_started', '2 keyframe 0'],
    ]);
  });

  it('follows a name that does not exist yet, and forgets it when told so', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join();
    viewer.say({ type: 'follow', stream: 'live/later' });
    viewer.say({ type: 'follow', stream: 'live/never' });
    viewer.say({ type: 'unfollow', stream: 'live/never' });
    await viewer.barrier();
    live.site.streams.publish('live/never')!.write(keyframe(0));
    live.site.streams.publish('live/later')!.write(keyframe(1));
    await viewer.until('3 keyframe 1');
    expect(viewer.diary).not.toContain('2 keyframe 0');
  });

  it('listens to the directory only while somebody follows by messages', async () => {
    await using live = await liveSite();
    const viewers = [await live.site.join(), await live.site.join()];
    expect(live.site.streams.listenerCount('ended')).toBe(1);
    for (const { socket } of viewers) socket.close();
    await eventually(() => live.site.broadcast.viewers().length === 0);
    expect(live.site.streams.listenerCount('ended')).toBe(0);
    expect(live.clock.timers).toBe(0);
  });
});

describe('a viewer by messages', () => {
  it('is asked for a sign of life in both ways, and answered', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join();
    await live.clock.advance(45_000);
    await viewer.until('ping');
    viewer.say({ type: 'pong', t: viewer.last('ping')?.t });
    viewer.say({ type: 'ping', t: 'mine' });
    await viewer.until('pong');
    expect(viewer.last('pong')).toEqual({ type: 'pong', t: 'mine', wall_ms: live.clock.wallMs() });
    await live.clock.advance(45_000);
    expect(live.site.broadcast.viewers()).toHaveLength(1);
  });

  it('is dropped when it gives no sign of life, with one line for all who are', async () => {
    await using live = await liveSite();
    for (let index = 0; index < 3; index++) await live.site.join('', { autoPong: false });
    const lively = await live.site.join();
    await live.clock.advance(44_000);
    lively.say({ type: 'ping', t: 1 });
    await lively.until('pong');
    await live.clock.advance(1_000);
    lively.say({ type: 'ping', t: 2 });
    await lively.barrier();
    await live.clock.advance(45_000);
    await eventually(() => live.site.broadcast.viewers().length === 1);
    await live.clock.advance(1_000);
    expect(live.lines).toContainEqual({ message: 'viewers dropped', unresponsive: 3, remaining: 1 });
  });

  it('tells how it goes', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join('?stream=live/camera');
    live.write(videoHeader(), keyframe(0), frame(40));
    await viewer.until('1 video 40');
    await eventually(() => live.site.broadcast.viewers()[0]?.unacknowledgedBytes === 0);
    expect(live.site.broadcast.viewers()).toMatchObject([
      {
        ...{ id: 1, transport: 'websocket', protocol: 'spillway.v1', address: '127.0.0.1' },
        ...{ offered: 3, delivered: 3, skipped: 0, lossPercent: 0, gaps: 0, latenessMs: null },
        streams: [{ stream: 'live/camera', id: 1, delivered: 3, quality: 'full', every: 1 }],
      },
    ]);
  });

  it('hears of the progress of all every 10 s in the log, while there is somebody', async () => {
    await using live = await liveSite();
    const viewer = await live.site.join('?stream=live/camera');
    live.write(keyframe(0));
    await viewer.until('1 keyframe 0');
    await live.clock.advance(20_000);
    const progress = { message: 'broadcast progress', viewers: 1, delivered: 1, skipped: 0 };
    expect(live.lines.filter(({ message }) => message === 'broadcast progress')).toEqual([
      { ...progress, bytesSent: expect.any(Number), longestLagMs: 0 },
      { ...progress, bytesSent: expect.any(Number), longestLagMs: 0 },
    ]);
  });

  it('gets pictures as JSON when it asks for that', async () => {
    await using live = await liveSite({ streamers: {} });
    const viewer = await live.site.join('?stream=*&images=json', { speaks: 'json' });
    const streamer = await live.site.publish('/streamers/door');
    streamer.socket.send(live.jpeg);
    await viewer.until('frame');
    expect(viewer.last('frame')).toMatchObject({
      ...{ stream: 'door', frame: `data:image/jpeg;base64,${live.jpeg.toString('base64')}` },
    });
    expect(live.site.broadcast.viewers()[0]?.protocol).toBe('json');
  });
});
