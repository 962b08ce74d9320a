/**
 * @import { EngineHandlers } from './player.js'
 */
import { CanvasPicture } from './canvas-picture.js';
import { readAudioTag, readVideoTag } from './flv-codec.js';
import { FlvDemuxer, tagTypes } from './flv-demuxer.js';
import { SoundTrack } from './sound-track.js';
import { VideoTrack } from './video-track.js';

/** Whether this browser can do it here: WebCodecs exists only on https and on localhost. */
export function canUseWebCodecs() {
  return window.isSecureContext && 'VideoDecoder' in window;
}

/** Plays an FLV byte stream with WebCodecs on a canvas: no buffer but the decoder's own. */
export class WebCodecsPlayer {
  name = 'webcodecs';
  #picture;
  #video;
  #sound = new SoundTrack();
  #onUnsupported;
  /** There is none while it is closed. @type {FlvDemuxer | null} */
  #demuxer = null;

  /** @param {EngineHandlers} handlers */
  constructor({ onPicture, onUnsupported }) {
    this.#picture = new CanvasPicture(onPicture);
    this.#video = new VideoTrack({
      onFrame: (frame, arrivedAtMs) => this.#picture.show(frame, arrivedAtMs),
      onUnsupported,
    });
    this.#onUnsupported = onUnsupported;
  }

  /** Where the picture is. */
  get element() {
    return this.#picture.canvas;
  }

  /** Gets ready for a stream that starts with its file header. */
  async open() {
    this.close();
    this.#demuxer = this.#createDemuxer();
  }

  /**
   * @param {Uint8Array} bytes
   * @throws {Error} when the stream is broken
   */
  push(bytes) {
    this.#demuxer?.push(bytes);
  }

  /** Frees the decoders. The last picture stays. */
  close() {
    this.#demuxer = null;
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

  #createDemuxer() {
    return new FlvDemuxer(({ type, timestampMs, body }) => {
      // Closed from inside a call, with more tags of the same message to come.
      if (this.#demuxer === null) return;
      if (type === tagTypes.video) this.#takeVideo(body, timestampMs);
      if (type === tagTypes.audio) this.#takeAudio(body, timestampMs);
    });
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
    if (content?.kind === 'config') this.#sound.configure(content);
    if (content?.kind === 'frame') this.#sound.decode(content, timestampMs);
    if (content?.kind === 'unsupported')
      this.#sound.problem = `${content.codec} is played by the MSE player only`;
  }
}
