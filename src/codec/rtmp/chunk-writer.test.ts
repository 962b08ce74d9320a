import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.ts';
import { joinBytes } from '../bytes.ts';
import { Encoder, hex, pattern, plain, readMessages } from '../test-support.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { OutgoingMessage } from './message.ts';

const message: OutgoingMessage = {
  chunkStreamId: 4,
  typeId: 9,
  streamId: 1,
  timestampMs: 100,
  body: hex('aabbcc'),
};

describe('ChunkWriter', () => {
  it('writes a full header and then continuations', () => {
    const writer = new ChunkWriter();
    writer.setChunkSize(2);
    expect(writer.write(message)).toEqual(hex('04 000064 000003 09 01000000 aabb c4 cc'));
  });

  it('repeats an extended timestamp in every chunk', () => {
    const writer = new ChunkWriter();
    writer.setChunkSize(1);
    const late = { ...message, timestampMs: 0x0100_0000, body: hex('aabb') };
    expect(writer.write(late)).toEqual(hex('04 ffffff 000002 09 01000000 01000000 aa c4 01000000 bb'));
  });

  it('writes 128 bytes to a chunk until told otherwise', () => {
    expect(new ChunkWriter().write({ ...message, body: pattern(128) }).length).toBe(12 + 128);
    expect(new ChunkWriter().write({ ...message, body: pattern(129) }).length).toBe(12 + 129 + 1);
  });

  it('writes a message without a body', () => {
    expect(new ChunkWriter().write({ ...message, body: hex('') })).toEqual(
      hex('04 000064 000000 09 01000000'),
    );
  });

  it.each([
    [2, '02'],
    [63, '3f'],
    [64, '00 00'],
    [319, '00 ff'],
    [320, '01 00 01'],
    [65_599, '01 ff ff'],
  ])('writes chunk stream id %i as %s', (chunkStreamId, bytes) => {
    const header = hex(bytes);
    expect(new ChunkWriter().write({ ...message, chunkStreamId }).subarray(0, header.length)).toEqual(header);
  });

  it('refuses chunk stream ids and chunk sizes that cannot be said', () => {
    const writer = new ChunkWriter();
    expect(() => writer.write({ ...message, chunkStreamId: 1 })).toThrow(ConfigError);
    expect(() => writer.write({ ...message, chunkStreamId: 65_600 })).toThrow('chunkStreamId');
    expect(() => writer.setChunkSize(0)).toThrow('chunkSize');
    expect(() => writer.setChunkSize(0x8000_0000)).toThrow('chunkSize');
  });

  it('writes what a reader reads, however it is cut', () => {
    const outgoing = fc.record({
      chunkStreamId: fc.integer({ min: 2, max: 65_599 }),
      typeId: fc.constantFrom(8, 9, 18, 20),
      streamId: fc.integer({ min: 0, max: 0xffff_ffff }),
      timestampMs: fc.oneof(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 0xff_fff0, max: 0xffff_ffff }),
      ),
      body: fc.uint8Array({ maxLength: 300 }),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(outgoing, { maxLength: 10 }),
        fc.integer({ min: 1, max: 400 }),
        sizes,
        (messages, chunkBytes, cuts) => {
          const encoder = new Encoder();
          const bytes = [encoder.setChunkSize(chunkBytes), ...messages.map((each) => encoder.message(each))];
          expect(readMessages(joinBytes(bytes), cuts).map(plain)).toEqual(messages.map(plain));
        },
      ),
    );
  });
});
