import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { flvFileHeader } from '../codec/flv.ts';
import type { StreamDirectory } from '../media/stream-directory.ts';
import { tagOf } from '../media/test-support.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { WebSocketBroadcastOptions } from './options.ts';
import { eventually, TestSite } from './test-support.ts';
import { WebSocketBroadcast } from './websocket-broadcast.ts';

type Publication = NonNullable<ReturnType<StreamDirectory['publish']>>;

const { metadata, videoHeader, audioHeader, keyframe, frame, audio } = tagOf;
const sites: TestSite[] = [];

afterEach(async () => {
  for (const site of sites.splice(0)) await site[Symbol.asyncDispose]();
});

describe('what a viewer gets', () => {
  it('is the FLV header, the headers of the stream and the newest keyframe first, then everything', async () => {
    const { site, write } = await live();
    write(metadata(), videoHeader(), audioHeader(), keyframe(0), frame(40), keyframe(80), audio(90));
    const { received } = await site.watch();
    await received.until('audio 90');
    write(frame(120), audio(130));
    await received.until('audio 130');
    expect(received.bytes.subarray(0, 13)).toEqual(Buffer.from(flvFileHeader({ audio: true, video: true })));
    expect(received.names).toEqual([
      ...['data header 1', 'video header 1', 'audio header 1'],
      ...['keyframe 80', 'audio 90', 'video 120', 'audio 130'],
    ]);
  });

  it.each([
    { name: 'picture only', tags: [videoHeader(), keyframe(0)], flags: { audio: false, video: true } },
    { name: 'sound only', tags: [audioHeader(), audio(0)], flags: { audio: true, video: false } },
    { name: 'both', tags: [audioHeader(), videoHeader(), keyframe(0)], flags: { audio: true, video: true } },
  ])('promises in its FLV header what the stream has: $name', async ({ tags, flags }) => {
    const { site, write } = await live();
    const early = await site.watch();
    write(...tags);
    const late = await site.fetch();
    for (const { received } of [early, late]) {
      await eventually(() => received.names.length > 0);
      expect(received.bytes.subarray(0, 13)).toEqual(Buffer.from(flvFileHeader(flags)));
    }
  });

  it('is the same bytes for everybody, by WebSocket and by HTTP', async () => {
    const { site, write } = await live();
    write(videoHeader(), keyframe(0, 50_000));
    const viewers = await Promise.all([site.watch(), site.watch(), site.fetch(), site.fetch()]);
    for (const { received } of viewers) await received.until('keyframe 0');
    for (let index = 1; index < 50; index++)
      write(index % 10 ? frame(40 * index, 5_000) : keyframe(40 * index));
    for (const { received } of viewers) await received.until('video 1960');
    const [first, ...others] = viewers.map(({ received }) => received.bytes);
    for (const other of others) expect(other.equals(first!)).toBe(true);
    const sent = site.broadcast.viewers().map(({ transport, bytesSent }) => [transport, bytesSent]);
    expect(sent.slice(2)).toEqual(Array(2).fill(['http', first!.length]));
    expect(sent[0]).toEqual(sent[1]); // A WebSocket's frames have heads.
  });

  it('goes on in the same connection when the publisher is lost and comes back', async () => {
    const { site, clock, publication, write } = await live();
    write(videoHeader(1), keyframe(0));
    const viewers = [await site.watch(), await site.fetch()];
    for (const { received } of viewers) await received.until('keyframe 0');
    publication.end('lost');
    await clock.advance(9_000);
    const second = site.streams.publish('live/camera')!;
    for (const tag of [videoHeader(2), keyframe(0), frame(40)]) second.write(tag);
    for (const { received } of viewers) {
      await received.until('video 80');
      expect(received.names.slice(2)).toEqual(['video header 2', 'keyframe 40', 'video 80']);
    }
  });

  it('is the end of the connection when the stream ends, after the last packet', async () => {
    const { site, clock, publication, write } = await live();
    write(keyframe(0));
    const [socket, http] = [await site.watch(), await site.fetch()];
    for (const { received } of [socket, http]) await received.until('keyframe 0');
    write(frame(40));
    publication.end('unpublished');
    expect(await socket.closed).toEqual({ code: 1000, reason: 'stream ended' });
    expect(await http.closed).toEqual({ isComplete: true });
    expect([socket.received.names, http.received.names]).toEqual(Array(2).fill(['keyframe 0', 'video 40']));
    await eventually(() => site.broadcast.viewers().length === 0);
    expect([publication.stream.fanout.subscribers.size, clock.timers]).toEqual([0, 0]);
  });
});

