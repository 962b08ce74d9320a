/**
 * @import { EngineHandlers } from './engines.js'
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 */

import { readAudioTag, readVideoTag } from '../codec/flv-codec.js';
import { tagTypes } from '../codec/flv-demuxer.js';
import { CanvasPicture } from './canvas-picture.js';
import { SoundTrack } from './sound-track.js';
import { VideoTrack } from './video-track.js';

/** Whether this browser can do it here: WebCodecs exists only on https and on localhost. */
export function canUseWebCodecs() {
  return window.isSecureContext && 'VideoDecoder' in window;
}

/** Plays FLV tags with WebCodecs on a canvas: no buffer but the decoder's own. */
export class WebCodecsPlayer {
  name = 'webcodecs';
  #picture;
  #video;
  #sound = new SoundTrack();
  #onUnsupported;
  #isOpen = false;

  /** @param {EngineHandlers} handlers */
  constructor({ onPicture, onUnsupported }) {
    this.#picture = new CanvasPicture(onPicture);
    this.#video = new VideoTrack({
      onFrame: (picture) => this.#picture.show(picture),
      onUnsupported,
    });
    this.#onUnsupported = onUnsupported;
  }

  /** Where the picture is. */
  get element() {
    return this.#picture.canvas;
  }

  /** Gets ready for a stream: it plays from the first keyframe on. */
  open() {
    this.close();
    this.#isOpen = true;
  }

  /** @param {FlvTag} tag */
  takeTag({ type, timestampMs, body }) {
    // Closed by a handler, with more tags of the same message to come.
    if (!this.#isOpen) return;
    if (type === tagTypes.video) this.#takeVideo(body, timestampMs);
    if (type === tagTypes.audio) this.#takeAudio(body, timestampMs);
  }

  /** Pictures are never behind, for each is shown as soon as it is decoded. Sound starts anew. */
  dropToLive() {
    this.#sound.dropToLive();
  }

  /** Frees the decoders. The last picture stays. */
  close() {
    this.#isOpen = false;
    this.#video.close();
    this.#sound.close();
    this.#picture.stop();
  }

  /** Makes the picture black. */
  clear() {
    this.#picture.clear();
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    if (isMuted) this.#sound.switchOff();
    else this.#sound.switchOn();
  }

  /** Numbers of the stream that plays. */
  stats() {
    const { framesShown, framesReplaced, delayMs, canvas } = this.#picture;
    const { framesDecoded, framesSkipped, resets, errors, codec } = this.#video;
    const picture = { framesShown, framesReplaced, delayMs, width: canvas.width, height: canvas.height };
    return {
      ...picture,
      codec,
      framesDecoded,
      framesSkipped,
      resets,
      errors,
      sound: this.#sound.stats,
      soundProblem: this.#sound.problem,
    };
  }

  /**
   * @param {Uint8Array} body
   * @param {number} timestampMs
   */
  #takeVideo(body, timestampMs) {
    const content = readVideoTag(body);
    if (content?.kind === 'config') this.#video.configure(content);
    if (content?.kind === 'frame') this.#video.decode(content, timestampMs);
    if (content?.kind === 'unsupported') this.#onUnsupported(content.codec);
  }

  /**
   * @param {Uint8Array} body
   * @param {number} timestampMs
   */
  #takeAudio(body, timestampMs) {
    const content = readAudioTag(body);
    if (content?.kind === 'unsupported') this.#sound.problem = `this page cannot play ${content.codec}`;
    else if (content !== undefined) this.#sound.take(content, timestampMs);
  }
}
