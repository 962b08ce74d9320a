import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlvTag, flvTagTypes } from '../../media/flv-tag.ts';
import { writeAmf0Values } from '../amf0.ts';
import { joinBytes } from '../bytes.ts';
import { Encoder, pattern, publishing, ServerUnderTest } from '../test-support.ts';
import { messageTypes } from './message.ts';

describe('media', () => {
  it('comes as whole tags, each alone in its buffer', () => {
    const { server, encoder } = publishing();
    const [event] = server.send(encoder.video(pattern(500), 0xffff_ffff), [77]);
    expect(event).toEqual({
      type: 'tag',
      id: 1,
      tag: createFlvTag(flvTagTypes.video, 0xffff_ffff, pattern(500)),
    });
    const { tag } = event as { tag: Uint8Array };
    expect([tag.byteOffset, tag.buffer.byteLength]).toEqual([0, tag.length]);
  });

  it('of two publishes on one connection is told apart', () => {
    const { server, encoder } = publishing();
    server.send(joinBytes([encoder.command(0, 'createStream', 4, null), encoder.publish('second', 2)]));
    server.session.acceptPublish(2);
    const both = [encoder.video(pattern(4), 1, 2), encoder.video(pattern(5), 2, 1)];
    expect(server.send(joinBytes(both)).map((event) => event.type === 'tag' && event.id)).toEqual([2, 1]);
  });

  it('is discarded and counted before the accept, and on any other message stream', () => {
    const server = new ServerUnderTest();
    const encoder = new Encoder();
    server.send(encoder.opening());
    expect(server.send(encoder.video(pattern(5)))).toEqual([]);
    server.session.acceptPublish(1);
    expect(server.send(encoder.video(pattern(5), 0, 2))).toEqual([]);
    expect(server.send(encoder.video(pattern(5), 0, 0))).toEqual([]);
    expect(server.send(encoder.video(pattern(5)))).toHaveLength(1);
    expect(server.session.stats()).toMatchObject({ discarded: 3, tags: 1 });
  });

  it('without a body is discarded, in any order', () => {
    const { server, encoder } = publishing();
    const empty = [8, 9, 18, 9, 8].map((typeId) => encoder.message({ typeId }));
    expect(server.send(joinBytes([...empty, encoder.video(pattern(5))]))).toHaveLength(1);
    expect(server.session.stats().discarded).toBe(5);
  });

  it('is the same however the bytes are cut', () => {
    const encoder = new Encoder();
    const opening = encoder.opening();
    const media = joinBytes([
      encoder.setChunkSize(300),
      encoder.message({
        typeId: messageTypes.data,
        body: writeAmf0Values(['@setDataFrame', 'onMetaData', { width: 1 }]),
      }),
      ...[0, 33, 66].map((timestampMs) => encoder.video(pattern(1000, timestampMs), timestampMs)),
      encoder.message({
        typeId: messageTypes.audio,
        chunkStreamId: 4,
        body: pattern(40),
        timestampMs: 0x0100_0000,
      }),
      encoder.command(0, 'FCUnpublish', 5, null, 'camera'),
    ]);
    const whole = play(opening, media, []);
    expect(whole.events.map(({ type }) => type)).toEqual([
      'connect',
      'publish',
      ...Array(5).fill('tag'),
      'unpublish',
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 10 }), (sizes) => {
        expect(play(opening, media, sizes)).toEqual(whole);
      }),
    );
    expect(play(opening, media, [1])).toEqual(whole);
  });
});

function play(
  opening: Uint8Array,
  media: Uint8Array,
  sizes: readonly number[],
): { events: { type: string }[]; commands: unknown } {
  const server = new ServerUnderTest();
  const events = server.send(opening, sizes);
  server.session.acceptPublish(1);
  events.push(...server.send(media, sizes));
  return { events, commands: server.commands() };
}

describe('a data message', () => {
  const metadata = writeAmf0Values(['onMetaData', { width: 1280 }]);

  it.each([
    { name: 'without @setDataFrame passes as it is', body: metadata },
    {
      name: 'loses its @setDataFrame',
      body: writeAmf0Values(['@setDataFrame', 'onMetaData', { width: 1280 }]),
    },
  ])('$name', ({ body }) => {
    const { server, encoder } = publishing();
    const events = server.send(encoder.message({ typeId: messageTypes.data, body, timestampMs: 40 }));
    expect(events).toEqual([{ type: 'tag', id: 1, tag: createFlvTag(flvTagTypes.data, 40, metadata) }]);
  });

  it('passes with a marker behind its name that is unknown here', () => {
    const { server, encoder } = publishing();
    const body = joinBytes([writeAmf0Values(['@setDataFrame', 'onMetaData']), Uint8Array.of(0x0d)]);
    expect(server.send(encoder.message({ typeId: messageTypes.data, body }))).toHaveLength(1);
  });

  it.each([
    { name: 'a bare timecode', body: Uint8Array.of(0, 0, 0, 1) },
    { name: 'no AMF0', body: Uint8Array.of(0x7f, 1, 2) },
    { name: 'a truncated name', body: Uint8Array.of(2, 0, 9, 97) },
    { name: '@setDataFrame alone', body: writeAmf0Values(['@setDataFrame']) },
    { name: '@setDataFrame and a number', body: writeAmf0Values(['@setDataFrame', 1]) },
  ])('is discarded when it holds $name', ({ body }) => {
    const { server, encoder } = publishing();
    expect(server.send(encoder.message({ typeId: messageTypes.data, body }))).toEqual([]);
    expect(server.session.stats().discarded).toBe(1);
  });
});
