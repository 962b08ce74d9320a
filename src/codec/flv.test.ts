import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { createFlvTag, flvTagTypes } from '../media/flv-tag.ts';
import { joinBytes } from './bytes.ts';
import { FlvReader, type FlvReaderOptions, flvFileHeader } from './flv.ts';
import { codeOf, cut, hex, pattern } from './test-support.ts';

const header = flvFileHeader({ audio: true, video: true });
const tags = [
  createFlvTag(flvTagTypes.data, 0, pattern(40)),
  createFlvTag(flvTagTypes.video, 0xffff_ffff, pattern(5000, 1)),
  createFlvTag(flvTagTypes.audio, 16_777_216, new Uint8Array(0)),
];
const file = joinBytes([header, ...tags]);

function readTags(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
  options: FlvReaderOptions = {},
): Uint8Array[] {
  const reader = new FlvReader(options);
  const found: Uint8Array[] = [];
  for (const piece of cut(bytes, sizes)) found.push(...reader.push(piece));
  return found;
}

describe('flvFileHeader', () => {
  it.each([
    { audio: true, video: true, flags: '05' },
    { audio: true, video: false, flags: '04' },
    { audio: false, video: true, flags: '01' },
  ])('flags audio $audio and video $video', ({ audio, video, flags }) => {
    expect(flvFileHeader({ audio, video })).toEqual(hex(`464c56 01 ${flags} 00000009 00000000`));
  });
});

describe('FlvReader', () => {
  it('yields the same tags however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(readTags(file, sizes)).toEqual(tags);
      }),
    );
  });

  it('yields the same tags from single bytes', () => {
    expect(readTags(file, [1])).toEqual(tags);
  });

  it('gives each tag a buffer of its own', () => {
    for (const tag of readTags(file)) expect(tag.buffer.byteLength).toBe(tag.length);
  });

  it('skips a file header that is longer than usual', () => {
    const longer = hex('464c56 01 05 0000000c aaaaaa 00000000');
    expect(readTags(joinBytes([longer, ...tags]), [5])).toEqual(tags);
  });

  it('rewrites a wrong trailer and a stream id other than 0', () => {
    const wrong = tags[0]!.slice();
    wrong.fill(0x77, wrong.length - 4);
    wrong[10] = 9;
    expect(readTags(joinBytes([header, wrong]))).toEqual([tags[0]]);
  });

  it.each([
    { name: 'another signature', bytes: hex('89504e47 0d0a1a0a 00') },
    { name: 'a file header that is too short', bytes: hex('464c56 01 05 00000008') },
    { name: 'an unknown tag type', bytes: joinBytes([header, hex('0a 000001 000000 00 000000')]) },
    { name: 'an encrypted tag', bytes: joinBytes([header, hex('29 000001 000000 00 000000')]) },
  ])('refuses $name', ({ bytes }) => {
    expect(codeOf(() => readTags(bytes))).toBe('PROTOCOL_FLV');
  });

  it('takes a tag of the largest size and refuses the next larger one', () => {
    const options = { maxTagBytes: tags[1]!.length };
    expect(readTags(file, [], options)).toEqual(tags);
    const reader = new FlvReader({ maxTagBytes: tags[1]!.length - 1 });
    expect(reader.push(file)).toEqual([tags[0]]);
    expect(codeOf(() => reader.push(hex('00')))).toBe('PROTOCOL_FLV');
  });

  it('returns the tags before a broken one, then throws at every call', () => {
    const reader = new FlvReader();
    expect(reader.push(joinBytes([file, new Uint8Array(11).fill(0xff)]))).toEqual(tags);
    expect(codeOf(() => reader.push(tags[0]!))).toBe('PROTOCOL_FLV');
    expect(codeOf(() => reader.push(tags[0]!))).toBe('PROTOCOL_FLV');
  });

  it('refuses a tag limit that is out of range', () => {
    expect(() => new FlvReader({ maxTagBytes: 14 })).toThrow(ConfigError);
    expect(() => new FlvReader({ maxTagBytes: 2 ** 25 })).toThrow('maxTagBytes');
  });
});
