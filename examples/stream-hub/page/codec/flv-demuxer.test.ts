import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Tag = { type: number; timestampMs: number; body: Uint8Array };
type Demuxer = { push(bytes: Uint8Array): void };
type DemuxerModule = { FlvDemuxer: new (onTag: (tag: Tag) => void) => Demuxer };

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./flv-demuxer.js', import.meta.url).href;
const { FlvDemuxer } = (await import(source)) as DemuxerModule;

const fileHeader = Buffer.from('464c5601050000000900000000', 'hex');

function tag(type: number, timestampMs: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(15 + body.length);
  bytes.writeUInt8(type, 0);
  bytes.writeUIntBE(body.length, 1, 3);
  bytes.writeUIntBE(timestampMs % 0x100_0000, 4, 3);
  bytes.writeUInt8(Math.floor(timestampMs / 0x100_0000), 7);
  bytes.set(body, 11);
  bytes.writeUInt32BE(11 + body.length, 11 + body.length);
  return bytes;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const size of sizes) {
    pieces.push(bytes.slice(start, start + size));
    start += size;
  }
  return [...pieces, bytes.slice(start)];
}

function demux(pieces: readonly Uint8Array[]): Tag[] {
  const tags: Tag[] = [];
  const demuxer = new FlvDemuxer(({ type, timestampMs, body }) =>
    tags.push({ type, timestampMs, body: body.slice() }),
  );
  for (const piece of pieces) demuxer.push(piece);
  return tags;
}

describe('FlvDemuxer', () => {
  it('finds the same tags however the network cuts the bytes', () => {
    const tags = fc.array(
      fc.record({
        type: fc.constantFrom(8, 9, 18),
        timestampMs: fc.nat(0xffff_ffff),
        body: fc.uint8Array({ maxLength: 400 }),
      }),
    );
    fc.assert(
      fc.property(tags, fc.array(fc.nat(300)), (expected, sizes) => {
        const stream = Buffer.concat([
          fileHeader,
          ...expected.map((t) => tag(t.type, t.timestampMs, t.body)),
        ]);
        expect(demux(cut(stream, sizes))).toEqual(expected);
      }),
    );
  });

  it('takes a tag that is larger than its buffer', () => {
    const body = new Uint8Array(300_000).fill(7);
    const stream = Buffer.concat([fileHeader, tag(9, 40, body)]);
    expect(demux(cut(stream, [1_000, 100_000, 100_000]))).toEqual([{ type: 9, timestampMs: 40, body }]);
  });

  it('refuses what is no FLV stream', () => {
    expect(() => demux([Buffer.from('HTTP/1.1 404 Not Found')])).toThrow(/does not start as FLV/);
  });

  it('refuses a tag above the limit before its body is there', () => {
    const start = Buffer.from('09ffffff00000000000000', 'hex');
    expect(() => demux([Buffer.concat([fileHeader, start])])).toThrow(/16777215 bytes, limit/);
  });

  it('notices that the place in the stream is lost', () => {
    const broken = tag(9, 0, new Uint8Array(8));
    broken.writeUInt32BE(5, broken.length - 4);
    expect(() => demux([Buffer.concat([fileHeader, broken])])).toThrow(/followed by the size 5/);
  });
});
