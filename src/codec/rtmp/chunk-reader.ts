import { checkInteger } from '../../core/check.ts';
import { ProtocolError } from '../../core/errors.ts';
import { minAssemblyBytes } from '../tag-assembler.ts';
import { ChunkStream } from './chunk-stream.ts';
import { readControl } from './control.ts';
import type { RtmpMessage } from './message.ts';

/** Options of {@link ChunkReader}. */
export interface ChunkReaderOptions {
  /** Largest message, 1 to 16 777 215. Default 16 777 215; a 4K keyframe can exceed 1 MB. */
  readonly maxMessageBytes?: number;
}

/**
 * Puts messages together from chunks (RTMP 1.0 §5.3), however the bytes are cut. Each body is copied once, into a buffer
 * with head-room for an FLV tag. Set Chunk Size and Abort concern only this layer: they are obeyed and not passed on.
 */
export class ChunkReader {
  readonly #maxMessageBytes: number;
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  // A header that was cut off waits here for its rest.
  readonly #carry = new Uint8Array(carryBytes);
  #carriedBytes = 0;
  #chunkBytes = defaultChunkBytes;
  #current = new ChunkStream();
  #currentId = -1;
  #chunkLeftBytes = 0;
  #partialBytes = 0;
  #grantedBytes = 0;

  /**
   * @param onMessage - Called for each message during `push`, in order of completion.
   * @throws {ConfigError} when an option is out of range.
   */
  constructor(onMessage: (message: RtmpMessage) => void, options: ChunkReaderOptions = {}) {
    const { maxMessageBytes = maxMessageBytesLimit } = options;
    this.#maxMessageBytes = checkInteger('maxMessageBytes', maxMessageBytes, 1, maxMessageBytesLimit);
    this.#onMessage = onMessage;
  }

  /**
   * Takes the next bytes and works until they are used up. `bytes` may be reused after the call.
   *
   * @throws {ProtocolError} `PROTOCOL_CHUNK` or `PROTOCOL_MESSAGE_TOO_LARGE`. The reader is of no use after that.
   */
  push(bytes: Uint8Array): void {
    const start = this.#carriedBytes === 0 ? 0 : this.#readCarried(bytes);
    const reached = this.#read(bytes, start, bytes.length, bytes.length);
    if (reached === bytes.length) return;
    this.#carry.set(bytes.subarray(reached));
    this.#carriedBytes = bytes.length - reached;
  }

