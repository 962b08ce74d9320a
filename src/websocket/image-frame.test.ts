import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageFiles, images } from './fixtures/images.ts';
import { type ImageLimits, readImageFrame } from './image-frame.ts';

const limits: ImageLimits = { maxBytes: 10_000, maxPixels: 1_000_000 };
const { jpeg, png, lossyWebp, losslessWebp, transparentWebp } = images;

describe('readImageFrame', () => {
  it.each(imageFiles)('knows type and size of a real file: $name', ({ type, width, height, bytes }) => {
    expect(readImageFrame(bytes, limits)).toEqual({ type, width, height });
  });

  it.each(imageFiles)('refuses every truncation, never throws, and reads views: $name', ({ type, bytes }) => {
    for (let length = 0; length < bytes.length; length++) {
      const room = new Uint8Array(length + 20).fill(0xd9);
      room.set(bytes.subarray(0, length), 7);
      const result = readImageFrame(room.subarray(7, 7 + length), limits);
      expect(result, `${length} bytes`).toMatchObject({ code: expect.any(String) });
      expect(result, `${length} bytes of ${type}`).toEqual({
        code: length === 0 ? 'empty' : expect.stringMatching(/^(unknown-type|truncated)$/),
        message: expect.any(String),
      });
    }
  });

  it('never throws, whatever the bytes', () => {
    const heads = [
      [],
      [0xff, 0xd8, 0xff],
      [...png.bytes.subarray(0, 16)],
      [...lossyWebp.bytes.subarray(0, 16)],
    ];
    const anything = fc.tuple(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(anything, ([head, tail]) => {
        const result = readImageFrame(Uint8Array.from([...head, ...tail]), limits);
        expect('code' in result || (result.width > 0 && result.height > 0)).toBe(true);
      }),
    );
  });

  it('never throws, and gives a size within the limit, when bytes of a real file change', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...imageFiles), changes, ({ bytes }, flips) => {
        const changed = bytes.slice();
        for (const [at, value] of flips) changed[at % changed.length] = value;
        const result = readImageFrame(changed, limits);
        const isSane = 'code' in result || result.width * result.height <= limits.maxPixels;
        expect(isSane).toBe(true);
      }),
    );
  });

  it('refuses what is too large before it looks at it', () => {
    expect(readImageFrame(jpeg.bytes, { ...limits, maxBytes: jpeg.bytes.length })).toHaveProperty('type');
    expect(readImageFrame(jpeg.bytes, { ...limits, maxBytes: jpeg.bytes.length - 1 })).toEqual({
      code: 'too-large',
      message: `a picture of ${jpeg.bytes.length} bytes, limit ${jpeg.bytes.length - 1}`,
    });
    expect(readImageFrame(new Uint8Array(10_001), limits)).toMatchObject({ code: 'too-large' });
  });

  it.each(imageFiles)('refuses one pixel too many: $name', ({ width, height, bytes }) => {
    const maxPixels = width * height;
    expect(readImageFrame(bytes, { ...limits, maxPixels })).toHaveProperty('type');
    expect(readImageFrame(bytes, { ...limits, maxPixels: maxPixels - 1 })).toEqual({
      code: 'too-many-pixels',
      message: `${width} x ${height} pixels, limit ${maxPixels - 1} in all`,
    });
  });

  it.each([
    { name: 'text', bytes: ascii('hello') },
    { name: 'GIF', bytes: ascii('GIF89a\x01\x00\x01\x00') },
    { name: 'RIFF with sound', bytes: ascii('RIFF\x04\x00\x00\x00WAVE') },
    { name: 'one byte', bytes: Uint8Array.of(0xff) },
  ])('refuses another type: $name', ({ bytes }) => {
    expect(readImageFrame(bytes, limits)).toMatchObject({ code: 'unknown-type' });
  });
});

