import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { images } from './fixtures/images.ts';
import { StreamerSite, until } from './fixtures/streamer-test-support.ts';

const { jpeg } = images;

describe('a conversation with a streamer', () => {
  it('answers a ping with its own mark, and nothing that is no mark', async () => {
    await using site = new StreamerSite();
    const client = await site.connect();
    for (const t of [7, 'x'.repeat(65), { a: 1 }, 'x'.repeat(64)]) client.say({ type: 'ping', t });
    await client.sync();
    const marks = client.answersOf('pong').map(({ t }) => t);
    expect(marks).toEqual([7, 'x'.repeat(64), 'sync 1']);
    expect(client.answersOf('pong')[0]).toEqual({ type: 'pong', t: 7, wall_ms: 1_000_000 });
  });

  it('reports progress every 10 s', async () => {
    await using site = new StreamerSite({ options: { frozenTimeoutMs: 60_000, receiveTimeoutMs: 60_000 } });
    const client = await site.publish();
    client.spoil();
    await client.sync();
    site.streams.get('live/cam')!.fanout.subscribe({ from: 'live' });
    await site.clock.advance(20_000);
    const line = { streamer: 1, stream: 'live/cam', frames: 1, rejected: 1, skipped: 0, fps: 0, viewers: 1 };
    expect(site.logged('streamer progress')).toEqual([
      { level: 'info', message: 'streamer progress', ...line, lastFrameAgeMs: 10_000 },
      { level: 'info', message: 'streamer progress', ...line, lastFrameAgeMs: 20_000 },
    ]);
  });

  it('pings both ways after 10 s of silence, and warns', async () => {
    await using site = new StreamerSite({ options: { frozenTimeoutMs: 60_000 } });
    const client = await site.publish();
    await site.clock.advance(9_000);
    await client.sync(); // Says something.
    await site.clock.advance(9_999);
    expect([client.answersOf('ping'), site.logged('streamer is silent')]).toEqual([[], []]);
    const pinged = once(client.socket, 'ping');
    await site.clock.advance(1);
    await pinged;
    await until(() => client.answersOf('ping').length === 1);
    expect(client.answersOf('ping')).toEqual([{ type: 'ping', t: 1_019_000 }]);
    expect(site.logged('streamer is silent')).toEqual([
      expect.objectContaining({ level: 'warn', stream: 'live/cam', receiveTimeoutMs: 10_000, frames: 1 }),
    ]);
  });

  it('ends a stream without a valid picture for 15 s as frozen, whatever else comes', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    for (let round = 0; round < 3; round++) {
      await site.clock.advance(4_999);
      client.spoil();
      await client.sync();
    }
    expect(site.diary).toEqual(['started live/cam']);
    await site.clock.advance(3);
    expect(site.diary).toEqual(['started live/cam', 'ended live/cam: frozen']);
    expect((await client.closed).code).toBe(4002);
    expect(client.answers.at(-1)).toEqual({
      type: 'error',
      code: 'frozen',
      message: 'no valid picture for 15000 ms',
    });
    await until(() => site.ends.length > 0);
    expect([site.ends, site.clock.timers]).toEqual([['1 frozen'], 0]);
  });

  it('ends for who never sends a picture', async () => {
    await using site = new StreamerSite();
    const client = await site.connect();
    await site.clock.advance(15_000);
    expect((await client.closed).code).toBe(4002);
    await until(() => site.ends.length > 0);
    expect([site.diary, site.ends, site.clock.timers]).toEqual([[], ['1 frozen'], 0]);
  });

  it('goes on as long as pictures come', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    for (let round = 0; round < 20; round++) {
      await site.clock.advance(14_000);
      client.show(jpeg);
      await client.sync();
    }
    expect([site.diary, site.streamers[0]!.stats().framesAccepted]).toEqual([['started live/cam'], 21]);
  });

  it('is lost when a ping every 45 s stays unanswered', async () => {
    const options = { frozenTimeoutMs: 1_000_000, receiveTimeoutMs: 1_000_000 };
    await using site = new StreamerSite({ options });
    const [mute, alive] = [await site.publish('a', { autoPong: false }), await site.publish('b')];
    const pinged = [once(mute.socket, 'ping'), once(alive.socket, 'ping')];
    await site.clock.advance(45_000);
    await Promise.all(pinged);
    alive.socket.ping();
    await once(alive.socket, 'pong'); // Sent behind its own pong, so that one has been handled.
    await site.clock.advance(45_000);
    expect((await mute.closed).code).toBe(1006);
    await until(() => site.ends.length > 0);
    expect(site.ends).toEqual(['1 unresponsive']);
    expect(site.diary).toEqual(['started a', 'started b', 'interrupted a']);
  });

  it('is lost when the streamer reads no answers', async () => {
    await using site = new StreamerSite();
    const client = await site.publish();
    client.socket.pause();
    const [connection] = site.connections;
    while (connection!.bufferedAmount <= 64 << 10) connection!.send(new Uint8Array(1 << 20));
    client.spoil();
    await until(() => site.ends.length > 0);
    expect([site.ends, site.diary.at(-1), site.clock.timers]).toEqual([
      ...[['1 unresponsive'], 'interrupted live/cam', 1],
    ]);
  });
});
