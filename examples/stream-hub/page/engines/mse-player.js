/**
 * @import { EngineHandlers } from './engines.js'
 * @import { CodecConfig, CodedFrame } from '../codec/flv-codec.js'
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 */
import { readAudioTag, readVideoTag } from '../codec/flv-codec.js';
import { tagTypes } from '../codec/flv-demuxer.js';
import { Fmp4Video } from '../codec/fmp4-video.js';
import { LiveEdge } from './live-edge.js';
import { mediaSourceClass } from './mse-buffer.js';
import { MseMedia } from './mse-media.js';
import { MseSound } from './mse-sound.js';

// A browser starts sound when it has about 0.2 s of it, so with sound the picture has to wait as long.
const targetMs = { silent: 100, withSound: 300 };

/** Whether this browser plays fragments that a page makes. */
export function canUseMse() {
  return mediaSourceClass() !== undefined;
}

/** Plays FLV tags through MediaSource, one fMP4 fragment per picture, for browsers and pages without WebCodecs. */
export class MsePlayer {
  name = 'mse';
  #handlers;
  #element = createVideo();
  #edge = new LiveEdge({ targetMs: targetMs.silent });
  #timeline = new Fmp4Video();
  #media;
  #sound;
  #framesShown = 0;
  #framesPresented = 0;
  #framesSkipped = 0;
  #errors = 0;
  /** The timestamp of the picture on the screen. @type {number | null} */
  #shownMs = null;

  /** @param {EngineHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#media = new MseMedia(this.#element, this.#edge, {
      onUnsupported: (codec) => this.#refuse(codec),
      onBroken: (error) => this.#broke(error),
      onProgress: () => this.#media.follow(),
    });
    this.#sound = new MseSound({
      placeMs: () => this.#placeMs,
      onUnderrun: () => this.#edge.lengthen(performance.now()),
    });
    this.#element.addEventListener('click', () => this.#media.play());
    this.#watchFrames();
  }

  /** Where the picture is. */
  get element() {
    return this.#element;
  }

  /** Gets ready for a stream: it plays from the first keyframe on. */
  open() {
    this.close();
    this.#media.open();
  }

  /** @param {FlvTag} tag */
  takeTag({ type, timestampMs, body }) {
    // Closed by a handler, with more tags of the same message to come.
    if (!this.#media.isOpen) return;
    if (type === tagTypes.video) this.#takeVideo(body, timestampMs);
    if (type === tagTypes.audio) this.#takeSound(body, timestampMs);
  }

  /** Shows the newest picture there is, as after a while in a background tab. */
  dropToLive() {
    this.#media.dropToLive();
  }

  /** Frees buffers and decoder. */
  close() {
    this.#media.close();
    this.#sound.close();
    this.#timeline = new Fmp4Video();
    this.#framesPresented = 0;
    this.#shownMs = null;
  }

  /** Nothing to do: a video element without its source is black. */
  clear() {}

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    if (isMuted) this.#sound.switchOff();
    else this.#sound.switchOn();
    this.#edge.setTarget(isMuted ? targetMs.silent : targetMs.withSound);
    // A small step of the picture now instead of a slow drift, which the sound would have to follow in jumps.
    this.#media.dropToLive();
  }

  /** Numbers of the stream that plays. */
  stats() {
    const { videoWidth: width, videoHeight: height } = this.#element;
    const { totalVideoFrames, droppedVideoFrames } = this.#element.getVideoPlaybackQuality();
    const { jumps, underruns, targetMs } = this.#edge;
    return {
      framesShown: this.#framesShown,
      framesDecoded: totalVideoFrames,
      framesSkipped: this.#framesSkipped + droppedVideoFrames,
      errors: this.#errors,
      delayMs: this.#media.isOpen ? Math.max(0, this.#media.newestMs - this.#media.positionMs) : 0,
      targetMs,
      jumps,
      underruns,
      codec: this.#timeline.codec,
      width,
      height,
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
    if (content?.kind === 'config') this.#timeline.configure(content);
    if (content?.kind === 'frame') this.#takeFrame(content, timestampMs);
    if (content?.kind === 'unsupported') this.#refuse(content.codec);
  }

  /**
   * @param {CodedFrame} frame
   * @param {number} timestampMs
   */
  #takeFrame(frame, timestampMs) {
    if (this.#timeline.isBreak(timestampMs)) this.#startOver();
    const segment = this.#timeline.add(frame, timestampMs);
    if (segment === null) {
      this.#framesSkipped++;
      return;
    }
    this.#media.append(segment);
  }

  /** Another timeline needs a buffer of its own. */
  #startOver() {
    this.#timeline.restart();
    this.#media.open();
  }

  /**
   * @param {Uint8Array} body
   * @param {number} timestampMs
   */
  #takeSound(body, timestampMs) {
    const content = readAudioTag(body);
    if (content?.kind === 'unsupported') this.#sound.problem = `this page cannot play ${content.codec}`;
    else if (content !== undefined) this.#sound.take(content, timestampMs);
  }

  /** Where the picture is in the stream. */
  get #placeMs() {
    return this.#shownMs === null ? null : this.#timeline.startMs + this.#media.positionMs;
  }

  #watchFrames() {
    this.#element.requestVideoFrameCallback((_now, { presentedFrames, mediaTime }) => {
      // The browser may show several frames between two calls, and counts from 0 for a new source.
      this.#framesShown += Math.max(1, presentedFrames - this.#framesPresented);
      this.#framesPresented = presentedFrames;
      this.#shownMs = (this.#timeline.startMs + Math.round(mediaTime * 1_000)) >>> 0;
      this.#media.shown();
      this.#handlers.onPicture({ timestampMs: this.#shownMs });
      this.#watchFrames();
    });
  }

  /** @param {Error} error */
  #broke(error) {
    this.#errors++;
    this.close();
    this.#handlers.onBroken(error);
  }

  /** @param {string} codec */
  #refuse(codec) {
    this.close();
    this.#handlers.onUnsupported(codec);
  }
}

function createVideo() {
  const video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  video.playsInline = true;
  video.disablePictureInPicture = true;
  return video;
}