  // Reads on from the cut-off header with enough of the new bytes behind it to complete it. Returns how many of the new
  // bytes are used. Reading may stop anywhere behind the carried bytes, even in a body: the rest is read in place.
  #readCarried(bytes: Uint8Array): number {
    const carried = this.#carriedBytes;
    const added = Math.min(bytes.length, carryBytes - carried);
    this.#carry.set(bytes.subarray(0, added), carried);
    const reached = this.#read(this.#carry, 0, carried + added, carried);
    if (reached < carried) return this.#keepCarrying(reached, carried + added, added);
    this.#carriedBytes = 0;
    return reached - carried;
  }

  // The longest header is shorter than the carry, so an incomplete one means that all new bytes are in there.
  #keepCarrying(from: number, to: number, added: number): number {
    this.#carry.copyWithin(0, from, to);
    this.#carriedBytes = to - from;
    return added;
  }

  // Reads from `start` until `stop` is reached or a header goes on beyond `end`.
  #read(bytes: Uint8Array, start: number, end: number, stop: number): number {
    let offset = start;
    while (offset < stop) {
      if (this.#chunkLeftBytes === 0) {
        const headerBytes = this.#readHeader(bytes, offset, end);
        if (headerBytes < 0) break;
        offset += headerBytes;
      }
      const chunkEnd = Math.min(end, offset + this.#chunkLeftBytes);
      this.#readBody(bytes, offset, chunkEnd);
      offset = chunkEnd;
    }
    return offset;
  }

  #readHeader(bytes: Uint8Array, offset: number, end: number): number {
    const basicBytes = basicHeaderBytes(bytes[offset]!);
    if (offset + basicBytes > end) return -1;
    const stream = this.#select(readChunkStreamId(bytes, offset, basicBytes));
    const messageHeaderBytes = stream.readHeader(bytes[offset]! >>> 6, bytes, offset + basicBytes, end);
    if (messageHeaderBytes < 0) return -1;
    if (!stream.isPartial) this.#begin(stream);
    this.#chunkLeftBytes = Math.min(this.#chunkBytes, stream.body.missingBytes);
    return basicBytes + messageHeaderBytes;
  }

  #select(id: number): ChunkStream {
    if (id === this.#currentId) return this.#current;
    this.#current = this.#streams.get(id) ?? this.#open(id);
    this.#currentId = id;
    return this.#current;
  }

  #open(id: number): ChunkStream {
    if (this.#streams.size >= maxChunkStreams) throw malformed(`more than ${maxChunkStreams} chunk streams`);
    const stream = new ChunkStream();
    this.#streams.set(id, stream);
    return stream;
  }

  // A length is only a claim. All partial messages together get this allowance ahead of their data; one that gets none
  // of it starts small and doubles.
  #begin(stream: ChunkStream): void {
    if (stream.messageBytes > this.#maxMessageBytes)
      throw tooLarge(stream.messageBytes, this.#maxMessageBytes);
    stream.grantedBytes = Math.min(stream.messageBytes, maxGrantedBytes - this.#grantedBytes);
    this.#grantedBytes += stream.grantedBytes;
    stream.body.begin(stream.messageBytes, stream.grantedBytes);
  }

  #readBody(bytes: Uint8Array, start: number, end: number): void {
    const { body } = this.#current;
    body.append(bytes, start, end);
    this.#chunkLeftBytes -= end - start;
    this.#partialBytes += end - start;
    if (body.missingBytes === 0) this.#deliver(this.#current);
    else if (this.#partialBytes > maxPartialBytes) throw tooLarge(this.#partialBytes, maxPartialBytes);
  }

  #deliver(stream: ChunkStream): void {
    this.#release(stream);
    const message = stream.takeMessage();
    const control = message.typeId <= lastChunkControlType ? readControl(message) : undefined;
    if (control?.type === 'setChunkSize') this.#setChunkSize(control.chunkBytes);
    else if (control?.type === 'abort') this.#abort(control.chunkStreamId);
    else this.#onMessage(message);
  }

  #release(stream: ChunkStream): void {
    this.#grantedBytes -= stream.grantedBytes;
    this.#partialBytes -= stream.body.receivedBytes;
    stream.grantedBytes = 0;
  }

  #setChunkSize(chunkBytes: number): void {
    if (!(chunkBytes >= 1 && chunkBytes <= maxChunkBytes)) throw malformed(`chunk size ${chunkBytes}`);
    this.#chunkBytes = chunkBytes;
  }

  #abort(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#release(stream);
    stream.body.clear();
  }
}

/** The chunk size of both directions until Set Chunk Size changes it (RTMP 1.0 §5.4.1). */
export const defaultChunkBytes = 128;

/** The largest chunk size that can be said: the top bit of its 32 must be 0. */
export const maxChunkBytes = 0x7fff_ffff;

const maxMessageBytesLimit = 0xff_ffff; // The length field has 24 bits.
const maxChunkStreams = 64;
const maxGrantedBytes = 1024 * 1024;

// One message of the largest size must fit, and some beside it. The chunk that goes over ends the connection.
const maxPartialBytes = 16 * 1024 * 1024 + 16 * minAssemblyBytes;

// A basic header of 3 bytes, a message header of 11, an extended time of 4 make 18; the rest is room to read on.
const carryBytes = 64;

const lastChunkControlType = 2;

function basicHeaderBytes(first: number): number {
  const id = first & 0x3f;
  return id > 1 ? 1 : id + 2;
}

function readChunkStreamId(bytes: Uint8Array, offset: number, basicBytes: number): number {
  if (basicBytes === 1) return bytes[offset]! & 0x3f;
  return 64 + bytes[offset + 1]! + (basicBytes === 3 ? bytes[offset + 2]! * 256 : 0);
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_CHUNK', `malformed chunk: ${what}`);
}

function tooLarge(size: number, limit: number): ProtocolError {
  return new ProtocolError('PROTOCOL_MESSAGE_TOO_LARGE', `messages of ${size} bytes, limit ${limit}`);
}
