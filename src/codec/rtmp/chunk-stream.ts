import { ProtocolError } from '../../core/errors.ts';
import { flvTagHeaderBytes, flvTagTrailerBytes, readUint24 } from '../../media/flv-tag.ts';
import { readUint32 } from '../bytes.ts';
import { TagAssembler } from '../tag-assembler.ts';
import type { RtmpMessage } from './message.ts';

/** Stands in a 24-bit time field when the time follows in 32 bits (RTMP 1.0 §5.3.1.3). */
export const extendedTimeMark = 0xff_ffff;

const extendedTimeBytes = 4;

// Message header sizes of chunk formats 0 to 2 (§5.3.1.2); format 3 has none.
const headerSizes = [11, 7, 3] as const;

/** One chunk stream: the header fields that later chunks leave out, and the message that is being put together. */
export class ChunkStream {
  /** The body of the message that is open. */
  readonly body: TagAssembler = new TagAssembler();
  /** What the reader lent this message of its allowance for memory ahead of data. */
  grantedBytes = 0;
  /** The size of the message that is open, or was last. */
  messageBytes = 0;
  #isFresh = true;
  #timestampMs = 0;
  #deltaMs = 0;
  #typeId = 0;
  #streamId = 0;
  // The 32-bit time of the newest header of format 0, 1 or 2, if that header had one.
  #extendedTime: number | undefined;

  /** Whether a message is open that needs more chunks. */
  get isPartial(): boolean {
    return this.body.missingBytes > 0;
  }

  /**
   * Takes a chunk's message header, which starts at `offset`. Returns its size, or -1, and nothing done, when some of
   * it lies beyond `end`.
   *
   * @throws {ProtocolError} `PROTOCOL_CHUNK` when the header cannot stand here.
   */
  readHeader(format: number, bytes: Uint8Array, offset: number, end: number): number {
    // Format 1 may open a chunk stream, as librtmp does with its pings; the others refer to a header that must exist.
    if (format >= 2 && this.#isFresh) throw malformed(`a chunk stream opens with format ${format}`);
    return format === 3
      ? this.#repeatHeader(bytes, offset, end)
      : this.#newHeader(format, bytes, offset, end);
  }

  /** Hands over the finished message. */
  takeMessage(): RtmpMessage {
    const tag = this.body.finish();
    return {
      typeId: this.#typeId,
      streamId: this.#streamId,
      timestampMs: this.#timestampMs,
      body: tag.subarray(flvTagHeaderBytes, tag.length - flvTagTrailerBytes),
      tag,
    };
  }

  #newHeader(format: number, bytes: Uint8Array, offset: number, end: number): number {
    const plainSize = headerSizes[format]!;
    if (offset + plainSize > end) return -1;
    const timeField = readUint24(bytes, offset);
    const isExtended = timeField === extendedTimeMark;
    const size = isExtended ? plainSize + extendedTimeBytes : plainSize;
    if (offset + size > end) return -1;
    if (this.isPartial) throw malformed(`a format ${format} header inside a message`);
    const timeMs = isExtended ? readUint32(bytes, offset + plainSize) : timeField;
    this.#extendedTime = isExtended ? timeMs : undefined;
    this.#isFresh = false;
    this.#setTime(format, timeMs);
    if (format <= 1) this.#setKind(bytes, offset);
    if (format === 0) this.#streamId = readLittleEndian(bytes, offset + 7);
    return size;
  }

  // A delta that follows a format 0 header is that header's time (§5.3.1.2.4).
  #setTime(format: number, timeMs: number): void {
    this.#deltaMs = timeMs;
    this.#timestampMs = format === 0 ? timeMs : (this.#timestampMs + timeMs) >>> 0;
  }

  #setKind(bytes: Uint8Array, offset: number): void {
    this.messageBytes = readUint24(bytes, offset + 3);
    this.#typeId = bytes[offset + 6]!;
  }

  #repeatHeader(bytes: Uint8Array, offset: number, end: number): number {
    const size = this.#repeatedTimeBytes(bytes, offset, end);
    if (size >= 0 && !this.isPartial) this.#timestampMs = (this.#timestampMs + this.#deltaMs) >>> 0;
    return size;
  }

  // The spec repeats an extended time in every format 3 chunk; librtmp left it out for years, and so do encoders that
  // carry a copy of it. So it is there if these bytes are the time that was sent; the first byte that differs says no.
  #repeatedTimeBytes(bytes: Uint8Array, offset: number, end: number): number {
    if (this.#extendedTime === undefined) return 0;
    for (let index = 0; index < extendedTimeBytes; index++) {
      if (offset + index >= end) return -1;
      if (bytes[offset + index] !== ((this.#extendedTime >>> (24 - 8 * index)) & 0xff)) return 0;
    }
    return extendedTimeBytes;
  }
}

function readLittleEndian(bytes: Uint8Array, offset: number): number {
  const high = (bytes[offset + 3]! << 24) | (bytes[offset + 2]! << 16);
  return (high | (bytes[offset + 1]! << 8) | bytes[offset]!) >>> 0;
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_CHUNK', `malformed chunk: ${what}`);
}
