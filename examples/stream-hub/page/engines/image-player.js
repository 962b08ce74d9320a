/**
 * @import { EngineHandlers } from './engines.js'
 * @import { CodedImage } from '../codec/flv-codec.js'
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 */

import { readVideoTag } from '../codec/flv-codec.js';
import { tagTypes } from '../codec/flv-demuxer.js';
import { CanvasPicture } from './canvas-picture.js';

/**
 * @typedef {{ blob: Blob, timestampMs: number, arrivedAtMs: number }} WaitingImage
 */

// A small file can hold a picture that fills the memory.
const maxPixels = 8192 * 8192;

/** Shows a stream of image files. One is decoded at a time and one waits: a newer one takes its place. */
export class ImagePlayer {
  name = 'image';
  #handlers;
  #picture;
  #framesDecoded = 0;
  #framesSkipped = 0;
  #errors = 0;
  /** @type {string | null} */
  #mimeType = null;
  /** @type {WaitingImage | null} */
  #waiting = null;
  #isDecoding = false;
  /** Grows with every close, so that what was decoded for another stream is not shown. */
  #generation = 0;
  #isOpen = false;

  /** @param {EngineHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#picture = new CanvasPicture(handlers.onPicture);
  }

  /** Where the picture is. */
  get element() {
    return this.#picture.canvas;
  }

  /** Gets ready for a stream. */
  open() {
    this.close();
    this.#isOpen = true;
  }

  /** @param {FlvTag} tag */
  takeTag({ type, timestampMs, body }) {
    if (!this.#isOpen || type !== tagTypes.video) return;
    const content = readVideoTag(body);
    if (content?.kind === 'image') this.#take(content, timestampMs);
    if (content?.kind === 'unsupported') this.#handlers.onUnsupported(content.codec);
  }

  /** Nothing to do: it is never behind by more than two images. */
  dropToLive() {}

  /** Forgets the stream. The last picture stays. */
  close() {
    this.#isOpen = false;
    this.#generation++;
    this.#waiting = null;
    this.#picture.stop();
  }

  /** Makes the picture black. */
  clear() {
    this.#picture.clear();
  }

  /** Nothing to do: images make no sound. */
  setMuted() {}

  /** Numbers of the stream that plays. */
  stats() {
    const { framesShown, framesReplaced, delayMs, canvas } = this.#picture;
    return {
      framesShown,
      framesReplaced,
      delayMs,
      width: canvas.width,
      height: canvas.height,
      codec: this.#mimeType,
      framesDecoded: this.#framesDecoded,
      framesSkipped: this.#framesSkipped,
      errors: this.#errors,
      sound: { isOn: false },
      soundProblem: null,
    };
  }

  /**
   * @param {CodedImage} image
   * @param {number} timestampMs
   */
  #take({ mimeType, data }, timestampMs) {
    this.#mimeType = mimeType;
    if (this.#waiting !== null) this.#framesSkipped++;
    const blob = new Blob([/** @type {BlobPart} */ (data)], { type: mimeType });
    this.#waiting = { blob, timestampMs, arrivedAtMs: performance.now() };
    if (!this.#isDecoding) this.#decodeAll();
  }

  async #decodeAll() {
    this.#isDecoding = true;
    for (let image = this.#takeWaiting(); image !== null; image = this.#takeWaiting())
      await this.#decode(image);
    this.#isDecoding = false;
  }

  #takeWaiting() {
    const image = this.#waiting;
    this.#waiting = null;
    return image;
  }

  /** @param {WaitingImage} image */
  async #decode({ blob, timestampMs, arrivedAtMs }) {
    const generation = this.#generation;
    // One that is broken is one picture less, no more.
    const source = await createImageBitmap(blob).catch(() => null);
    if (source === null) this.#errors++;
    if (source === null || generation !== this.#generation) return source?.close();
    this.#framesDecoded++;
    const { width, height } = source;
    if (width * height > maxPixels) return source.close();
    this.#picture.show({ source, width, height, timestampMs, arrivedAtMs });
  }
}
