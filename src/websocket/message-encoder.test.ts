import { describe, expect, it } from 'vitest';
import { createFlvTag, flvTagTypes } from '../media/flv-tag.ts';
import { readMediaPacket } from '../media/media-packet.ts';
import { createImageTag } from './image-tag.ts';
import { type EncodedMessage, MessageEncoder } from './message-encoder.ts';

/** Reads one unmasked frame as RFC 6455 §5.2 lays it out. */
function readFrame(pieces: EncodedMessage): { head: number; payload: Buffer } {
  const bytes = Buffer.concat(pieces);
  const short = bytes[1]!;
  const [start, length] =
    short < 126
      ? [2, short]
      : short === 126
        ? [4, bytes.readUInt16BE(2)]
        : [10, Number(bytes.readBigUInt64BE(2))];
  expect(bytes.length).toBe(start + length);
  return { head: bytes[0]!, payload: bytes.subarray(start) };
}

function packetOf(tagBytes: number) {
  return readMediaPacket(createFlvTag(flvTagTypes.video, 40, new Uint8Array(tagBytes - 15).fill(0x27)));
}

describe('a packet', () => {
  const sizes = [20, 110, 111, 121, 122, 125, 126, 16_383, 16_384, 65_531, 65_532, 65_535, 65_536, 200_000];
  it.each(sizes)(
    'of %i bytes becomes one binary frame, with and without the number of its stream',
    (size) => {
      const encoder = new MessageEncoder();
      const packet = packetOf(size);
      const followed = readFrame(encoder.followed(packet, 0xfedc_ba98));
      expect(followed.head).toBe(0x82);
      expect(followed.payload.readUInt32BE(0)).toBe(0xfedc_ba98);
      expect(followed.payload.subarray(4).equals(packet.tag)).toBe(true);
      const plain = readFrame(encoder.plain(packet));
      expect([plain.head, plain.payload.equals(packet.tag)]).toEqual([0x82, true]);
    },
  );

  it('is encoded once for all viewers', () => {
    const encoder = new MessageEncoder();
    const packet = packetOf(100);
    expect(encoder.followed(packet, 7)).toBe(encoder.followed(packet, 7));
    expect(encoder.plain(packet)).toBe(encoder.plain(packet));
  });

  it('is one piece, which is cheaper to write, while it is among the newest', () => {
    const encoder = new MessageEncoder();
    const packets = Array.from({ length: 90 }, () => packetOf(50_000)); // 4 MiB are 83 of them.
    for (const packet of packets) expect(encoder.followed(packet, 7)).toHaveLength(1);
    const pieces = packets.map((packet) => encoder.followed(packet, 7));
    expect(pieces.filter(({ length }) => length === 2)).toHaveLength(7);
    expect(pieces[0]![1]).toBe(packets[0]!.tag); // No copy is left.
    expect(readFrame(pieces[0]!)).toEqual(readFrame(pieces[89]!));
  });

  it('is no copy at all when it alone is too long for that', () => {
    const packet = packetOf(5 << 20);
    const encoder = new MessageEncoder();
    encoder.plain(packet);
    expect(encoder.plain(packet)[1]).toBe(packet.tag);
  });

  it('stays one piece when it is short, however many there are', () => {
    const encoder = new MessageEncoder();
    const packets = Array.from({ length: 500 }, () => packetOf(4_096));
    for (const packet of packets) encoder.plain(packet);
    expect(packets.every((packet) => encoder.plain(packet).length === 1)).toBe(true);
  });
});

describe('a picture', () => {
  const file = Buffer.from('not a picture, but who looks');

  it('becomes a JSON message with a data URL, once for all viewers', () => {
    const encoder = new MessageEncoder();
    const packet = readMediaPacket(createImageTag('png', 80, file));
    const message = encoder.picture(packet, { stream: 'live/door', id: 3 })!;
    const { head, payload } = readFrame(message);
    expect(head).toBe(0x81);
    expect(JSON.parse(payload.toString())).toEqual({
      ...{ type: 'frame', stream: 'live/door', id: 3, timestamp_ms: 80 },
      frame: `data:image/png;base64,${file.toString('base64')}`,
    });
    expect(encoder.picture(packet, { stream: 'live/door', id: 3 })).toBe(message);
  });

  it('is only what holds one', () => {
    expect(new MessageEncoder().picture(packetOf(100), { stream: 'live/door', id: 3 })).toBeUndefined();
  });
});

describe('a text', () => {
  it('is measured in bytes, not in characters', () => {
    const { head, payload } = readFrame([new MessageEncoder().text({ type: 'error', message: 'naïve 🎥' })]);
    expect([head, JSON.parse(payload.toString())]).toEqual([0x81, { type: 'error', message: 'naïve 🎥' }]);
  });
});