describe('a JPEG file', () => {
  const sof = indexOf(jpeg.bytes, 0xff, 0xc0);
  const sos = indexOf(jpeg.bytes, 0xff, 0xda);
  const frameHeader = jpeg.bytes.subarray(sof, sos);

  it.each([
    ['none', []],
    ['zeros up to the limit', new Array(4_096).fill(0)],
    ['ones', [0xff, 0xff, 0xff]],
    ['the line end of a multipart stream', [0x0d, 0x0a]],
  ])('may end with padding: %s', (_name, tail) => {
    expect(readImageFrame(Uint8Array.from([...jpeg.bytes, ...tail]), limits)).toHaveProperty('type', 'jpeg');
  });

  it.each([
    ['one byte of padding too many', new Array(4_097).fill(0)],
    ['something that is no padding', [0x01]],
  ])('must not end with %s', (_name, tail) => {
    const bytes = Uint8Array.from([...jpeg.bytes, ...tail]);
    expect(readImageFrame(bytes, limits)).toMatchObject({ code: 'truncated' });
  });

  it('is not whole because a thumbnail in its header is', () => {
    const thumbnail = jpeg.bytes;
    const app1 = [0xff, 0xe1, 0, thumbnail.length + 2, ...thumbnail];
    app1[2] = (thumbnail.length + 2) >> 8;
    app1[3] = (thumbnail.length + 2) & 0xff;
    const whole = Uint8Array.from([0xff, 0xd8, ...app1, ...jpeg.bytes.subarray(2)]);
    expect(readImageFrame(whole, limits)).toHaveProperty('type', 'jpeg');
    expect(readImageFrame(whole.subarray(0, 2 + app1.length), limits)).toMatchObject({ code: 'truncated' });
    expect(readImageFrame(whole.subarray(0, -2), limits)).toMatchObject({ code: 'truncated' });
  });

  it('is not whole because the header of its scan ends like a picture', () => {
    const scanEnd = sos + 2 + jpeg.bytes[sos + 3]!;
    const bytes = patched(jpeg.bytes, scanEnd - 2, 0xff, 0xd9).subarray(0, scanEnd);
    expect(readImageFrame(bytes, limits)).toMatchObject({ code: 'truncated' });
  });

  it('may be progressive, and have fill bytes before a marker', () => {
    expect(readImageFrame(patched(jpeg.bytes, sof + 1, 0xc2), limits)).toHaveProperty('type', 'jpeg');
    const filled = insert(jpeg.bytes, sof, [0xff, 0xff, 0xff]);
    expect(readImageFrame(filled, limits)).toHaveProperty('width', 16);
  });

  it.each([
    { name: 'a lossless frame', bytes: patched(jpeg.bytes, sof + 1, 0xc3), says: /SOF3/ },
    { name: 'an arithmetic frame', bytes: patched(jpeg.bytes, sof + 1, 0xc9), says: /SOF9/ },
    { name: 'a height that is told later', bytes: patched(jpeg.bytes, sof + 5, 0, 0), says: /16 x 0 pixels/ },
    { name: 'no width', bytes: patched(jpeg.bytes, sof + 7, 0, 0), says: /0 x 16 pixels/ },
    { name: 'no components', bytes: patched(jpeg.bytes, sof + 9, 0), says: /0 components/ },
    { name: 'two frame headers', bytes: insert(jpeg.bytes, sof, frameHeader), says: /two frame headers/ },
    { name: 'no frame header', bytes: cut(jpeg.bytes, sof, sos), says: /no frame header/ },
    { name: 'a short segment', bytes: patched(jpeg.bytes, 4, 0, 1), says: /segment of 1 bytes/ },
    { name: 'no marker', bytes: patched(jpeg.bytes, sof, 0x12), says: /no marker/ },
    { name: 'an end before the picture', bytes: insert(jpeg.bytes, sof, [0xff, 0xd9]), says: /marker d9/ },
    {
      name: 'endless comments',
      bytes: insert(jpeg.bytes, sof, comments(513)),
      says: /more than 512 segments/,
    },
  ])('is refused for $name', ({ bytes, says }) => {
    expect(readImageFrame(bytes, limits)).toEqual({
      code: 'bad-header',
      message: expect.stringMatching(says),
    });
  });
});

describe('a PNG file', () => {
  it.each([
    { name: 'a wrong checksum', bytes: patched(png.bytes, 19, 25), code: 'bad-header' },
    { name: 'another first chunk', bytes: patched(png.bytes, 12, 0x69), code: 'bad-header' },
    { name: 'a byte behind its end', bytes: Uint8Array.from([...png.bytes, 0]), code: 'truncated' },
    { name: 'no width', bytes: pngOf(0, 1), code: 'bad-header' },
    { name: 'the size of a bomb', bytes: pngOf(0x7fff_ffff, 0x7fff_ffff), code: 'too-many-pixels' },
  ])('is refused for $name', ({ bytes, code }) => {
    expect(readImageFrame(bytes, limits)).toMatchObject({ code });
  });
});

describe('a WebP file', () => {
  it('may leave the pad byte of an odd chunk out of its size', () => {
    const riff = patched(losslessWebp.bytes, 4, losslessWebp.bytes.length - 8 - 1);
    expect(readImageFrame(riff, limits)).toHaveProperty('type', 'webp');
  });

  it.each([
    { name: 'a frame that is no keyframe', bytes: patched(lossyWebp.bytes, 20, 0x11) },
    { name: 'a wrong start code', bytes: patched(lossyWebp.bytes, 23, 0) },
    { name: 'no width', bytes: patched(lossyWebp.bytes, 26, 0, 0) },
    { name: 'an unknown first chunk', bytes: patched(lossyWebp.bytes, 12, 0x58) },
    { name: 'a wrong signature', bytes: patched(losslessWebp.bytes, 20, 0) },
    { name: 'an animation', bytes: patched(transparentWebp.bytes, 20, 0x12) },
    { name: 'a canvas of another size', bytes: patched(transparentWebp.bytes, 24, 0xff) },
    { name: 'bytes behind its end', bytes: Uint8Array.from([...lossyWebp.bytes, 0]) },
    { name: 'a header and nothing else', bytes: ascii('RIFF\x04\x00\x00\x00WEBP') },
    { name: 'a canvas without a picture', bytes: canvasOnly() },
  ])('is refused for $name', ({ bytes }) => {
    expect(readImageFrame(bytes, limits)).toMatchObject({ code: 'bad-header' });
  });
});

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function indexOf(bytes: Uint8Array, ...wanted: readonly number[]): number {
  return Buffer.from(bytes).indexOf(Uint8Array.from(wanted));
}

function patched(bytes: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const changed = bytes.slice();
  changed.set(values, at);
  return changed;
}

function insert(bytes: Uint8Array, at: number, piece: Iterable<number>): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
}

function cut(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]);
}

function comments(count: number): number[] {
  return Array.from({ length: count }, () => [0xff, 0xfe, 0, 2]).flat();
}

/** The small file with another size and the checksum for that. */
function pngOf(width: number, height: number): Uint8Array {
  const bytes = Buffer.from(png.bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

function canvasOnly(): Uint8Array {
  const bytes = transparentWebp.bytes.slice(0, 30);
  bytes[4] = bytes.length - 8;
  return bytes;
}
