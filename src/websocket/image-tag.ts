import {
  flvTagBody,
  flvTagHeaderBytes,
  flvTagTrailerBytes,
  flvTagTypes,
  frameFlvTag,
} from '../media/flv-tag.ts';
import type { ImageType } from './image-frame.ts';

/** A picture as it travels in a tag. */
export interface TaggedImage {
  /** What kind of file it is. */
  readonly type: ImageType;
  /** The file, as a view on the tag. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

// Enhanced RTMP v2, ExVideoTagHeader: the extended form, a keyframe, packet type CodedFramesX. Then the FourCC.
const headByte = 0x80 | (1 << 4) | 3;

/** Bytes in front of the file in the body of a tag: the head and the FourCC. */
export const imageHeadBytes = 5;

/** Largest file that a tag can hold: its size field has 24 bits. */
export const maxImageBytes: number = 0xff_ffff - imageHeadBytes;

const fourCcs: Readonly<Record<ImageType, string>> = { jpeg: 'jpeg', png: 'png ', webp: 'webp' };
const types = new Map(Object.entries(fourCcs).map(([type, fourCc]) => [fourCc, type as ImageType]));

/** Puts a copy of an image file of at most {@link maxImageBytes} into a video tag. Every picture is a keyframe. */
export function createImageTag(
  type: ImageType,
  timestampMs: number,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const start = flvTagHeaderBytes + imageHeadBytes;
  const tag = new Uint8Array(start + bytes.length + flvTagTrailerBytes);
  tag[flvTagHeaderBytes] = headByte;
  for (let index = 0; index < 4; index++)
    tag[flvTagHeaderBytes + 1 + index] = fourCcs[type].charCodeAt(index);
  tag.set(bytes, start);
  frameFlvTag(tag, flvTagTypes.video, timestampMs);
  return tag;
}

/** The image file in a tag; `undefined` when it holds none. */
export function readImageTag(tag: Uint8Array<ArrayBuffer>): TaggedImage | undefined {
  const body = flvTagBody(tag) as Uint8Array<ArrayBuffer>;
  if (tag[0] !== flvTagTypes.video || body.length <= imageHeadBytes || body[0] !== headByte) return undefined;
  const type = types.get(String.fromCharCode(...body.subarray(1, imageHeadBytes)));
  return type === undefined ? undefined : { type, bytes: body.subarray(imageHeadBytes) };
}
