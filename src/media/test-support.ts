import { createFlvTag, type FlvTagType, flvTagBody, flvTagTypes } from './flv-tag.ts';
import { type MediaPacket, readMediaPacket } from './media-packet.ts';

type Tag = Uint8Array<ArrayBuffer>;

/** Tags as an encoder sends them: H.264 and AAC with just enough in them to be told apart. */
export const tagOf = {
  videoHeader: (content: number = 1, timestampMs: number = 0): Tag =>
    tag(flvTagTypes.video, timestampMs, [0x17, 0, 0, 0, 0, content]),
  audioHeader: (content: number = 1, timestampMs: number = 0): Tag =>
    tag(flvTagTypes.audio, timestampMs, [0xaf, 0, content]),
  metadata: (content: number = 1, timestampMs: number = 0): Tag =>
    tag(flvTagTypes.data, timestampMs, [2, 0, 10, ...Buffer.from('onMetaData'), content]),
  keyframe: (timestampMs: number, bytes: number = 8): Tag =>
    tag(flvTagTypes.video, timestampMs, [0x17, 1, 0, 0, 0], bytes),
  frame: (timestampMs: number, bytes: number = 8): Tag =>
    tag(flvTagTypes.video, timestampMs, [0x27, 1, 0, 0, 0], bytes),
  audio: (timestampMs: number, bytes: number = 8): Tag =>
    tag(flvTagTypes.audio, timestampMs, [0xaf, 1], bytes),
} as const;

/** A word for a tag, such as `'keyframe 40'` or `'video header 1'`. */
export function nameOf(tag: Tag): string {
  return namePacket(readMediaPacket(tag));
}

/** A word for a packet, such as `'keyframe 40'` or `'video header 1'`. */
export function namePacket({ kind, isConfig, isKeyframe, dtsMs, tag }: MediaPacket): string {
  if (isConfig) return `${kind} header ${flvTagBody(tag).at(-1)}`;
  return `${isKeyframe ? 'keyframe' : kind} ${dtsMs}`;
}

function tag(
  type: FlvTagType,
  timestampMs: number,
  head: readonly number[],
  bytes: number = head.length,
): Tag {
  const body = new Uint8Array(Math.max(bytes, head.length));
  body.set(head);
  return createFlvTag(type, timestampMs, body);
}
