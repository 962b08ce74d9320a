/**
 * @import { Segment } from '../codec/fmp4-video.js'
 * @import { LiveEdge } from './live-edge.js'
 */
import { MseBuffer, mediaSourceClass } from './mse-buffer.js';

/**
 * @typedef {object} MediaHandlers
 * @property {(codec: string) => void} onUnsupported
 * @property {(error: Error) => void} onBroken
 * @property {() => void} [onUnderrun] it has run dry
 */

const maxBackMs = 5_000;
const keptBackMs = 1_000;
const keyframeStepMs = 1_000;
// In a background tab the browser may stand still; what it would have to keep goes no further than this.
const maxAheadMs = 20_000;

/** A media element that plays segments as they come, near their end. */
export class MseMedia {
  /** The end of what was added, in ms of the element's time. */
  newestMs = 0;
  #element;
  #edge;
  #handlers;
  /** @type {MseBuffer | null} */
  #buffer = null;
  #hasShown = false;
  /** Times at which the buffer may be cut, a second apart. @type {number[]} */
  #keyframesMs = [];
  #url = '';

  /**
   * @param {HTMLMediaElement} element
   * @param {LiveEdge} edge
   * @param {MediaHandlers} handlers
   */
  constructor(element, edge, handlers) {
    this.#element = element;
    this.#edge = edge;
    this.#handlers = handlers;
    element.addEventListener('waiting', () => this.#ranDry());
    element.addEventListener('error', () => this.#failed());
  }

  /** What is on the screen or heard, in ms of the element's time. */
  get positionMs() {
    return this.#element.currentTime * 1_000;
  }

  /** Whether segments are taken. */
  get isOpen() {
    return this.#buffer !== null;
  }

  /** Gets ready for segments from time 0 on. */
  open() {
    this.close();
    const source = new (mediaSourceClass())();
    this.#buffer = new MseBuffer(source, {
      ...this.#handlers,
      findRemovableMs: () => this.#findCut(this.positionMs),
    });
    this.#url = URL.createObjectURL(source);
    this.#element.disableRemotePlayback = true;
    this.#element.src = this.#url;
    this.play();
  }

  /** Frees buffers and decoder. */
  close() {
    if (this.#buffer === null) return;
    this.#buffer.close();
    this.#buffer = null;
    this.newestMs = 0;
    this.#keyframesMs = [];
    this.#hasShown = false;
    this.#edge.restart();
    this.#element.removeAttribute('src');
    this.#element.load();
    URL.revokeObjectURL(this.#url);
  }

  /** @param {Segment} segment */
  append(segment) {
    this.newestMs = Math.max(this.newestMs, segment.timeMs);
    if (segment.isKeyframe) this.#noteKeyframe(segment.timeMs);
    this.#buffer?.append(segment);
    this.#trim();
  }

  /** Tells that a picture was shown, or sound heard: only then the place is one to judge from. */
  shown() {
    this.#hasShown = this.#buffer !== null;
  }

  /** Keeps to the live edge. @param {number} newestMs what the edge is measured from */
  follow(newestMs = this.newestMs) {
    if (this.#buffer === null) return;
    if (newestMs - this.positionMs > maxAheadMs) return this.dropToLive(newestMs);
    const moment = {
      nowMs: performance.now(),
      positionMs: this.positionMs,
      newestMs,
      hasShown: this.#hasShown,
    };
    this.#obey(this.#edge.step(moment));
  }

  /** Jumps to the live edge. @param {number} newestMs */
  dropToLive(newestMs = this.newestMs) {
    if (this.#buffer === null) return;
    this.#obey(this.#edge.jump(newestMs));
    this.play();
  }

  /** Starts playing; a browser may have stopped it in a background tab, or want a click first. */
  play() {
    this.#element.play().catch(() => {});
  }

  /** @param {{ rate: number, jumpToMs: number | null }} order */
  #obey({ rate, jumpToMs }) {
    // Setting the rate it has costs a message to the decoder's thread.
    if (this.#element.playbackRate !== rate) this.#element.playbackRate = rate;
    if (jumpToMs === null) return;
    this.#hasShown = false;
    this.#element.currentTime = Math.max(0, jumpToMs) / 1_000;
  }

  #ranDry() {
    // It also waits for the first picture and after a jump: that is no sign of a bad network.
    if (!this.#hasShown || this.#element.seeking) return;
    this.#edge.underrun(performance.now());
    this.#handlers.onUnderrun?.();
  }

  #failed() {
    const { error } = this.#element;
    if (this.#buffer === null || error === null) return;
    if (error.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED) this.#handlers.onUnsupported(error.message);
    else this.#handlers.onBroken(new Error(error.message));
  }

  /** @param {number} timeMs */
  #noteKeyframe(timeMs) {
    const lastMs = this.#keyframesMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (timeMs - lastMs >= keyframeStepMs) this.#keyframesMs.push(timeMs);
  }

  #trim() {
    const removedMs = this.#buffer?.removedMs ?? 0;
    if (this.positionMs - removedMs < maxBackMs) return;
    const cutMs = this.#findCut(this.positionMs - keptBackMs);
    this.#keyframesMs = this.#keyframesMs.filter((timeMs) => timeMs >= cutMs);
    this.#buffer?.removeBefore(cutMs);
  }

  /** The newest keyframe up to this time: what comes before it is needed by nobody. @param {number} timeMs */
  #findCut(timeMs) {
    return this.#keyframesMs.findLast((keyframeMs) => keyframeMs <= timeMs) ?? 0;
  }
}
