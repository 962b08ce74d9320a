/**
 * @import { SoundFormat } from './sound-format.js'
 * @import { Segment } from './fmp4-video.js'
 */
import { createFragment } from './fmp4-fragment.js';
import { createSoundInit } from './fmp4-init.js';
import { countSamples, isSameFormat } from './sound-format.js';

// FLV's timestamps are whole ms and packets are not, so packets follow each other to the sample. Above this distance the
// stream has lost something.
const maxDriftMs = 100;

/** Makes one fragment per packet of sound, on a timeline that starts at 0 with the first one. */
export class Fmp4Sound {
  /** The timestamp of the stream at time 0. */
  startMs = 0;
  /** @type {SoundFormat | null} */
  #format = null;
  #sequence = 0;
  #decodeTime = 0;

  /**
   * Takes the codec's headers. A new format starts a new timeline.
   * @param {SoundFormat} format
   * @returns {boolean} whether it is new
   */
  configure(format) {
    if (isSameFormat(this.#format, format)) return false;
    this.#format = { ...format, description: format.description.slice() };
    this.restart();
    return true;
  }

  /** Whether a packet of this time does not follow the ones before: the timeline has to start again. @param {number} timestampMs */
  isBreak(timestampMs) {
    if (this.#format === null || this.#sequence === 0) return false;
    const elapsedMs = (timestampMs - this.startMs) | 0;
    return Math.abs(elapsedMs - this.#toMs(this.#decodeTime)) > maxDriftMs;
  }

  /**
   * @param {Uint8Array} data
   * @param {number} timestampMs
   * @returns {Segment | null} `null` before the format is known
   */
  add(data, timestampMs) {
    if (this.#format === null) return null;
    if (this.#sequence === 0) this.startMs = timestampMs;
    const duration = countSamples(this.#format, data);
    const decodeTime = this.#decodeTime;
    this.#decodeTime += duration;
    const init = this.#sequence === 0 ? initOf(this.#format) : null;
    const sample = { sequence: ++this.#sequence, decodeTime, duration, offset: 0, isKeyframe: true, data };
    return { init, bytes: createFragment(sample), timeMs: this.#toMs(this.#decodeTime), isKeyframe: true };
  }

  /** Starts the timeline again with the next packet. */
  restart() {
    this.#sequence = 0;
    this.#decodeTime = 0;
  }

  /** @param {number} samples */
  #toMs(samples) {
    return (samples * 1_000) / (this.#format?.sampleRate ?? 1);
  }
}

/** @param {SoundFormat} format */
function initOf(format) {
  return { mimeType: `audio/mp4; codecs="${format.codec}"`, bytes: createSoundInit(format) };
}
