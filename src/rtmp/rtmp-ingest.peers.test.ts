import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { joinBytes } from '../codec/bytes.ts';
import { Encoder } from '../codec/test-support.ts';
import { cleanUp, collect, dial, event, startIngest, until } from './fixtures/ingest-under-test.ts';
import { TestPublisher } from './fixtures/test-publisher.ts';

afterEach(cleanUp);

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

  it('closes a connection that sends its handshake byte by byte', async () => {
    const { port, ingest } = await startIngest({ handshakeTimeoutMs: 100 });
    const failed = event(ingest, 'connectionFailed');
    const slow = dial(port);
    slow.write(Uint8Array.of(3));
    const trickle = setInterval(() => slow.write(Uint8Array.of(0)), 10);
    await once(slow, 'close');
    clearInterval(trickle);
    expect(await failed).toMatchObject({
      code: 'PEER_SILENT',
      message: 'the peer did not publish within 100 ms',
    });
  });

  it('closes a connection that does not publish again', async () => {
    const { port, ingest } = await startIngest({ handshakeTimeoutMs: 100, idleTimeoutMs: 60_000 });
    const failed = event(ingest, 'connectionFailed');
    const publisher = new TestPublisher(port, 'once');
    await publisher.answer();
    publisher.session.close();
    publisher.flush();
    await publisher.closed();
    expect(await failed).toMatchObject({ message: 'the peer did not publish within 100 ms' });
  });

  it('closes one that asks and does not read, and says why', async () => {
    const { port, ingest } = await startIngest();
    const failed = event(ingest, 'connectionFailed');
    const encoder = new Encoder();
    const deaf = dial(port);
    deaf.pause();
    deaf.write(joinBytes([encoder.hello(), encoder.connect()]));
    const call = encoder.command(0, 'unknown', 9, null);
    const calls = joinBytes(Array.from({ length: 1000 }, () => call));
    let isClosed = false;
    void failed.then(() => {
      isClosed = true;
    });
    await until(() => {
      if (deaf.writableLength < 1 << 20) deaf.write(calls);
      return isClosed;
    });
    expect(await failed).toMatchObject({
      code: 'PROTOCOL_COMMAND',
      message: expect.stringContaining('replies'),
    });
  });

  it('starts no stream for one that breaks the protocol with its publish', async () => {
    const { port, ingest, streams } = await startIngest();
    const started: string[] = [];
    streams.on('started', ({ stream }) => void started.push(stream.name));
    const failed = event(ingest, 'connectionFailed');
    const bad = dial(port);
    bad.write(joinBytes([new Encoder().opening(), Uint8Array.of(0xff)]));
    expect(await failed).toMatchObject({ code: 'PROTOCOL_CHUNK' });
    const good = new TestPublisher(port, 'good');
    await good.answer();
    await until(() => started.length > 0);
    expect(started).toEqual(['live/good']);
    good.drop();
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

function noise(): Buffer {
  // Starts with a chunk of a fresh stream without a header to repeat, so that it is noise whatever follows.
  return Buffer.concat([Buffer.from([0xc5]), randomBytes(1 << 20)]);
}