describe('an answer', () => {
  it.each([
    { method: 'HEAD', path: '/live/camera.flv', status: 200 },
    { method: 'HEAD', path: '/live/other.flv', status: 404 },
    { method: 'GET', path: '/live/other.flv', status: 404 },
    { method: 'GET', path: '/.flv', status: 404 },
    { method: 'GET', path: '/%zz.flv', status: 404 },
    { method: 'GET', path: '/odd%zz.flv', status: 404 },
    { method: 'HEAD', path: '/odd%25zz.flv', status: 200 },
    { method: 'HEAD', path: '/live%2Fcamera.flv?token=a.flv', status: 200 },
    { method: 'POST', path: '/live/camera.flv', status: 405 },
    { method: 'GET', path: '/live/camera', status: 418 },
    { method: 'GET', path: '/?name=live/camera.flv', status: 418 },
  ])('to $method $path is $status', async ({ method, path, status }) => {
    const { site } = await live();
    site.streams.publish('odd%zz');
    const answer = await site.ask(method, path);
    expect([answer.status, answer.body]).toEqual([status, '']);
    expect(site.broadcast.viewers()).toEqual([]);
  });

  it('says what it carries and which methods there are', async () => {
    const { site } = await live();
    expect((await site.ask('HEAD', '/live/camera.flv')).headers).toMatchObject({
      'content-type': 'video/x-flv',
      'cache-control': 'no-store',
    });
    expect((await site.ask('PUT', '/live/camera.flv')).headers.allow).toBe('GET, HEAD');
  });

  it.each([
    { path: '/live/other.flv', says: '404' },
    { path: '/%zz.flv', says: '404' },
    { path: '/live/camera', says: 'socket hang up' },
  ])('to a WebSocket for $path is "$says"', async ({ path, says }) => {
    const { site } = await live();
    await expect(site.watch(path)).rejects.toThrow(says);
    expect(site.broadcast.viewers()).toEqual([]);
  });

  it('is 503 while there are as many viewers as allowed', async () => {
    const { site, write } = await live({ maxViewers: 2 });
    write(keyframe(0));
    const [first] = [await site.watch(), await site.fetch()];
    expect((await site.ask('GET', '/live/camera.flv')).status).toBe(503);
    await expect(site.watch()).rejects.toThrow('503');
    first.socket.close();
    await eventually(() => site.broadcast.viewers().length === 1);
    await (await site.watch()).received.until('keyframe 0');
  });

  it('leaves no connection behind when it refuses a WebSocket, even if the client keeps its side open', async () => {
    const { site } = await live();
    const accepted = once(site.server, 'connection');
    const stubborn = connect({ port: site.port, allowHalfOpen: true });
    stubborn
      .resume()
      .write('GET /no.flv HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    const [socket] = (await accepted) as [Socket];
    await once(socket, 'close');
    stubborn.destroy();
    expect(socket.destroyed).toBe(true);
  });

  it('is given to nobody when the connection has gone before', async () => {
    const { site, clock, write } = await live();
    write(keyframe(0));
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = get({
      port: (server.address() as AddressInfo).port,
      path: '/live/camera.flv',
      agent: false,
    });
    asked.on('error', () => {});
    const [message, response] = (await once(server, 'request')) as [never, ServerResponse];
    asked.destroy();
    await once(response, 'close');
    expect(site.broadcast.handleRequest(message, response)).toBe(true);
    server.close();
    expect([site.broadcast.viewers().length, site.subscribers, clock.timers]).toEqual([0, 0, 0]);
  });
});

describe('a broadcast', () => {
  it('tells who joined and who left, with the numbers of the end', async () => {
    const { site, write } = await live();
    const diary: unknown[] = [];
    site.broadcast.on('joined', ({ viewer }) => void diary.push(viewer));
    site.broadcast.on('left', ({ viewer, reason }) => void diary.push({ ...viewer, reason }));
    const { received, response } = await site.fetch();
    write(keyframe(0), frame(40));
    await received.until('video 40');
    response.destroy();
    await eventually(() => diary.length === 2);
    const who = { id: 1, transport: 'http', protocol: 'flv', address: '127.0.0.1', skipped: 0, lagMs: 0 };
    expect(diary).toMatchObject([
      { ...who, delivered: 0, bytesSent: 0, streams: [{ stream: 'live/camera', id: 1 }] },
      { ...who, delivered: 2, bytesSent: received.bytes.length, reason: 'closed' },
    ]);
  });

  it('forgets viewers who leave, however they do, timers and all', async () => {
    const { site, clock, write } = await live();
    write(keyframe(0));
    const [polite, rude, http] = [await site.watch(), await site.watch(), await site.fetch()];
    expect([site.broadcast.viewers().length, site.subscribers]).toEqual([3, 3]);
    polite.socket.close();
    rude.socket.terminate();
    await eventually(() => site.broadcast.viewers().length === 1);
    expect([site.subscribers, site.broadcast.viewers()[0]?.transport]).toEqual([1, 'http']);
    http.response.destroy();
    await eventually(() => site.broadcast.viewers().length === 0);
    expect([site.subscribers, clock.timers]).toEqual([0, 0]);
  });

  it('closes the connection of a viewer that sends too much, and no other', async () => {
    const { site, write } = await live();
    write(keyframe(0));
    const [loud, chatty] = [await site.watch(), await site.watch()];
    loud.socket.send('x'.repeat(4_097));
    chatty.socket.send('x'.repeat(4_096));
    expect((await loud.closed).code).toBe(1009);
    await eventually(() => site.broadcast.viewers().length === 1);
    write(frame(40));
    await chatty.received.until('video 40');
  });

  it('drops a viewer that does not answer a ping, and keeps one that does', async () => {
    const { site, clock } = await live();
    const ends: string[] = [];
    site.broadcast.on('left', ({ viewer, reason }) => void ends.push(`${viewer.id} ${reason}`));
    const mute = await site.watch(undefined, { autoPong: false });
    const { socket } = await site.watch();
    for (let round = 0; round < 3; round++) {
      const pinged = once(socket, 'ping');
      await clock.advance(45_000);
      await pinged;
      socket.ping();
      await once(socket, 'pong'); // Sent behind our own pong, so that one has been handled.
    }
    expect((await mute.closed).code).toBe(1006);
    expect(ends).toEqual(['1 unresponsive']);
    expect(site.broadcast.viewers().map(({ id }) => id)).toEqual([2]);
  });

  it.each([
    { options: { streams: undefined }, says: /streams must be a StreamDirectory, got undefined/ },
    { options: { maxViewers: 0 }, says: /maxViewers must be .* got 0/ },
    { options: { stallTimeoutMs: 0 }, says: /stallTimeoutMs must be .* got 0/ },
    { options: { pingIntervalMs: Number.NaN }, says: /pingIntervalMs must be .* got NaN/ },
    { options: { port: 80 }, says: /no option 'port'/ },
    { options: { viewersPath: 'viewers' }, says: /viewersPath must be a path that begins with '\/'/ },
    { options: { streamersPath: '/streamers' }, says: /streamersPath must be a path that begins and ends/ },
    { options: { origins: 'all' }, says: /origins must be 'same', 'any' or a list of origins, got/ },
    { options: { origins: ['example.com'] }, says: /origins: "example.com" is no origin/ },
    { options: { streamers: { maxFrames: 1 } }, says: /no option 'maxFrames'/ },
    { options: { authorize: true }, says: /authorize must be a function/ },
    { options: { quality: 'low' }, says: /quality must be/ },
  ])('refuses $options', ({ options, says }) => {
    const { streams } = new TestSite(new ManualClock());
    expect(() => new WebSocketBroadcast({ streams, ...options } as never)).toThrow(says);
  });
});

async function live(options: Partial<WebSocketBroadcastOptions> = {}) {
  const clock = new ManualClock();
  const site = await new TestSite(clock, options).listen();
  sites.push(site);
  const publication: Publication = site.streams.publish('live/camera')!;
  const write = (...tags: readonly Uint8Array<ArrayBuffer>[]): void => {
    for (const tag of tags) publication.write(tag);
  };
  return { site, clock, publication, write };
}
