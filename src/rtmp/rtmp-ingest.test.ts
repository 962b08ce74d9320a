import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { StreamDirectory, type StreamDirectoryOptions } from '../media/stream-directory.ts';
import { TestPublisher } from './fixtures/test-publisher.ts';
import type { RtmpIngestOptions } from './options.ts';
import { RtmpIngest, type RtmpIngestEvents } from './rtmp-ingest.ts';

const ffmpeg = programOrSkip('ffmpeg');
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe.skipIf(ffmpeg === undefined)('RtmpIngest with ffmpeg', () => {
  it.each([
    { pace: 'in real time', args: ['-re'] },
    { pace: 'in one burst', args: [] },
  ])('captures 60 of 60 frames sent $pace', async ({ args }) => {
    const { streams, port } = await startIngest();
    const video = collect(streams, 'live/sixty');
    await publishWithFfmpeg(
      port,
      'sixty',
      [...args, '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30'],
      ['-frames:v', '60'],
    );
    expect((await video).frames.video).toBe(60);
  });

  it('keeps sound and picture together and in order', async () => {
    const { streams, port } = await startIngest();
    const stream = collect(streams, 'live/both');
    const inputs = [
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=320x240:rate=30',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440',
    ];
    await publishWithFfmpeg(port, 'both', inputs, ['-t', '2', '-c:a', 'aac']);
    const { frames, dts, codecs } = await stream;
    expect(frames.video).toBe(60);
    expect(frames.audio).toBeGreaterThanOrEqual(85);
    expect(codecs).toEqual(new Set(['none', 'avc1', 'mp4a']));
    expect(dts).toEqual([...dts].sort((a, b) => a - b));
  });

  it('is there again as soon as a publisher has left', async () => {
    const { streams, port } = await startIngest();
    for (let round = 0; round < 3; round++) {
      const stream = collect(streams, 'live/again');
      await publishWithFfmpeg(
        port,
        'again',
        ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=30'],
        ['-frames:v', '10'],
      );
      expect((await stream).frames.video).toBe(10);
    }
  });
});

describe('RtmpIngest: publishers', () => {
  it('takes several at once and keeps them apart', async () => {
    const { streams, port } = await startIngest();
    const names = Array.from({ length: 10 }, (_, index) => `cam-${index}`);
    const collected = names.map((name) => collect(streams, `live/${name}`));
    const publishers = names.map((name) => new TestPublisher(port, name));
    for (const [index, publisher] of publishers.entries()) {
      expect(await publisher.answer()).toBe('NetStream.Publish.Start');
      publisher.frames(10 + index);
    }
    await Promise.all(publishers.map((publisher) => publisher.unpublish()));
    expect((await Promise.all(collected)).map(({ frames }) => frames.video)).toEqual(
      names.map((_, index) => 10 + index),
    );
  });

  it('refuses a second publisher of the same name; the first goes on', async () => {
    const { streams, port, ingest } = await startIngest();
    const rejected = event(ingest, 'rejected');
    const stream = collect(streams, 'live/one');
    const first = new TestPublisher(port, 'one');
    await first.answer();
    const second = new TestPublisher(port, 'one');
    expect(await second.answer()).toBe('NetStream.Publish.BadName');
    expect(await rejected).toMatchObject({ name: 'live/one', reason: 'live/one is being published' });
    first.frames(5);
    await first.unpublish();
    second.drop();
    expect((await stream).frames.video).toBe(5);
  });

  it('refuses a name that another ingest publishes', async () => {
    const { streams, port } = await startIngest();
    streams.publish('live/taken');
    const publisher = new TestPublisher(port, 'taken');
    await publisher.answer();
    while (!publisher.events.some((event) => event.type === 'status')) await once(publisher.socket, 'data');
    expect(publisher.events.at(-1)).toMatchObject({ type: 'status', code: 'NetStream.Publish.BadName' });
    publisher.drop();
  });

  it('lets a stream wait for a publisher whose connection broke', async () => {
    const { streams, port } = await startIngest();
    const first = new TestPublisher(port, 'flaky');
    await first.answer();
    first.frames(3);
    await until(() => streams.get('live/flaky')?.stats().video?.packets === 3);
    const interrupted = new Promise((resolve) => streams.once('interrupted', resolve));
    first.drop();
    await interrupted;
    const stream = collect(streams, 'live/flaky');
    const second = new TestPublisher(port, 'flaky');
    expect(await second.answer()).toBe('NetStream.Publish.Start');
    second.frames(3);
    await second.unpublish();
    const { frames, dts } = await stream;
    expect(frames.video).toBe(6);
    expect(dts).toEqual([...dts].sort((a, b) => a - b));
  });

  it('closes a publisher that fell silent, and its stream waits', async () => {
    const { streams, port, ingest } = await startIngest({ idleTimeoutMs: 100 });
    const failed = event(ingest, 'connectionFailed');
    const publisher = new TestPublisher(port, 'silent');
    await publisher.answer();
    publisher.frames(1);
    expect(await failed).toMatchObject({ code: 'PEER_SILENT', message: expect.stringContaining('100 ms') });
    await until(() => streams.get('live/silent')?.state === 'interrupted');
  });

  it('loses nothing when the main thread is blocked, and answers commands meanwhile', async () => {
    const { streams, port } = await startIngest();
    const stream = collect(streams, 'live/blocked');
    const publisher = new TestPublisher(port, 'blocked');
    await publisher.answer();
    publisher.frames(900, { bytes: 5_000 });
    const endMs = performance.now() + 300;
    while (performance.now() < endMs);
    await publisher.unpublish();
    expect((await stream).frames.video).toBe(900);
  });
});

