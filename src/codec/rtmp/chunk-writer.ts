import { checkInteger } from '../../core/check.ts';
import { writeUint24 } from '../../media/flv-tag.ts';
import { writeUint32 } from '../bytes.ts';
import { defaultChunkBytes, maxChunkBytes } from './chunk-reader.ts';
import { extendedTimeMark } from './chunk-stream.ts';
import type { OutgoingMessage } from './message.ts';

/**
 * Cuts messages into chunks (RTMP 1.0 §5.3.1): a full header in the first, none in the others, an extended timestamp in
 * all of them.
 */
export class ChunkWriter {
  #chunkBytes: number = defaultChunkBytes;

  /** Changes the size of the chunks from the next message on; the peer must have been told. */
  setChunkSize(chunkBytes: number): void {
    this.#chunkBytes = checkInteger('chunkSize', chunkBytes, 1, maxChunkBytes);
  }

  /** Writes one message, all of its chunks joined, into a buffer that the caller owns. */
  write(message: OutgoingMessage): Uint8Array<ArrayBuffer> {
    const timestampMs = message.timestampMs >>> 0;
    const basic = basicHeader(message.chunkStreamId);
    const extended = timestampMs >= extendedTimeMark ? uint32(timestampMs) : nothing;
    const continuations = Math.max(0, Math.ceil(message.body.length / this.#chunkBytes) - 1);
    const headerBytes = (continuations + 1) * (basic.length + extended.length) + fullHeaderBytes;
    const bytes = new Uint8Array(headerBytes + message.body.length);
    bytes.set(basic);
    writeFullHeader(bytes, basic.length, message, Math.min(timestampMs, extendedTimeMark));
    this.#writeBody(bytes, basic.length + fullHeaderBytes, message.body, basic, extended);
    return bytes;
  }

  #writeBody(
    bytes: Uint8Array,
    from: number,
    body: Uint8Array,
    basic: Uint8Array,
    extended: Uint8Array,
  ): void {
    let offset = from;
    for (let start = 0; start === 0 || start < body.length; start += this.#chunkBytes) {
      if (start > 0) offset = writeContinuation(bytes, offset, basic);
      bytes.set(extended, offset);
      const part = body.subarray(start, start + this.#chunkBytes);
      bytes.set(part, offset + extended.length);
      offset += extended.length + part.length;
    }
  }
}

const nothing = new Uint8Array(0);
const fullHeaderBytes = 11;
const continuationFormat = 0xc0;

// Ids up to 63 stand in the first byte, up to 319 in one more, up to 65 599 in two more, low byte first (§5.3.1.1).
function basicHeader(id: number): Uint8Array {
  checkInteger('chunkStreamId', id, 2, 65_599);
  if (id < 64) return Uint8Array.of(id);
  if (id < 320) return Uint8Array.of(0, id - 64);
  return Uint8Array.of(1, id - 64, (id - 64) >>> 8);
}

function writeFullHeader(
  bytes: Uint8Array,
  offset: number,
  message: OutgoingMessage,
  timeField: number,
): void {
  writeUint24(bytes, offset, timeField);
  writeUint24(bytes, offset + 3, message.body.length);
  bytes[offset + 6] = message.typeId;
  for (let index = 0; index < 4; index++) bytes[offset + 7 + index] = message.streamId >>> (8 * index); // Little endian.
}

function writeContinuation(bytes: Uint8Array, offset: number, basic: Uint8Array): number {
  bytes.set(basic, offset);
  bytes[offset] = bytes[offset]! | continuationFormat;
  return offset + basic.length;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return bytes;
}
