import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { joinBytes } from '../codec/bytes.ts';
import { Encoder } from '../codec/test-support.ts';
import { cleanUp, collect, dial, event, startIngest } from './fixtures/ingest-under-test.ts';
import { TestPublisher } from './fixtures/test-publisher.ts';

afterEach(cleanUp);

describe('RtmpIngest under pressure', () => {
  // TCP destroys what is on its way when a peer closes with a reply unread. The ingest says nothing in mid-burst, but it
  // takes 20 ms of silence for the end of one, and a busy machine can hold this thread up for as long. Without that
  // care most attempts fail.
  it('keeps all of a burst whose publisher closes at once and reads no replies', { retry: 2 }, async () => {
    const { streams, port } = await startIngest();
    const stream = collect(streams, 'live/burst');
    const publisher = new TestPublisher(port, 'burst');
    await publisher.answer();
    publisher.socket.pause();
    publisher.frames(1500, { bytes: 10_000 });
    publisher.frames(1500, { bytes: 10_000 });
    publisher.session.close();
    publisher.flush();
    publisher.socket.end(() => publisher.socket.destroy());
    expect((await stream).frames.video).toBe(3000);
  });

  it('loses nothing of a publisher that left while the main thread was blocked', async () => {
    const { ingest, port } = await startIngest();
    const ended = event(ingest, 'unpublish');
    const publisher = new TestPublisher(port, 'left');
    await publisher.answer();
    publisher.frames(5000, { bytes: 1000 });
    publisher.socket.end();
    await once(publisher.socket, 'finish');
    block(300);
    expect(await ended).toMatchObject({ name: 'live/left', reason: 'lost', tags: 5001 });
  });

  it('loses nothing of the smallest tags while the main thread is blocked, and stays lively', async () => {
    const { ingest, port } = await startIngest();
    const ended = event(ingest, 'unpublish');
    const { socket, encoder } = await publishRaw(port, 'tiny');
    const count = 100_000;
    socket.write(joinBytes([smallestTags(count), encoder.command(0, 'FCUnpublish', 4, null, 'tiny')]));
    block(300);
    expect(await ended).toMatchObject({ reason: 'unpublished', tags: count });
  });

  it('says the end of a publish before it stops, also behind many items', async () => {
    const { ingest, port, stop, running } = await startIngest();
    const ended = event(ingest, 'unpublish');
    const publisher = new TestPublisher(port, 'stopped');
    await publisher.answer();
    publisher.frames(5000, { bytes: 1000 });
    block(100);
    stop.abort();
    await running;
    expect(await ended).toMatchObject({ name: 'live/stopped', reason: 'lost' });
  });
});

async function publishRaw(port: number, key: string) {
  const encoder = new Encoder();
  const socket = dial(port);
  socket.write(
    joinBytes([
      encoder.hello(),
      encoder.connect(),
      encoder.command(0, 'createStream', 2, null),
      encoder.publish(key),
    ]),
  );
  let words = '';
  while (!words.includes('Publish.Start')) words += String((await once(socket, 'data'))[0]);
  return { socket, encoder };
}

/** Messages of one byte in chunks of two, as small as RTMP allows. */
function smallestTags(count: number): Uint8Array {
  const bytes = new Uint8Array(2 * count).fill(0xc6);
  for (let index = 1; index < bytes.length; index += 2) bytes[index] = 0x27;
  const first = new Encoder().video(Uint8Array.of(0x27));
  return joinBytes([first, bytes.subarray(2)]);
}

function block(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}
