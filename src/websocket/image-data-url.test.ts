import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataUrl, imageFiles, images } from './fixtures/images.ts';
import { type ImageLimits, parseDataUrl } from './image-frame.ts';

const limits: ImageLimits = { maxBytes: 10_000, maxPixels: 1_000_000 };
const { jpeg, png } = images;

describe('parseDataUrl', () => {
  it.each(imageFiles)('gives the file back: $name', (file) => {
    const { type, width, height, bytes } = file;
    const image = parseDataUrl(dataUrl(file), limits);
    expect(image).toMatchObject({ type, width, height });
    expect('bytes' in image && Buffer.from(image.bytes).equals(bytes)).toBe(true);
  });

  it('takes the types as people write them', () => {
    expect(parseDataUrl(dataUrl(jpeg).replace('image/jpeg', 'image/jpg'), limits)).toHaveProperty(
      'type',
      'jpeg',
    );
    expect(parseDataUrl(dataUrl(png).replace('data:image/png', 'DATA:Image/PNG'), limits)).toHaveProperty(
      'type',
      'png',
    );
  });

  it.each([
    ['nothing', '', 'bad-data-url'],
    ['a bare picture', dataUrl(jpeg).slice('data:image/jpeg;base64,'.length), 'bad-data-url'],
    ['an address', 'https://host/picture.jpg', 'bad-data-url'],
    ['text that is not base64', 'data:image/jpeg,hello', 'bad-data-url'],
    ['another kind of data', 'data:text/html;base64,QUJD', 'bad-data-url'],
    ['an endless type', `data:image/${'x'.repeat(100)};base64,QUJD`, 'bad-data-url'],
    ['a GIF', 'data:image/gif;base64,R0lGODlh', 'unknown-type'],
    ['a drawing with scripts', 'data:image/svg+xml;base64,PHN2Zz4=', 'unknown-type'],
    ['no bytes', 'data:image/jpeg;base64,', 'empty'],
    ['an odd length', `${dataUrl(jpeg)}A`, 'bad-base64'],
    ['a space', dataUrl(jpeg).replace(/.$/, ' '), 'bad-base64'],
    ['the URL alphabet', 'data:image/jpeg;base64,_9j_', 'bad-base64'],
    ['another type than it says', dataUrl(png).replace('png', 'jpeg'), 'type-mismatch'],
    ['a file that is cut', dataUrl({ type: 'jpeg', bytes: jpeg.bytes.slice(0, -2) }), 'truncated'],
    ['bytes that are no picture', 'data:image/jpeg;base64,aGVsbG8h', 'unknown-type'],
  ])('refuses %s', (_name, text, code) => {
    expect(parseDataUrl(text, limits)).toMatchObject({ code });
  });

  it('takes and refuses the same base64 as its grammar', () => {
    const characters = fc.constantFrom(...'AZaz09+/=-_ \n\u00e9.');
    const text = fc
      .string({ unit: characters, minLength: 4, maxLength: 24 })
      .map((some) => some.slice(some.length % 4));
    fc.assert(
      fc.property(text, (base64) => {
        const { code } = parseDataUrl(`data:image/png;base64,${base64}`, limits) as { readonly code: string };
        const isBase64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64);
        expect(code === 'bad-base64').toBe(!isBase64);
      }),
      { numRuns: 1_000 },
    );
  });

  it('checks the decoded size to the byte, before anything is decoded', () => {
    for (const length of [jpeg.bytes.length, jpeg.bytes.length - 1, jpeg.bytes.length - 2]) {
      const url = dataUrl({ type: 'jpeg', bytes: jpeg.bytes.slice(0, length) });
      expect(parseDataUrl(url, { ...limits, maxBytes: length - 1 })).toEqual({
        code: 'too-large',
        message: `a picture of ${length} bytes, limit ${length - 1}`,
      });
      expect(parseDataUrl(url, { ...limits, maxBytes: length })).not.toMatchObject({ code: 'too-large' });
    }
    const nonsense = `data:image/jpeg;base64,${'*'.repeat(20_000)}`;
    expect(parseDataUrl(nonsense, limits)).toMatchObject({ code: 'too-large' });
  });

  it('never throws, whatever the text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String().map((base64) => `data:image/webp;base64,${base64}`),
    );
    fc.assert(fc.property(text, (some) => void expect(parseDataUrl(some, limits)).toHaveProperty('code')));
  });
});
