/**
 * @import { Segment } from '../codec/fmp4-video.js'
 * @import { LiveEdge } from './live-edge.js'
 */
import { MseBuffer, mediaSourceClass } from './mse-buffer.js';

/**
 * @typedef {object} MediaHandlers
 * @property {(codec: string) => void} onUnsupported
 * @property {(error: Error) => void} onBroken
 * @property {() => void} onProgress time to look where the live edge is, and to {@link MseMedia.follow} it
 * @property {() => void} [onUnderrun] it has run dry
 */

const maxBackMs = 5_000;
const keptBackMs = 1_000;
const keyframeStepMs = 1_000;
// In a background tab the browser may stand still; what it would have to keep goes no further than this.
const maxAheadMs = 20_000;

/** A media element that plays segments as they come, near their end. */
export class MseMedia {
  /** The newest of what the browser has taken, in ms of the element's time: beyond that it neither plays nor jumps. */
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
      onAdded: (newestMs) => this.#added(newestMs),
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
    URL.revokeObjectURL(this.#url);
    // To stop a decoder takes the browser up to 20 ms; whoever closes one stream to ask for another one asks first.
    queueMicrotask(() => this.#release());
  }

  /** @param {Segment} segment */
  append(segment) {
    if (segment.isKeyframe) this.#noteKeyframe(segment.timeMs);
    this.#buffer?.append(segment);
    this.#trim();
  }

  /** Tells that a picture was shown, or sound heard: only then the place is one to judge from. */
  shown() {
    // While it seeks, that was still a picture from before.
    if (this.#buffer === null || this.#element.seeking) return;
    // A group that came at once may be all there is for a while, so nothing else would start the jump to its end.
    const isMoment = !this.#hasShown || this.#edge.isHolding;
    this.#hasShown = true;
    if (isMoment) this.#handlers.onProgress();
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

  #release() {
    if (this.#buffer === null) this.#element.load();
  }

  /** @param {number} newestMs */
  #added(newestMs) {
    this.newestMs = Math.max(this.newestMs, newestMs);
    this.#handlers.onProgress();
  }

  #ranDry() {
    // It also waits for the first picture and after a jump: that is no sign of a bad network.
    if (!this.#hasShown || this.#element.seeking) return;
    const moment = { nowMs: performance.now(), positionMs: this.positionMs, newestMs: this.newestMs };
    if (this.#edge.ranDry(moment)) this.#handlers.onUnderrun?.();
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
