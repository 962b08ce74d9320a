/**
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 * @import { Engine, EngineName } from '../engines/engines.js'
 */

import { readVideoTag } from '../codec/flv-codec.js';
import { tagTypes } from '../codec/flv-demuxer.js';
import { createEngine, engineFor, findCapabilities } from '../engines/engines.js';

/**
 * @typedef {object} SlotHandlers
 * @property {(timestampMs: number) => void} onPicture a picture was shown
 * @property {(codec: string) => void} onUnsupported nothing here can play this codec
 * @property {() => void} onBroken the stream is needed from its start
 * @property {(engine: Engine) => void} onEngine another engine is in its place
 */

// A second of sound without a picture: this stream has none.
const maxTagsWithoutPicture = 50;

const nothing = {
  player: 'none',
  framesShown: 0,
  framesDecoded: 0,
  framesSkipped: 0,
  errors: 0,
  delayMs: 0,
  codec: null,
  width: 0,
  height: 0,
  sound: { isOn: false },
  soundProblem: null,
};

/** Holds the engine that fits the stream: the first tag with a picture decides which one that is. */
export class EngineSlot {
  /** Whether the stream seems to have sound only. */
  isSoundOnly = false;
  #viewer;
  #capabilities;
  #handlers;
  /** @type {Engine | null} */
  #engine = null;
  /** What came before the first picture; `null` when nothing waits to be decided. @type {FlvTag[] | null} */
  #waiting = null;
  #isOpen = false;
  #isMuted = true;
  /** WebCodecs could not play this stream, so it is not tried again for it. */
  #isWebCodecsRefused = false;

  /**
   * @param {HTMLElement} viewer
   * @param {string | null} forced
   * @param {SlotHandlers} handlers
   */
  constructor(viewer, forced, handlers) {
    this.#viewer = viewer;
    this.#capabilities = findCapabilities(forced);
    this.#handlers = handlers;
  }

  /** Gets ready for the start of a stream. */
  begin() {
    this.close();
    this.#waiting = [];
  }

  /** @param {FlvTag} tag */
  take(tag) {
    if (this.#waiting !== null) this.#choose(this.#waiting, tag);
    else if (this.#isOpen) this.#engine?.takeTag(tag);
  }

  /** Frees the decoders. The last picture stays. */
  close() {
    this.#waiting = null;
    this.#isOpen = false;
    this.isSoundOnly = false;
    this.#engine?.close();
  }

  /** Frees everything; the picture is black afterwards. */
  clear() {
    this.close();
    this.#engine?.clear();
    this.#isWebCodecsRefused = false;
  }

  /** Leaves out what has piled up. */
  dropToLive() {
    if (this.#isOpen) this.#engine?.dropToLive();
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#engine?.setMuted(isMuted);
  }

  /** Numbers of the engine. */
  stats() {
    return this.#engine === null ? nothing : { player: this.#engine.name, ...this.#engine.stats() };
  }

  /**
   * @param {FlvTag[]} waiting
   * @param {FlvTag} tag
   */
  #choose(waiting, tag) {
    waiting.push(tag);
    const hasWebCodecs = this.#capabilities.hasWebCodecs && !this.#isWebCodecsRefused;
    const name = engineFor(tag, { ...this.#capabilities, hasWebCodecs });
    if (name !== null) this.#open(name, waiting);
    else if (tag.type === tagTypes.video) this.#refuseUnknown(tag.body);
    else if (waiting.length >= maxTagsWithoutPicture) this.#playSound(waiting, hasWebCodecs);
  }

  /** @param {Uint8Array} body */
  #refuseUnknown(body) {
    const content = readVideoTag(body);
    if (content === undefined) return; // It has no picture, as an end of sequence has none.
    this.close();
    this.#handlers.onUnsupported(content.kind === 'unsupported' ? content.codec : 'no player for video here');
  }

  /** @param {FlvTag[]} waiting @param {boolean} hasWebCodecs */
  #playSound(waiting, hasWebCodecs) {
    this.#open(hasWebCodecs ? 'webcodecs' : 'mse', waiting);
    this.isSoundOnly = true;
  }

  /** @param {EngineName} name @param {FlvTag[]} waiting */
  #open(name, waiting) {
    this.#waiting = null;
    const engine = this.#engine?.name === name ? this.#engine : this.#install(name);
    engine.open();
    this.#isOpen = true;
    for (const tag of waiting) this.take(tag);
  }

  /** @param {EngineName} name */
  #install(name) {
    this.#engine?.element.remove();
    const engine = createEngine(name, {
      onPicture: ({ timestampMs }) => this.#handlers.onPicture(timestampMs),
      onUnsupported: (codec) => this.#isOpen && this.#replace(name, codec),
      onBroken: () => this.#isOpen && this.#handlers.onBroken(),
    });
    engine.element.classList.add('picture');
    engine.setMuted(this.#isMuted);
    this.#viewer.prepend(engine.element);
    this.#engine = engine;
    this.#handlers.onEngine(engine);
    return engine;
  }

  /** What WebCodecs cannot play, MediaSource sometimes can. @param {EngineName} name @param {string} codec */
  #replace(name, codec) {
    const { forced, hasMse } = this.#capabilities;
    this.close();
    if (name !== 'webcodecs' || forced !== null || !hasMse) return this.#handlers.onUnsupported(codec);
    this.#isWebCodecsRefused = true;
    this.#handlers.onBroken();
  }
}
