import { describe, expect, it } from 'vitest';
import { createFlvTag, flvTagTypes, readFlvTimestamp } from '../media/flv-tag.ts';
import { readMediaPacket } from '../media/media-packet.ts';
import { tagOf } from '../media/test-support.ts';
import { imageFiles, images } from './fixtures/images.ts';
import { createImageTag, maxImageBytes, readImageTag } from './image-tag.ts';

describe('an image tag', () => {
  it.each(imageFiles)('gives the file back: $name', ({ type, bytes }) => {
    expect(readImageTag(createImageTag(type, 40, bytes))).toEqual({ type, bytes });
  });

  it.each([
    { type: 'jpeg', codec: 'jpeg' },
    { type: 'png', codec: 'png ' },
    { type: 'webp', codec: 'webp' },
  ] as const)('is a keyframe of the codec $codec for everybody', ({ type, codec }) => {
    const tag = createImageTag(type, 2 ** 32 - 1, images.jpeg.bytes);
    expect(readMediaPacket(tag)).toEqual({
      ...{ kind: 'video', codec, isFrame: true, isKeyframe: true, isConfig: false },
      ...{ dtsMs: 2 ** 32 - 1, ptsMs: 2 ** 32 - 1, tag },
    });
  });

  it('is the tag that its parts make', () => {
    const body = Uint8Array.from([0x93, ...Buffer.from('png '), ...images.png.bytes]);
    expect(createImageTag('png', 77, images.png.bytes)).toEqual(createFlvTag(flvTagTypes.video, 77, body));
  });

  it('copies the file', () => {
    const bytes = images.jpeg.bytes.slice();
    const tag = createImageTag('jpeg', 0, bytes);
    bytes.fill(0);
    expect(readImageTag(tag)?.bytes).toEqual(images.jpeg.bytes);
  });

  it('holds the largest file that its size field can say', () => {
    const tag = createImageTag('jpeg', 1, new Uint8Array(maxImageBytes));
    expect([...tag.subarray(1, 4)]).toEqual([0xff, 0xff, 0xff]);
    expect([readImageTag(tag)?.bytes.length, readFlvTimestamp(tag)]).toEqual([maxImageBytes, 1]);
  });

  it.each([
    { name: 'H.264', tag: tagOf.keyframe(0) },
    { name: 'sound', tag: tagOf.audio(0) },
    {
      name: 'data',
      tag: createFlvTag(flvTagTypes.data, 0, Uint8Array.from([0x93, ...Buffer.from('jpeg!')])),
    },
    {
      name: 'another codec',
      tag: createFlvTag(flvTagTypes.video, 0, Uint8Array.from([0x93, ...Buffer.from('av01!')])),
    },
    {
      name: 'a header',
      tag: createFlvTag(flvTagTypes.video, 0, Uint8Array.from([0x90, ...Buffer.from('jpeg!')])),
    },
    {
      name: 'no file',
      tag: createFlvTag(flvTagTypes.video, 0, Uint8Array.from([0x93, ...Buffer.from('jpeg')])),
    },
    { name: 'no body', tag: createFlvTag(flvTagTypes.video, 0, new Uint8Array(0)) },
  ])('is told from a tag with $name', ({ tag }) => {
    expect(readImageTag(tag)).toBeUndefined();
  });
});
