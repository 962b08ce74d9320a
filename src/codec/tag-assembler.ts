import { flvTagHeaderBytes, flvTagTrailerBytes } from '../media/flv-tag.ts';

/** Memory that is taken for a body before any of it has arrived, at most. */
export const minAssemblyBytes = 4096;

// Below this, a loop is faster than making the view that `set` needs.
const loopBytes = 32;

const nothing = new Uint8Array(0);
const frameBytes = flvTagHeaderBytes + flvTagTrailerBytes;

/**
 * Collects a body of known size between the head-room and the tail-room of an FLV tag. The announced size is only a
 * claim, so memory follows what has arrived (doubling) and the last step is exact: the finished tag owns its buffer.
 */
export class TagAssembler {
  #tag: Uint8Array<ArrayBuffer> = nothing;
  #bodyBytes = 0;
  #receivedBytes = 0;

  /** Bytes of the body that are here. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Bytes of the body still to come; 0 when it is complete, or none was begun. */
  get missingBytes(): number {
    return this.#bodyBytes - this.#receivedBytes;
  }

  /**
   * Starts a body.
   *
   * @param eagerBytes - How much of it the caller trusts to come; so much is allocated at once.
   */
  begin(bodyBytes: number, eagerBytes: number): void {
    this.#bodyBytes = bodyBytes;
    this.#receivedBytes = 0;
    this.#tag = new Uint8Array(Math.min(bodyBytes, Math.max(minAssemblyBytes, eagerBytes)) + frameBytes);
  }

  /** Copies `bytes` from `start` to `end`, which must not be more than is missing. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const count = end - start;
    const offset = flvTagHeaderBytes + this.#receivedBytes;
    if (offset + count + flvTagTrailerBytes > this.#tag.length) this.#grow(this.#receivedBytes + count);
    if (count > loopBytes) this.#tag.set(bytes.subarray(start, end), offset);
    else for (let index = 0; index < count; index++) this.#tag[offset + index] = bytes[start + index]!;
    this.#receivedBytes += count;
  }

  /** Hands over the tag, its header and trailer not yet written. The caller owns the buffer. */
  finish(): Uint8Array<ArrayBuffer> {
    const tag = this.#tag;
    this.clear();
    return tag;
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#tag = nothing;
    this.#bodyBytes = 0;
    this.#receivedBytes = 0;
  }

  #grow(neededBytes: number): void {
    const doubled = Math.max(neededBytes, 2 * (this.#tag.length - frameBytes));
    const larger = new Uint8Array(Math.min(this.#bodyBytes, doubled) + frameBytes);
    larger.set(this.#tag.subarray(0, flvTagHeaderBytes + this.#receivedBytes));
    this.#tag = larger;
  }
}
