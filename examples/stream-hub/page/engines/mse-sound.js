/**
 * @import { CodedSound, SoundConfig } from '../codec/flv-codec.js'
 * @import { SoundFormat } from '../codec/sound-format.js'
 */
import { Fmp4Sound } from '../codec/fmp4-sound.js';
import { LiveEdge } from './live-edge.js';
import { MseMedia } from './mse-media.js';

// Further off the picture than this, lips and words part.
const offPicture = { bandMs: 30, jumpMs: 150 };
const maxFailures = 10;

/**
 * Sound beside the picture, in an element of its own: what the one lacks never stops the other, and while it is off
 * nothing waits for it. It follows the picture's place in the stream.
 */
export class MseSound {
  /** Why there is no sound although there could be, or `null`. @type {string | null} */
  problem = null;
  #timeline = new Fmp4Sound();
  #edge = new LiveEdge(offPicture);
  #element = new Audio();
  #media;
  #isOn = false;
  #failures = 0;

  /**
   * @param {object} handlers
   * @param {() => number | null} handlers.placeMs the timestamp of the picture that is shown
   * @param {() => void} handlers.onUnderrun it has run dry
   */
  constructor({ placeMs, onUnderrun }) {
    this.#media = new MseMedia(this.#element, this.#edge, {
      onUnsupported: (codec) => this.#giveUp(`this browser cannot play ${codec}`),
      onBroken: ({ message }) => this.#fail(message),
      onProgress: () => this.#follow(placeMs()),
      onUnderrun,
    });
    this.#element.addEventListener('playing', () => this.#media.shown());
  }

  /** Whether it is on, and how it keeps to the picture. */
  get stats() {
    const { jumps, underruns } = this.#edge;
    return {
      isOn: this.#isOn,
      resyncs: jumps,
      underruns,
      playedMs: this.#media.isOpen ? this.#media.positionMs : 0,
    };
  }

  /** Call it from a click or a key press: browsers let a page make sound only then. */
  switchOn() {
    this.#isOn = true;
    this.#forgive();
    // Some browsers count the click for this element only if it starts to play right now.
    this.#restart();
  }

  /** Frees decoder and buffers. */
  switchOff() {
    this.#isOn = false;
    this.close();
  }

  /** Frees decoder and buffers; sound goes on with the next packet if it is on. */
  close() {
    this.#media.close();
    this.#timeline.restart();
  }

  /**
   * @param {SoundConfig | CodedSound} content
   * @param {number} timestampMs
   */
  take(content, timestampMs) {
    if (content.kind === 'config') return this.#configure(content.format);
    if (content.format !== null) this.#configure(content.format);
    if (!this.#isOn || this.problem !== null) return;
    if (!this.#media.isOpen || this.#timeline.isBreak(timestampMs)) this.#restart();
    const segment = this.#timeline.add(content.data, timestampMs);
    if (segment !== null) this.#media.append(segment);
  }

  /** Keeps to the picture, or without one to the newest sound. @param {number | null} pictureMs */
  #follow(pictureMs) {
    if (pictureMs === null) return this.#media.follow();
    const placeMs = (pictureMs - this.#timeline.startMs) | 0;
    this.#media.follow(Math.min(this.#media.newestMs, placeMs) + this.#edge.targetMs);
  }

  /** @param {SoundFormat} format */
  #configure(format) {
    if (!this.#timeline.configure(format)) return;
    this.#media.close();
    this.#forgive();
  }

  #restart() {
    this.#timeline.restart();
    this.#media.open();
  }

  /** The next packet tries again, a few times. @param {string} message */
  #fail(message) {
    if (++this.#failures >= maxFailures) this.#giveUp(message);
    else this.close();
  }

  #forgive() {
    this.problem = null;
    this.#failures = 0;
  }

  /** @param {string} problem */
  #giveUp(problem) {
    this.problem = problem;
    this.close();
  }
}
