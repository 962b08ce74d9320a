/**
 * @import { CodecConfig, CodedFrame } from './flv-codec.js'
 */
import { createFragment } from './fmp4-fragment.js';
import { createVideoInit } from './fmp4-init.js';
import { readPictureSize } from './picture-size.js';
import { sameBytes } from './sound-format.js';

/**
 * A piece for a SourceBuffer. `init` stands before the first one and wherever the codec's headers changed.
 * @typedef {{ init: { mimeType: string, bytes: Uint8Array } | null, bytes: Uint8Array, timeMs: number, isKeyframe: boolean }} Segment
 */

const firstDurationMs = 33;
const maxDurationMs = 100;
// What lies further apart is not one recording.
const maxStepBackMs = 1_000;
const maxStepMs = 10_000;
// Players go by the pictures themselves; this is for one whose size could not be read.
const unknownSize = { width: 1280, height: 720 };

/** Makes one fragment per picture, on a timeline that starts at 0 with the first keyframe. */
export class Fmp4Video {
  /** The timestamp of the stream at time 0. */
  startMs = 0;
  /** @type {CodecConfig | null} */
  #config = null;
  #isConfigNew = false;
  #sequence = 0;
  #lastTimestampMs = 0;
  /** Since the first keyframe, as the stream counts. */
  #elapsedMs = 0;
  #firstOffsetMs = 0;
  #decodeMs = 0;
  #durationMs = firstDurationMs;

  /** Codec name with profile and level, or `null` before the stream has told it. */
  get codec() {
    return this.#config?.codec ?? null;
  }

  /** Takes the codec's headers; they count from the next keyframe on. @param {CodecConfig} config */
  configure(config) {
    if (this.#config !== null && sameBytes(this.#config.description, config.description)) return;
    this.#config = { ...config, description: config.description.slice() };
    this.#isConfigNew = true;
  }

  /**
   * @param {CodedFrame} frame
   * @param {number} timestampMs decoding time
   * @returns {Segment | null} `null` while no decoder could do anything with it
   */
  add(frame, timestampMs) {
    if (this.#config === null || frame.data.length === 0) return null;
    if (!frame.isKeyframe && (this.#sequence === 0 || this.#isConfigNew)) return null;
    this.#moveTo(timestampMs, frame.offsetMs);
    const timeMs = this.#elapsedMs + frame.offsetMs - this.#firstOffsetMs;
    const bytes = createFragment({
      sequence: ++this.#sequence,
      decodeTime: this.#decodeMs,
      duration: this.#durationMs,
      offset: timeMs - this.#decodeMs,
      isKeyframe: frame.isKeyframe,
      data: frame.data,
    });
    return { init: this.#takeInit(this.#config, frame.data), bytes, timeMs, isKeyframe: frame.isKeyframe };
  }

  /** Whether a picture of this time cannot stand on the timeline: it has to start again. @param {number} timestampMs */
  isBreak(timestampMs) {
    if (this.#sequence === 0) return false;
    const stepMs = (timestampMs - this.#lastTimestampMs) | 0;
    return stepMs < -maxStepBackMs || stepMs > maxStepMs;
  }

  /** Starts the timeline again with the next keyframe. What is known of the codec stays. */
  restart() {
    this.#sequence = 0;
    this.#isConfigNew = this.#config !== null;
  }

  /**
   * @param {number} timestampMs
   * @param {number} offsetMs
   */
  #moveTo(timestampMs, offsetMs) {
    if (this.#sequence === 0) return this.#start(timestampMs, offsetMs);
    const stepMs = (timestampMs - this.#lastTimestampMs) | 0; // Right across the wrap at 2^32, too.
    this.#lastTimestampMs = timestampMs;
    this.#elapsedMs += stepMs;
    // Media Source Extensions §3.5.8: decoding times that fall, or that step over two durations, make a SourceBuffer
    // wait for a keyframe. They decide the order only, so after a pause they catch up in smaller steps.
    const limitMs = this.#decodeMs + 2 * this.#durationMs;
    this.#decodeMs = Math.max(this.#decodeMs + 1, Math.min(this.#elapsedMs, limitMs));
    // How long this picture stands is known when the next one comes; waiting for that would cost a picture's time.
    this.#durationMs = Math.min(maxDurationMs, Math.max(1, stepMs));
  }

  /**
   * @param {number} timestampMs
   * @param {number} offsetMs
   */
  #start(timestampMs, offsetMs) {
    this.startMs = timestampMs + offsetMs;
    this.#lastTimestampMs = timestampMs;
    this.#firstOffsetMs = offsetMs;
    this.#elapsedMs = 0;
    this.#decodeMs = 0;
    this.#durationMs = firstDurationMs;
  }

  /**
   * @param {CodecConfig} config
   * @param {Uint8Array} keyframe
   */
  #takeInit({ fourCc, codec, description }, keyframe) {
    if (!this.#isConfigNew) return null;
    this.#isConfigNew = false;
    const size = readPictureSize(fourCc, description, keyframe) ?? unknownSize;
    return {
      mimeType: `video/mp4; codecs="${codec}"`,
      bytes: createVideoInit({ fourCc, description, size }),
    };
  }
}