describe('RtmpIngest: authorize', () => {
  it('decides before Publish.Start, with all that is known of the publisher, and gives the public name', async () => {
    const requests: unknown[] = [];
    const { streams, port } = await startIngest({
      authorize: async (request) => {
        requests.push(request);
        return { allow: true, name: 'public' };
      },
    });
    const publisher = new TestPublisher(port, 'sekrit/key?token=a?b');
    expect(await publisher.answer()).toBe('NetStream.Publish.Start');
    expect(requests).toEqual([
      {
        app: 'live',
        key: 'sekrit/key',
        query: 'token=a?b',
        remoteAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      },
    ]);
    await until(() => streams.get('public') !== undefined);
    publisher.drop();
  });

  it.each([
    { how: 'says no', authorize: () => ({ allow: false, reason: 'expired' }) as const, reason: 'expired' },
    {
      how: 'throws',
      authorize: () => {
        throw new Error('database down');
      },
      reason: 'the server could not decide',
    },
    {
      how: 'takes too long',
      authorize: () => new Promise<never>(() => {}),
      reason: 'the server could not decide',
    },
  ])('refuses a publisher when it $how, without naming the key', async ({ authorize, reason }) => {
    const { streams, port, ingest } = await startIngest({ authorize, authorizeTimeoutMs: 50 });
    const rejected = event(ingest, 'rejected');
    const publisher = new TestPublisher(port, 'sekrit');
    expect(await publisher.answer()).toBe('NetStream.Publish.Denied');
    expect(await rejected).toMatchObject({ name: 'live', reason });
    expect(streams.list()).toEqual([]);
    publisher.drop();
  });

  it('takes no media before the decision', async () => {
    const decision = Promise.withResolvers<{ allow: true }>();
    const { streams, port } = await startIngest({ authorize: () => decision.promise });
    const publisher = new TestPublisher(port, 'early');
    await until(() =>
      publisher.events.some((event) => event.type === 'reply' && event.command === 'createStream'),
    );
    expect(() => publisher.frames(1)).toThrow(/no publish is open/);
    expect(streams.list()).toEqual([]);
    decision.resolve({ allow: true });
    expect(await publisher.answer()).toBe('NetStream.Publish.Start');
    publisher.drop();
  });

  it('forgets a publisher that left before the decision', async () => {
    const decision = Promise.withResolvers<{ allow: true }>();
    const asked = Promise.withResolvers<AbortSignal>();
    const { streams, port } = await startIngest({
      authorize: (_request, { signal }) => {
        asked.resolve(signal);
        return decision.promise;
      },
    });
    const publisher = new TestPublisher(port, 'gone');
    const signal = await asked.promise;
    publisher.drop();
    await until(() => signal.aborted);
    decision.resolve({ allow: true });
    expect(streams.list()).toEqual([]);
  });
});

describe('RtmpIngest: bad peers', () => {
  it.each([
    {
      name: 'a web browser',
      bytes: Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'),
      code: 'PROTOCOL_HANDSHAKE',
    },
    {
      name: 'one that sends noise after the handshake',
      bytes: Buffer.concat([Buffer.from([3]), Buffer.alloc(3072), noise()]),
      code: /^PROTOCOL_/,
    },
  ])('closes $name with a typed error; others do not notice', async ({ bytes, code }) => {
    const { port, ingest, streams } = await startIngest();
    const good = new TestPublisher(port, 'good');
    await good.answer();
    const failed = event(ingest, 'connectionFailed');
    const bad = dial(port);
    bad.write(bytes);
    await once(bad, 'close');
    expect(await failed).toMatchObject({
      code: expect.stringMatching(code),
      remoteAddress: expect.stringContaining('127.0.0.1'),
    });
    const stream = collect(streams, 'live/good');
    good.frames(3);
    await good.unpublish();
    expect((await stream).frames.video).toBe(3);
  });

  it('closes a connection that never finishes its handshake', async () => {
    const { port, ingest } = await startIngest({ handshakeTimeoutMs: 50 });
    const failed = event(ingest, 'connectionFailed');
    const half = dial(port);
    half.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(100)]));
    await once(half, 'close');
    expect(await failed).toMatchObject({ code: 'PEER_SILENT' });
  });

  it('closes connections above the limit and serves the others', async () => {
    const { port, ingest } = await startIngest({ maxConnections: 2 });
    const failed = event(ingest, 'connectionFailed');
    const first = new TestPublisher(port, 'a');
    const second = new TestPublisher(port, 'b');
    await Promise.all([first.answer(), second.answer()]);
    expect(await new TestPublisher(port, 'c').answer()).toBe('closed');
    expect(await failed).toMatchObject({ code: 'OVERFLOW_CONNECTIONS' });
    first.drop();
    second.drop();
  });
});

