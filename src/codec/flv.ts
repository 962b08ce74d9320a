import { checkInteger } from '../core/check.ts';
import { ProtocolError } from '../core/errors.ts';
import {
  type FlvTagType,
  flvTagHeaderBytes,
  flvTagTrailerBytes,
  flvTagTypes,
  frameFlvTag,
  readFlvTimestamp,
  readUint24,
} from '../media/flv-tag.ts';
import { readUint32 } from './bytes.ts';
import { TagAssembler } from './tag-assembler.ts';

/** Options of {@link FlvReader}. */
export interface FlvReaderOptions {
  /** Largest tag, header and trailer included. Default 16 777 231: 16 MiB and the 15 bytes around it. */
  readonly maxTagBytes?: number;
}

/**
 * Makes the start of an FLV file or stream: the file header (Annex E.2) and the size 0 that stands before the first tag.
 */
export function flvFileHeader(contents: {
  readonly audio: boolean;
  readonly video: boolean;
}): Uint8Array<ArrayBuffer> {
  const flags = (contents.audio ? 4 : 0) | (contents.video ? 1 : 0);
  return Uint8Array.of(...signature, version, flags, 0, 0, 0, fileHeaderBytes, 0, 0, 0, 0);
}

/**
 * Splits an FLV stream into its tags, however the bytes are cut. Each tag stands whole (header, body, trailer) in a
 * buffer of its own that the caller owns. Header and trailer are written anew, because files with a wrong trailing size
 * or a stream id other than 0 are common.
 */
export class FlvReader {
  readonly #maxBodyBytes: number;
  readonly #field = new Uint8Array(flvTagHeaderBytes);
  readonly #body = new TagAssembler();
  #fieldBytes = 0;
  #step: Step = 'file-header';
  #skipBytes = 0;

  /** @throws {ConfigError} when `maxTagBytes` is out of range. */
  constructor(options: FlvReaderOptions = {}) {
    const { maxTagBytes = defaultMaxTagBytes } = options;
    this.#maxBodyBytes =
      checkInteger('maxTagBytes', maxTagBytes, frameBytes, defaultMaxTagBytes) - frameBytes;
  }

  /**
   * Takes the next bytes and returns the tags that are complete now. `bytes` may be reused after the call. Tags that
   * stand before a broken one are returned first; the next call throws.
   *
   * @throws {ProtocolError} `PROTOCOL_FLV` when this is no FLV, a tag is of an unknown type, encrypted or too large.
   */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const tags: Uint8Array<ArrayBuffer>[] = [];
    try {
      let offset = 0;
      while (offset < bytes.length) offset = this.#steps[this.#step](bytes, offset, tags);
    } catch (error) {
      if (tags.length === 0) throw error; // Otherwise later: the broken header stays in place, whatever follows it.
    }
    return tags;
  }

  readonly #steps: Readonly<Record<Step, StepReader>> = {
    'file-header': (bytes, offset) =>
      this.#readField(bytes, offset, fileHeaderBytes, () => this.#startFile()),
    skip: (bytes, offset) => this.#skip(bytes, offset),
    'tag-header': (bytes, offset, tags) =>
      this.#readField(bytes, offset, flvTagHeaderBytes, () => this.#startTag(tags)),
    body: (bytes, offset, tags) => this.#readBody(bytes, offset, tags),
  };

  #readField(bytes: Uint8Array, offset: number, size: number, done: () => void): number {
    const end = Math.min(bytes.length, offset + size - this.#fieldBytes);
    this.#field.set(bytes.subarray(offset, end), this.#fieldBytes);
    this.#fieldBytes += end - offset;
    if (this.#fieldBytes === size) done();
    return end;
  }

  #startFile(): void {
    if (signature.some((byte, index) => this.#field[index] !== byte))
      throw malformed('the signature is not FLV');
    const headerBytes = readUint32(this.#field, 5);
    if (headerBytes < fileHeaderBytes) throw malformed(`a file header of ${headerBytes} bytes`);
    this.#startSkip(headerBytes - fileHeaderBytes + flvTagTrailerBytes);
  }

  #startTag(tags: Uint8Array<ArrayBuffer>[]): void {
    const bodyBytes = readUint24(this.#field, 1);
    if (!knownTypes.has(this.#field[0]!)) throw malformed(`a tag of type ${this.#field[0]}`);
    if (bodyBytes > this.#maxBodyBytes)
      throw malformed(`a tag body of ${bodyBytes} bytes, limit ${this.#maxBodyBytes}`);
    this.#body.begin(bodyBytes, eagerBytes);
    this.#step = 'body';
    if (bodyBytes === 0) this.#finishTag(tags);
  }

  #readBody(bytes: Uint8Array, offset: number, tags: Uint8Array<ArrayBuffer>[]): number {
    const end = Math.min(bytes.length, offset + this.#body.missingBytes);
    this.#body.append(bytes, offset, end);
    if (this.#body.missingBytes === 0) this.#finishTag(tags);
    return end;
  }

  #finishTag(tags: Uint8Array<ArrayBuffer>[]): void {
    const tag = this.#body.finish();
    frameFlvTag(tag, this.#field[0] as FlvTagType, readFlvTimestamp(this.#field));
    tags.push(tag);
    this.#startSkip(flvTagTrailerBytes);
  }

  #startSkip(count: number): void {
    this.#skipBytes = count;
    this.#step = 'skip';
  }

  #skip(bytes: Uint8Array, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#skipBytes);
    this.#skipBytes -= end - offset;
    if (this.#skipBytes > 0) return end;
    this.#fieldBytes = 0;
    this.#step = 'tag-header';
    return end;
  }
}

type Step = 'file-header' | 'skip' | 'tag-header' | 'body';
type StepReader = (bytes: Uint8Array, offset: number, tags: Uint8Array<ArrayBuffer>[]) => number;

const signature = [0x46, 0x4c, 0x56];
const version = 1;
const fileHeaderBytes = 9;
const frameBytes = flvTagHeaderBytes + flvTagTrailerBytes;
const defaultMaxTagBytes = 16 * 1024 * 1024 + frameBytes;
const knownTypes: ReadonlySet<number> = new Set(Object.values(flvTagTypes));

// One tag is open at a time, so trusting its announced size this far costs at most this much.
const eagerBytes = 1024 * 1024;

function malformed(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_FLV', `malformed FLV: ${what}`);
}
