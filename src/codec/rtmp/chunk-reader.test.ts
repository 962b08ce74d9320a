import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.ts';
import { joinBytes } from '../bytes.ts';
import { codeOf, hex, pattern, plain, readMessages } from '../test-support.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type ChunkRow, chunkRows } from './chunk-rows.ts';

const hostile: readonly { readonly name: string; readonly bytes: string; readonly code: string }[] = [
  { name: 'format 2 on a fresh chunk stream', bytes: '84 000001', code: 'PROTOCOL_CHUNK' },
  { name: 'format 3 on a fresh chunk stream', bytes: 'c4', code: 'PROTOCOL_CHUNK' },
  { name: 'chunk size 0', bytes: '02 000000 000004 01 00000000 00000000', code: 'PROTOCOL_CHUNK' },
  {
    name: 'a chunk size with its top bit set',
    bytes: '02 000000 000004 01 00000000 80000000',
    code: 'PROTOCOL_CHUNK',
  },
  {
    name: 'a chunk size of three bytes',
    bytes: '02 000000 000003 01 00000000 000010',
    code: 'PROTOCOL_CHUNK',
  },
  {
    name: 'a new header inside a message',
    bytes: `04 000001 000100 09 01000000 ${'00'.repeat(128)} 04 000001 000001 09 01000000`,
    code: 'PROTOCOL_CHUNK',
  },
  {
    name: 'a 65th chunk stream',
    bytes: Array.from(
      { length: 65 },
      (_, id) => `00 ${id.toString(16).padStart(2, '0')} 000000 000000 08 01000000`,
    ).join(''),
    code: 'PROTOCOL_CHUNK',
  },
];

function value({ messages }: ChunkRow): unknown[] {
  return messages.map(([timestampMs, typeId, streamId, body]) => ({
    typeId,
    streamId,
    timestampMs,
    body: [...hex(body)],
  }));
}

describe('ChunkReader', () => {
  it.each(chunkRows)('reads $name', (row) => {
    expect(readMessages(hex(row.bytes)).map(plain)).toEqual(value(row));
  });

  it.each(chunkRows)('reads $name, byte by byte', (row) => {
    expect(readMessages(hex(row.bytes), [1]).map(plain)).toEqual(value(row));
  });

  it.each(hostile)('refuses $name', ({ bytes, code }) => {
    expect(codeOf(() => readMessages(hex(bytes)))).toBe(code);
    expect(codeOf(() => readMessages(hex(bytes), [1]))).toBe(code);
  });

  it('hands over the messages before a bad byte', () => {
    const messages: unknown[] = [];
    const reader = new ChunkReader((message) => messages.push(message.timestampMs));
    expect(codeOf(() => reader.push(hex('04 000007 000000 09 01000000 c5')))).toBe('PROTOCOL_CHUNK');
    expect(messages).toEqual([7]);
  });

  it('takes chunks of the largest size that can be announced', () => {
    const bytes = joinBytes([
      hex('02 000000 000004 01 00000000 7fffffff 04 000001 030d40 09 01000000'),
      pattern(200_000),
    ]);
    expect(readMessages(bytes, [65_536])[0]?.body).toEqual(pattern(200_000));
  });

  it('takes a message of 16 777 215 bytes into an exact buffer', () => {
    const body = pattern(0xff_ffff);
    const header = hex('02 000000 000004 01 00000000 7fffffff 04 000001 ffffff 09 01000000');
    const [message] = readMessages(joinBytes([header, body]), [1_000_000]);
    expect(message?.tag.buffer.byteLength).toBe(11 + body.length + 4);
    expect(message?.body.findIndex((byte, index) => byte !== body[index])).toBe(-1);
  });

  it('refuses a message over the limit at its header', () => {
    const header = '04 000001 0003e9 09 01000000';
    expect(codeOf(() => readMessages(hex(header), [], 1000))).toBe('PROTOCOL_MESSAGE_TOO_LARGE');
    expect(codeOf(() => readMessages(hex(header), [], 1001))).toBeUndefined();
  });

  it('refuses limits that are out of range', () => {
    expect(() => new ChunkReader(() => {}, { maxMessageBytes: 0 })).toThrow(ConfigError);
    expect(() => new ChunkReader(() => {}, { maxMessageBytes: 0x100_0000 })).toThrow('maxMessageBytes');
  });

  it('ends a connection whose partial messages exceed 16 MB together', () => {
    const reader = new ChunkReader(() => {});
    reader.push(hex('02 000000 000004 01 00000000 00800000'));
    const chunk = (id: number): Uint8Array =>
      joinBytes([hex(`0${id} 000000 ffffff 09 01000000`), new Uint8Array(0x80_0000)]);
    reader.push(chunk(4));
    reader.push(chunk(5));
    expect(codeOf(() => reader.push(chunk(6)))).toBe('PROTOCOL_MESSAGE_TOO_LARGE');
  });

  it('gives back the allowance of messages that were finished or aborted', () => {
    const reader = new ChunkReader(() => {});
    reader.push(hex('02 000000 000004 01 00000000 7fffffff'));
    const body = new Uint8Array(0x80_0000);
    for (let round = 0; round < 4; round++) {
      reader.push(joinBytes([hex('04 000000 800000 09 01000000'), body]));
      reader.push(
        joinBytes([hex('02 000000 000004 01 00000000 00800000 05 000000 ffffff 09 01000000'), body]),
      );
      reader.push(hex('02 000000 000004 02 00000000 00000005'));
    }
    expect(codeOf(() => reader.push(joinBytes([hex('04 000000 800000 09 01000000'), body])))).toBeUndefined();
  });

  it('holds little memory for lengths that are only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 20 }, () => new ChunkReader(() => {}));
    for (const reader of readers) {
      for (let id = 0; id < 64; id++)
        reader.push(Uint8Array.of(0, id, 0, 0, 0, 255, 255, 255, 9, 1, 0, 0, 0, 1));
    }
    const grownBytes = process.memoryUsage().arrayBuffers - before;
    expect(grownBytes / readers.length).toBeLessThan(2 * 1024 * 1024);
  });

  it('never throws anything but a typed error for random bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (bytes, sizes) => {
          const code = codeOf(() => readMessages(bytes, sizes));
          expect([undefined, 'PROTOCOL_CHUNK', 'PROTOCOL_MESSAGE_TOO_LARGE']).toContain(code);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
