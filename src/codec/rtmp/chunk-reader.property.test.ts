import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinBytes } from '../bytes.ts';
import { hex, pattern, plain, readMessages } from '../test-support.ts';

interface Sent {
  readonly chunkStreamId: number;
  readonly typeId: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly size: number;
}

const timestamps = fc.oneof(
  fc.integer({ min: 0, max: 2000 }),
  fc.constantFrom(0xff_fffe, 0xff_ffff, 0x100_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

const sent: fc.Arbitrary<Sent> = fc.record({
  chunkStreamId: fc.constantFrom(3, 63, 64, 319, 320, 65_599),
  typeId: fc.constantFrom(8, 9, 18, 20),
  streamId: fc.constantFrom(1, 2),
  timestampMs: timestamps,
  size: fc.constantFrom(0, 1, 3, 10, 127, 128, 129, 400),
});

describe('ChunkReader with an encoder that leaves out what it may', () => {
  const scenario = fc.record({
    messages: fc.array(sent, { maxLength: 20 }),
    chunkBytes: fc.constantFrom(1, 2, 5, 128, 1000),
    picks: fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
    sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 10 }),
    omitsExtendedTime: fc.boolean(),
  });

  it('reads the same messages, interleaved and cut in any way', () => {
    fc.assert(
      fc.property(scenario, ({ messages, chunkBytes, picks, sizes, omitsExtendedTime }) => {
        const announcement = hex(`02 000000 000004 01 00000000 ${chunkBytes.toString(16).padStart(8, '0')}`);
        const lanes = compress(messages, chunkBytes, omitsExtendedTime);
        // Without this the last chunk's left-out time could still come, and the reader waits for the next byte.
        const end = hex('02 000000 000000 07 00000000');
        const bytes = joinBytes([announcement, ...interleave(lanes, picks), end]);
        const read = readMessages(bytes, sizes).filter(({ typeId }) => typeId !== 7);
        expect(byLane(read.map(plain))).toEqual(
          byLane(messages.map((message) => plain({ ...message, body: bodyOf(message) }))),
        );
      }),
      { numRuns: 300 },
    );
  });
});

// Messages of different chunk streams overtake each other, so they are compared in an order of their own.
function byLane(messages: readonly object[]): string[] {
  return messages.map((message) => JSON.stringify(message)).sort();
}

function bodyOf(message: Sent): Uint8Array {
  return pattern(message.size, message.typeId);
}

// Cuts each chunk stream's messages into chunks with the shortest headers that say the same.
function compress(
  messages: readonly Sent[],
  chunkBytes: number,
  omitsExtendedTime: boolean,
): Map<number, Uint8Array[]> {
  const lanes = new Map<number, Uint8Array[]>();
  const previous = new Map<number, Sent & { deltaMs: number }>();
  for (const message of messages) {
    const last = previous.get(message.chunkStreamId);
    const format = formatAfter(last, message);
    const timeMs = format === 0 ? message.timestampMs : (message.timestampMs - last!.timestampMs) >>> 0;
    const lane = lanes.get(message.chunkStreamId) ?? [];
    lane.push(...chunksOf(message, format, timeMs, chunkBytes, omitsExtendedTime));
    lanes.set(message.chunkStreamId, lane);
    previous.set(message.chunkStreamId, { ...message, deltaMs: timeMs });
  }
  return lanes;
}

function formatAfter(last: (Sent & { deltaMs: number }) | undefined, message: Sent): number {
  if (last === undefined || last.streamId !== message.streamId) return 0;
  if (last.typeId !== message.typeId || last.size !== message.size) return 1;
  return (message.timestampMs - last.timestampMs) >>> 0 === last.deltaMs ? 3 : 2;
}

function chunksOf(
  message: Sent,
  format: number,
  timeMs: number,
  chunkBytes: number,
  omits: boolean,
): Uint8Array[] {
  const body = bodyOf(message);
  const isExtended = timeMs >= 0xff_ffff;
  const extended = isExtended ? bigEndian(timeMs, 4) : [];
  const header = [
    ...bigEndian(isExtended ? 0xff_ffff : timeMs, 3),
    ...bigEndian(message.size, 3),
    message.typeId,
    ...bigEndian(message.streamId, 4).reverse(),
  ].slice(0, [11, 7, 3, 0][format]);
  const first = [...basicHeader(format, message.chunkStreamId), ...header, ...extended];
  const other = [...basicHeader(3, message.chunkStreamId), ...(omits ? [] : extended)];
  const chunks = [Uint8Array.of(...first, ...body.subarray(0, chunkBytes))];
  for (let start = chunkBytes; start < body.length; start += chunkBytes) {
    chunks.push(Uint8Array.of(...other, ...body.subarray(start, start + chunkBytes)));
  }
  return chunks;
}

function basicHeader(format: number, id: number): number[] {
  if (id < 64) return [(format << 6) | id];
  if (id < 320) return [format << 6, id - 64];
  return [(format << 6) | 1, (id - 64) & 0xff, (id - 64) >>> 8];
}

function bigEndian(number: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => (number >>> (8 * (size - 1 - index))) & 0xff);
}

function interleave(lanes: Map<number, Uint8Array[]>, picks: readonly number[]): Uint8Array[] {
  const waiting = [...lanes.values()].filter((lane) => lane.length > 0);
  const chunks: Uint8Array[] = [];
  for (let turn = 0; waiting.length > 0; turn++) {
    const index = picks[turn % picks.length]! % waiting.length;
    chunks.push(waiting[index]!.shift()!);
    if (waiting[index]!.length === 0) waiting.splice(index, 1);
  }
  return chunks;
}
