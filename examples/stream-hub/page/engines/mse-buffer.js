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
 * @property {(newestMs: number) => void} onAdded everything up to the segment of this time can be played
 */

/** @typedef {{ mimeType: string | null, bytes: Uint8Array, timeMs: number }} Item */

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
  /** @type {Item[]} */
  #queue = [];
  #queuedBytes = 0;
  /** From a call to its `updateend`; the browser's own `updating` is false again a moment before that event. */
  #isBusy = false;
  /** The newest of what the browser works on. @type {number | null} */
  #addingMs = null;
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
  append({ init, bytes, timeMs }) {
    if (init !== null) this.#push({ ...init, timeMs });
    this.#push({ mimeType: null, bytes, timeMs });
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

  /** @param {Item} item */
  #push(item) {
    this.#queue.push(item);
    this.#queuedBytes += item.bytes.length;
  }

  #pump() {
    const isClosed = this.#listening.signal.aborted;
    if (isClosed || this.#source.readyState !== 'open' || this.#isBusy) return;
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
    if (this.#buffer === null) return;
    this.#isBusy = true;
    this.#buffer.remove(0, this.#removeEndMs / 1_000);
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
    this.#buffer.addEventListener('updateend', () => this.#updated(), this.#listening);
  }

  #updated() {
    const addedMs = this.#addingMs;
    this.#isBusy = false;
    this.#addingMs = null;
    if (addedMs !== null) this.#handlers.onAdded(addedMs);
    this.#pump();
  }

  #append() {
    const count = this.#countNext();
    const items = this.#queue.slice(0, count);
    const size = items.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const pieces = items.map(({ bytes }) => bytes);
    this.#buffer?.appendBuffer(concat(pieces, size));
    this.#isBusy = true;
    this.#addingMs = Math.max(...items.map(({ timeMs }) => timeMs));
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
