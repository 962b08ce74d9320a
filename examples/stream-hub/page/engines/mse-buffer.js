/**
 * @import { Segment } from '../codec/fmp4-video.js'
 */
import { concat } from '../codec/fmp4-boxes.js';

/**
 * What a buffer tells its owner.
 * @typedef {object} BufferHandlers
 * @property {() => number} findRemovableMs up to which time nothing is needed any more
 * @property {(codec: string) => void} onUnsupported the browser cannot play this
 * @property {(error: Error) => void} onBroken nothing can be added any more
 */

const maxQueuedBytes = 8 << 20;
// What came while the browser was busy goes in as one piece; more than this at once would hold up the page.
const maxAppendBytes = 1 << 20;

/** The class that this browser has: Safari on telephones knows the managed one only. @returns {typeof MediaSource} */
export function mediaSourceClass() {
  return globalThis.MediaSource ?? Reflect.get(globalThis, 'ManagedMediaSource');
}

/** Feeds a SourceBuffer, which takes one piece at a time. */
export class MseBuffer {
  #source;
  #handlers;
  /** @type {SourceBuffer | null} */
  #buffer = null;
  #mimeType = '';
  /** @type {{ mimeType: string | null, bytes: Uint8Array }[]} */
  #queue = [];
  #queuedBytes = 0;
  #removeEndMs = 0;
  #removedMs = 0;
  #listening = new AbortController();

  /**
   * @param {MediaSource} source
   * @param {BufferHandlers} handlers
   */
  constructor(source, handlers) {
    this.#source = source;
    this.#handlers = handlers;
    source.addEventListener('sourceopen', () => this.#pump(), this.#listening);
  }

  /** How far the buffer was emptied, in ms of its own time. */
  get removedMs() {
    return this.#removedMs;
  }

  /** @param {Segment} segment */
  append({ init, bytes }) {
    if (init !== null) this.#push(init);
    this.#push({ mimeType: null, bytes });
    if (this.#queuedBytes > maxQueuedBytes)
      return this.#handlers.onBroken(
        new Error(`the browser takes no media: ${this.#queuedBytes} bytes wait`),
      );
    this.#pump();
  }

  /** Drops what lies before this time. It has to be that of a keyframe, or what follows cannot be decoded. @param {number} endMs */
  removeBefore(endMs) {
    this.#removeEndMs = Math.max(this.#removeEndMs, endMs);
    this.#pump();
  }

  /** Nothing is called or added any more. */
  close() {
    this.#listening.abort();
    this.#queue = [];
    this.#buffer = null;
  }

  /** @param {{ mimeType: string | null, bytes: Uint8Array }} item */
  #push(item) {
    this.#queue.push(item);
    this.#queuedBytes += item.bytes.length;
  }

  #pump() {
    const isClosed = this.#listening.signal.aborted;
    if (isClosed || this.#source.readyState !== 'open' || this.#buffer?.updating) return;
    if (this.#removeEndMs > this.#removedMs) return this.#remove();
    const mimeType = this.#queue[0]?.mimeType ?? this.#mimeType;
    if (this.#queue.length === 0) return;
    try {
      if (this.#takeType(mimeType)) this.#append();
    } catch (error) {
      this.#refused(/** @type {Error} */ (error));
    }
  }

  #remove() {
    this.#removedMs = this.#removeEndMs;
    this.#buffer?.remove(0, this.#removeEndMs / 1_000);
  }

  /** Opens the buffer, or changes what it takes. @param {string} mimeType */
  #takeType(mimeType) {
    if (mimeType === this.#mimeType) return true;
    if (!mediaSourceClass().isTypeSupported(mimeType)) {
      this.#handlers.onUnsupported(mimeType);
      return false;
    }
    this.#mimeType = mimeType;
    if (this.#buffer === null) this.#open(mimeType);
    else this.#buffer.changeType(mimeType);
    return true;
  }

  /** @param {string} mimeType */
  #open(mimeType) {
    this.#buffer = this.#source.addSourceBuffer(mimeType);
    this.#buffer.addEventListener('updateend', () => this.#pump(), this.#listening);
  }

  #append() {
    const count = this.#countNext();
    const pieces = this.#queue.slice(0, count).map(({ bytes }) => bytes);
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    this.#buffer?.appendBuffer(concat(pieces, size));
    this.#queue.splice(0, count);
    this.#queuedBytes -= size;
  }

  /** How many of those that wait fit into one piece: at least one, and none of another type behind it. */
  #countNext() {
    let size = 0;
    const end = this.#queue.findIndex(({ mimeType, bytes }, index) => {
      size += bytes.length;
      return index > 0 && (mimeType !== null || size > maxAppendBytes);
    });
    return end < 0 ? this.#queue.length : end;
  }

  /** A full buffer is emptied as far as possible, and tried again. @param {Error} error */
  #refused(error) {
    const removableMs = error.name === 'QuotaExceededError' ? this.#handlers.findRemovableMs() : 0;
    if (removableMs <= this.#removedMs) return this.#handlers.onBroken(error);
    this.removeBefore(removableMs);
  }
}
