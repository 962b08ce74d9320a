/**
 * A tag of an FLV stream. `body` is a view on the demuxer's buffer: it holds good only during the call.
 * @typedef {{ type: number, timestampMs: number, body: Uint8Array }} FlvTag
 */

/** The numbers of Adobe FLV 10.1, Annex E.4.1. */
export const tagTypes = { audio: 8, video: 9 };

const fileHeaderBytes = 9;
const tagHeaderBytes = 11;
const trailerBytes = 4;
// A 4K keyframe takes about 2 MB. What claims more than this is no picture but a broken stream.
const maxBodyBytes = 8 << 20;

/**
 * Splits an FLV byte stream, such as that of `/NAME.flv`, into the tags that engines take, however the network has cut the
 * bytes.
 */
export class FlvDemuxer {
  #onTag;
  #buffer = new Uint8Array(64 << 10);
  #used = 0;
  #isHeaderRead = false;

  /** @param {(tag: FlvTag) => void} onTag */
  constructor(onTag) {
    this.#onTag = onTag;
  }

  /**
   * Takes the next bytes and reports every tag that they complete.
   * @param {Uint8Array} bytes
   * @throws {Error} when this is no FLV stream. Start again with a new demuxer.
   */
  push(bytes) {
    this.#append(bytes);
    let offset = 0;
    for (let size = this.#read(offset); size > 0; size = this.#read(offset)) offset += size;
    this.#buffer.copyWithin(0, offset, this.#used);
    this.#used -= offset;
  }

  /** @param {Uint8Array} bytes */
  #append(bytes) {
    const needed = this.#used + bytes.length;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(bytes, this.#used);
    this.#used = needed;
  }

  /** Doubling makes a large tag in many small messages cost one copy, not one each. @param {number} needed */
  #grow(needed) {
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = grown;
  }

  /** Reads what stands at `offset` and returns its size, or 0 while it is not complete. @param {number} offset */
  #read(offset) {
    return this.#isHeaderRead ? this.#readTag(offset) : this.#readFileHeader(offset);
  }

  /** @param {number} offset */
  #readFileHeader(offset) {
    if (this.#used - offset < fileHeaderBytes) return 0;
    const header = new DataView(this.#buffer.buffer, offset, fileHeaderBytes);
    if (header.getUint32(0) !== 0x464c_5601)
      throw new Error('the stream does not start as FLV version 1 does');
    const bodyOffset = header.getUint32(5);
    if (bodyOffset < fileHeaderBytes || bodyOffset > 1024)
      throw new Error(`FLV header of ${bodyOffset} bytes`);
    const size = bodyOffset + trailerBytes;
    if (this.#used - offset < size) return 0;
    this.#isHeaderRead = true;
    return size;
  }

  /** @param {number} offset */
  #readTag(offset) {
    if (this.#used - offset < tagHeaderBytes) return 0;
    const header = new DataView(this.#buffer.buffer, offset, tagHeaderBytes);
    const bodyBytes = header.getUint32(0) & 0xff_ffff;
    if (bodyBytes > maxBodyBytes) throw new Error(`FLV tag of ${bodyBytes} bytes, limit ${maxBodyBytes}`);
    const size = tagHeaderBytes + bodyBytes + trailerBytes;
    if (this.#used - offset < size) return 0;
    this.#checkTrailer(offset + tagHeaderBytes + bodyBytes, tagHeaderBytes + bodyBytes);
    this.#onTag({
      type: header.getUint8(0) & 0x1f,
      timestampMs: (header.getUint32(4) >>> 8) + header.getUint8(7) * 0x100_0000,
      body: this.#buffer.subarray(offset + tagHeaderBytes, offset + tagHeaderBytes + bodyBytes),
    });
    return size;
  }

  /** Every tag is followed by its size. Another number there means that the place in the stream is lost. */
  #checkTrailer(/** @type {number} */ offset, /** @type {number} */ expected) {
    const found = new DataView(this.#buffer.buffer, offset, trailerBytes).getUint32(0);
    if (found !== expected) throw new Error(`FLV tag of ${expected} bytes is followed by the size ${found}`);
  }
}
