import { ProtocolError } from '../core/errors.ts';

/** Length of a frame's head: the length of its body, little endian, and {@link bufferFlag}. */
export const frameHeadBytes = 4;

/** Set in the head of a frame that is a buffer on its own, not a message. */
export const bufferFlag = 0x8000_0000;

/** Longest body of a frame. The sender refuses more, the receiver does not allocate it. */
export const maxFrameBytes: number = 256 << 20;

/** What a {@link FrameReader} hands out. */
export interface FrameHandlers {
  /** The body of a message, valid until the next call of `push`. */
  message(body: Uint8Array): void;
  /** A buffer that is nobody else's. */
  buffer(buffer: ArrayBuffer): void;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  readonly #on: FrameHandlers;
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headFilled = 0;
  #body: Uint8Array | undefined;
  #bodyFilled = 0;
  #isBuffer = false;

  constructor(handlers: FrameHandlers) {
    this.#on = handlers;
  }

  /** @throws {ProtocolError} when a frame is longer than {@link maxFrameBytes}. */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      offset += this.#body === undefined ? this.#readHead(chunk, offset) : this.#fill(chunk, offset);
    }
  }

  #readHead(chunk: Uint8Array, offset: number): number {
    const part = chunk.subarray(offset, offset + frameHeadBytes - this.#headFilled);
    this.#head.set(part, this.#headFilled);
    this.#headFilled += part.length;
    if (this.#headFilled < frameHeadBytes) return part.length;
    this.#headFilled = 0;
    const head = this.#head.readUInt32LE();
    this.#isBuffer = head >= bufferFlag;
    const size = head % bufferFlag;
    if (size > maxFrameBytes) {
      throw new ProtocolError('PROTOCOL_MESSAGE_TOO_LARGE', `frame of ${size} bytes, limit ${maxFrameBytes}`);
    }
    return part.length + this.#start(chunk, offset + part.length, size);
  }

  // A message that lies whole in the chunk need not be copied.
  #start(chunk: Uint8Array, offset: number, size: number): number {
    if (!this.#isBuffer && chunk.length - offset >= size) {
      this.#on.message(chunk.subarray(offset, offset + size));
      return size;
    }
    this.#body = Buffer.allocUnsafeSlow(size);
    this.#bodyFilled = 0;
    if (size === 0) this.#finish(this.#body);
    return 0;
  }

  #fill(chunk: Uint8Array, offset: number): number {
    const body = this.#body!;
    const part = chunk.subarray(offset, offset + body.length - this.#bodyFilled);
    body.set(part, this.#bodyFilled);
    this.#bodyFilled += part.length;
    if (this.#bodyFilled < body.length) return part.length;
    this.#finish(body);
    return part.length;
  }

  #finish(body: Uint8Array): void {
    this.#body = undefined;
    if (this.#isBuffer) this.#on.buffer(body.buffer as ArrayBuffer);
    else this.#on.message(body);
  }
}
