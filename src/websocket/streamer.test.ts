import { describe, expect, it } from 'vitest';
import { images } from './fixtures/images.ts';
import { StreamerSite, until } from './fixtures/streamer-test-support.ts';
import { readImageTag } from './image-tag.ts';

const { jpeg, png, lossyWebp } = images;

describe('a streamer', () => {
  it('is greeted with what it must know', async () => {
    await using site = new StreamerSite({ options: { maxFrameBytes: 5_000, pingIntervalMs: 1_234 } });
    const client = await site.connect();
    expect(client.answers).toEqual([
      { type: 'streamer_connected', stream: 'live/cam', ping_interval_ms: 1_234, max_frame_bytes: 5_000 },
    ]);
  });

  it('begins its stream with the first valid picture, not before', async () => {
    await using site = new StreamerSite();
    const client = await site.connect();
    client.spoil();
    await client.sync();
    expect([site.diary, site.streamers[0]!.stats().state]).toEqual([[], 'waiting']);
    client.show(jpeg);
    await client.sync();
    expect([site.diary, site.streamers[0]!.stats().state]).toEqual([['started live/cam'], 'live']);
  });

  it('sends files and data URLs of every kind, and the viewers get the same bytes in the same order', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    const viewer = site.streams.get('live/cam')!.fanout.subscribe({ from: 'oldest' });
    client.showUrl(png);
    client.show(lossyWebp);
    client.showUrl(jpeg);
    await client.sync();
    const files = Array.from({ length: 4 }, () => readImageTag(viewer.read()!.tag));
    expect(files).toEqual([jpeg, png, lossyWebp, jpeg].map(({ type, bytes }) => ({ type, bytes })));
    expect(client.answersOf('frame_rejected')).toEqual([]);
  });

  it('gives its pictures the times of its own clock, or those of their arrival, from 0 on', async () => {
    await using site = new StreamerSite();
    const client = await site.connect();
    const steps = [5_000, 5_033, undefined, 5_100, 'soon', Number.MAX_VALUE];
    for (const timestampMs of steps) {
      client.showUrl(jpeg, timestampMs);
      await client.sync();
      await site.clock.advance(40);
    }
    expect(site.pictures()).toEqual(['jpeg 0', 'jpeg 33', 'jpeg 80', 'jpeg 100', 'jpeg 160', 'jpeg 200']);
  });

  it('has numbers to show', async () => {
    await using site = new StreamerSite();
    const client = await site.connect();
    const [streamer] = site.streamers;
    expect(streamer!.stats()).toEqual({
      ...{
        id: 1,
        stream: 'live/cam',
        state: 'waiting',
        framesAccepted: 0,
        framesRejected: {},
        framesSkipped: 0,
      },
      ...{ errorsInRow: 0, bytes: 0, fps: 0, lastFrameAgeMs: null, type: null, width: null, height: null },
    });
    for (let count = 0; count < 50; count++) {
      client.show(jpeg);
      await client.sync();
      await site.clock.advance(40);
    }
    client.show(png);
    client.spoil(2);
    client.showUrl({ ...png, type: 'jpeg' });
    await client.sync();
    await site.clock.advance(10);
    expect(streamer!.stats()).toEqual({
      ...{ id: 1, stream: 'live/cam', state: 'live', framesAccepted: 51, framesSkipped: 0, errorsInRow: 3 },
      framesRejected: { 'unknown-type': 2, 'type-mismatch': 1 },
      ...{
        bytes: 50 * jpeg.bytes.length + png.bytes.length,
        fps: expect.closeTo(25, -1),
        lastFrameAgeMs: 10,
      },
      ...{ type: 'png', width: 24, height: 8 },
    });
  });
});