describe('RtmpIngest: life', () => {
  it('says in one sentence that the port is taken', async () => {
    const server = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { port } = server.address() as { port: number };
    const ingest = new RtmpIngest({ streams: new StreamDirectory(), port });
    const context = { signal: new AbortController().signal, ready() {}, beat() {} };
    await expect(ingest.run(context)).rejects.toMatchObject({
      name: 'ListenError',
      code: 'LISTEN_IN_USE',
      message: `cannot listen on 127.0.0.1:${port}: another program uses that port`,
    });
  });

  it('stops at once, drops its publishers, and opens the same port when it runs again', async () => {
    const { port, stop, running, run, ingest } = await startIngest();
    const publisher = new TestPublisher(port, 'x');
    await publisher.answer();
    stop.abort();
    await running;
    await publisher.closed();
    await run();
    expect(ingest.address?.port).toBe(port);
    const again = new TestPublisher(port, 'x');
    expect(await again.answer()).toBe('NetStream.Publish.Start');
    again.drop();
  });

  it('beats as long as its thread lives', async () => {
    let beats = 0;
    await startIngest({}, {}, () => beats++);
    await until(() => beats >= 3);
  });

  it.each([
    { options: { port: 70_000 }, says: /port must be .* 65535, got 70000/ },
    { options: { streams: {} }, says: /streams must be a StreamDirectory, got an object/ },
    { options: { authorize: 'yes' }, says: /authorize must be a function, got 'yes'/ },
    { options: { maxConnections: 0 }, says: /maxConnections must be .* got 0/ },
    { options: { maxMessageBytes: 1 << 24 }, says: /maxMessageBytes must be .* 16777215, got 16777216/ },
    { options: { idleTimeoutMs: -1 }, says: /idleTimeoutMs must be .* got -1/ },
    { options: { prot: 1935 }, says: /no option 'prot'/ },
  ])('refuses $options', ({ options, says }) => {
    const make = (): RtmpIngest => new RtmpIngest({ streams: new StreamDirectory(), ...options } as never);
    expect(make).toThrow(says);
    expect(make).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

async function startIngest(
  options: Partial<RtmpIngestOptions> = {},
  directory: StreamDirectoryOptions = {},
  beat: () => void = () => {},
) {
  const streams = new StreamDirectory(directory);
  const ingest = new RtmpIngest({ streams, port: 0, ...options });
  const run = async () => {
    const stop = new AbortController();
    const ready = Promise.withResolvers<void>();
    const running = ingest.run({ signal: stop.signal, ready: ready.resolve, beat });
    cleanups.push(() => {
      stop.abort();
      return running;
    });
    await Promise.race([ready.promise, running]);
    return { stop, running };
  };
  const life = await run();
  cleanups.push(() => streams.close());
  return { streams, ingest, port: ingest.address!.port, run, ...life };
}

/** Reads a stream from its start to its end. */
async function collect(streams: StreamDirectory, name: string) {
  const stream = streams.get(name) ?? (await started(streams, name));
  const frames = { video: 0, audio: 0, data: 0 };
  const dts: number[] = [];
  const codecs = new Set<string>();
  for await (const packet of stream.fanout.subscribe({ from: 'oldest' })) {
    codecs.add(packet.codec);
    if (!packet.isFrame) continue;
    frames[packet.kind]++;
    dts.push(packet.dtsMs);
  }
  return { frames, dts, codecs };
}

function started(streams: StreamDirectory, name: string) {
  return new Promise<NonNullable<ReturnType<StreamDirectory['get']>>>((resolve) => {
    const release = streams.on('started', ({ stream }) => {
      if (stream.name !== name) return;
      release();
      resolve(stream);
    });
  });
}

async function publishWithFfmpeg(
  port: number,
  key: string,
  inputs: readonly string[],
  limits: readonly string[],
) {
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p'];
  const url = `rtmp://127.0.0.1:${port}/live/${key}`;
  const child = spawn(ffmpeg!, [
    '-nostdin',
    '-loglevel',
    'error',
    ...inputs,
    ...limits,
    ...encoder,
    '-f',
    'flv',
    url,
  ]);
  cleanups.push(() => child.kill('SIGKILL'));
  let words = '';
  child.stderr.on('data', (text) => {
    words += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, words }).toMatchObject({ code: 0 });
}

function event<Name extends keyof RtmpIngestEvents>(
  ingest: RtmpIngest,
  name: Name,
): Promise<RtmpIngestEvents[Name][0]> {
  return new Promise((resolve) => ingest.once(name, resolve as never));
}

function dial(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.resume();
  cleanups.push(() => socket.destroy());
  return socket;
}

function noise(): Buffer {
  // Starts with a chunk of a fresh stream without a header to repeat, so that it is noise whatever follows.
  return Buffer.concat([Buffer.from([0xc5]), randomBytes(1 << 20)]);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
