import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamDirectory } from '../media/stream-directory.ts';
import { cleanUp, collect, event, onCleanUp, startIngest, until } from './fixtures/ingest-under-test.ts';
import { TestPublisher } from './fixtures/test-publisher.ts';
import { RtmpIngest } from './rtmp-ingest.ts';

afterEach(cleanUp);

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

describe('RtmpIngest: life', () => {
  it('says in one sentence that the port is taken', async () => {
    const server = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    onCleanUp(() => server.close());
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