describe('what a streamer should not send', () => {
  it('is refused with a reason, skipped and counted, and a good picture clears the row', async () => {
    await using site = new StreamerSite({ options: { maxFrameBytes: 1_024 } });
    const client = await site.publish();
    client.socket.send(new Uint8Array(0));
    client.socket.send(new Uint8Array(1_025));
    client.socket.send(jpeg.bytes.subarray(0, 100));
    client.show(jpeg);
    client.say({ type: 'frame', frame: 'data:image/gif;base64,R0lGODlh' });
    await client.sync();
    const rejected = (code: string, message: unknown, errors_in_row: number) => ({
      ...{ type: 'frame_rejected', code, message, errors_in_row },
    });
    expect(client.answersOf('frame_rejected')).toEqual([
      rejected('empty', 'the picture has no bytes', 1),
      rejected('too-large', 'a picture of 1025 bytes, limit 1024', 2),
      rejected('truncated', expect.stringContaining('100 bytes'), 3),
      rejected('unknown-type', expect.stringContaining('image/gif'), 1),
    ]);
    expect(site.streamers[0]!.stats()).toMatchObject({
      framesAccepted: 2,
      framesRejected: { empty: 1, 'too-large': 1, truncated: 1, 'unknown-type': 1 },
    });
    expect(site.pictures()).toHaveLength(2);
  });

  it.each([
    { name: 'no JSON', text: 'hello' },
    { name: 'a list', text: '[]' },
    { name: 'a frame without a picture', text: '{"type":"frame"}' },
    { name: 'a frame that is a number', text: '{"type":"frame","frame":7}' },
  ])('is refused as a bad message: $name', async ({ text }) => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.socket.send(text);
    await client.sync();
    expect(client.answersOf('frame_rejected')).toEqual([
      expect.objectContaining({ code: 'bad-message', errors_in_row: 1 }),
    ]);
  });

  it('ends the connection and the stream after ten refusals in a row, with the reason', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.spoil(9);
    client.show(jpeg);
    client.spoil(9);
    await client.sync();
    expect(site.streamers[0]!.stats()).toMatchObject({ state: 'live', errorsInRow: 9 });
    client.spoil(1);
    client.show(jpeg);
    expect(await client.closed).toEqual({ code: 4001, reason: 'rejected' });
    expect(client.answers.slice(-2)).toEqual([
      expect.objectContaining({ type: 'frame_rejected', errors_in_row: 10 }),
      { type: 'error', code: 'too-many-errors', message: '10 refused pictures in a row' },
    ]);
    expect(site.diary).toEqual(['started live/cam', 'ended live/cam: rejected']);
    await until(() => site.ends.length > 0);
    expect([site.ends, site.streamers[0]!.stats().framesAccepted]).toEqual([['1 rejected'], 2]);
  });

  it('is warned of in the log at most once a second, with the context', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.spoil(5);
    await client.sync();
    await site.clock.advance(1_000);
    client.spoil(1);
    await client.sync();
    expect(site.logged('picture refused')).toEqual([
      expect.objectContaining({
        level: 'warn',
        streamer: 1,
        stream: 'live/cam',
        code: 'unknown-type',
        rejected: 1,
      }),
      expect.objectContaining({ level: 'warn', frames: 1, rejected: 6, viewers: 0 }),
    ]);
  });

  it('is skipped without a word when it is only too much', async () => {
    await using site = new StreamerSite({ options: { maxFramesPerSecond: 5 } });
    const client = await site.connect();
    for (let count = 0; count < 8; count++) client.show(jpeg);
    client.showUrl(jpeg);
    await client.sync();
    expect(site.streamers[0]!.stats()).toMatchObject({
      framesAccepted: 5,
      framesSkipped: 4,
      errorsInRow: 0,
    });
    await site.clock.advance(400);
    client.show(jpeg, jpeg, jpeg);
    await client.sync();
    expect(site.streamers[0]!.stats()).toMatchObject({ framesAccepted: 7, framesSkipped: 5 });
    expect(client.answersOf('frame_rejected')).toEqual([]);
  });

  it('ends the connection when it is a flood of other messages', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    for (let count = 0; count < 100; count++) client.say({ type: 'what' });
    expect((await client.closed).code).toBe(1008);
    expect(client.answers.at(-1)).toMatchObject({ type: 'error', code: 'too-many-messages' });
    expect(site.diary.at(-1)).toBe('ended live/cam: rejected');
    await until(() => site.ends.length > 0);
    expect(site.ends).toEqual(['1 flooded']);
  });

  it('costs the connection, not the stream, when a message is above the limit of the connection', async () => {
    await using site = new StreamerSite({ options: { maxFrameBytes: 1_024 } });
    const client = await site.publish();
    client.socket.send(new Uint8Array(10_000));
    expect((await client.closed).code).toBe(1009);
    await until(() => site.ends.length > 0);
    expect([site.ends, site.diary.at(-1)]).toEqual([['1 lost'], 'interrupted live/cam']);
    expect(site.logged('streamer connection failed')).toHaveLength(1);
  });

  it('is ignored when its type is unknown, also when that is the name of something else', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    for (const type of ['constructor', '__proto__', 'viewer_count', 7, null]) client.say({ type });
    await client.sync();
    expect(site.streamers[0]!.stats()).toMatchObject({ state: 'live', errorsInRow: 0 });
  });
});
