/**
 * The frame of an FLV tag (Adobe Flash Video File Format 10.1, Annex E.4.1): 11 bytes of header, the body, and the
 * 4-byte size that stands behind every tag. RTMP audio and video bodies are tag bodies, so a packet that was read into a
 * buffer with this head-room *is* the tag, and the same bytes serve every viewer.
 */

/** Bytes before the body: type, 24-bit size, 24-bit timestamp, its upper 8 bits, 24-bit stream id. */
export const flvTagHeaderBytes = 11;

/** Bytes behind the body: the size of header and body. */
export const flvTagTrailerBytes = 4;

/** What a tag carries. RTMP uses the same numbers as message types. */
export const flvTagTypes = {
  /** Sound. */
  audio: 8,
  /** Pictures. */
  video: 9,
  /** Metadata and cue points, as AMF. */
  data: 18,
} as const;

/** One of {@link flvTagTypes}. */
export type FlvTagType = (typeof flvTagTypes)[keyof typeof flvTagTypes];

/** Reads a 24-bit big-endian unsigned integer. */
export function readUint24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

/** Writes a 24-bit big-endian unsigned integer. */
export function writeUint24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}

/**
 * Writes header and trailer around a body that already stands at {@link flvTagHeaderBytes}.
 *
 * @param tag - The whole tag: header, body, trailer.
 * @param timestampMs - Decoding time, 0 to 2^32 - 1.
 */
export function frameFlvTag(tag: Uint8Array, type: FlvTagType, timestampMs: number): void {
  const bodyBytes = tag.length - flvTagHeaderBytes - flvTagTrailerBytes;
  tag[0] = type;
  writeUint24(tag, 1, bodyBytes);
  writeFlvTimestamp(tag, timestampMs);
  writeUint24(tag, 8, 0);
  const size = flvTagHeaderBytes + bodyBytes;
  tag[tag.length - 4] = size >>> 24;
  writeUint24(tag, tag.length - 3, size);
}

/** Makes a tag around a copy of `body`. */
export function createFlvTag(
  type: FlvTagType,
  timestampMs: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const tag = new Uint8Array(flvTagHeaderBytes + body.length + flvTagTrailerBytes);
  tag.set(body, flvTagHeaderBytes);
  frameFlvTag(tag, type, timestampMs);
  return tag;
}

/** The body of a tag, as a view on the same bytes. */
export function flvTagBody(tag: Uint8Array): Uint8Array {
  return tag.subarray(flvTagHeaderBytes, tag.length - flvTagTrailerBytes);
}

/** Reads the decoding time in ms, 0 to 2^32 - 1. The upper 8 bits stand behind the lower 24 (E.4.1). */
export function readFlvTimestamp(tag: Uint8Array): number {
  return ((tag[7]! << 24) | readUint24(tag, 4)) >>> 0;
}

/** Writes the decoding time in ms; a larger number wraps at 2^32 as RTMP timestamps do. */
export function writeFlvTimestamp(tag: Uint8Array, timestampMs: number): void {
  const wrapped = timestampMs >>> 0;
  writeUint24(tag, 4, wrapped & 0xff_ffff);
  tag[7] = wrapped >>> 24;
}
