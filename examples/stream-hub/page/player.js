import { openFlvSocket } from './flv-socket.js';
import { MsePlayer } from './mse-player.js';
import { canUseWebCodecs, WebCodecsPlayer } from './webcodecs-player.js';

/**
 * What an engine tells the player.
 * @typedef {object} EngineHandlers
 * @property {() => void} onPicture a picture was drawn
 * @property {(codec: string) => void} onUnsupported it cannot play this codec, now or later
 * @property {(error: Error) => void} onBroken it needs the stream from its start
 */

/**
 * @typedef {WebCodecsPlayer | MsePlayer} Engine
 * @typedef {{ kind: 'idle' }
 *   | { kind: 'connecting' }
 *   | { kind: 'playing' }
 *   | { kind: 'lost', retryAtMs: number }
 *   | { kind: 'ended', hasPlayed: boolean }
 *   | { kind: 'unsupported', codec: string }} Phase
 */

const normalClosure = 1000;
const maxRetryMs = 8_000;
const minRetryMs = 250;
// A connection that held this long was a good one: its end starts the back-off from the beginning.
const goodConnectionMs = 5_000;
// With frames going into the server, a socket that is silent this long is dead without knowing it.
const silenceLimitMs = 6_000;

/** Plays one stream at a time and comes back by itself after whatever happened. */
export class Player {
  /** @type {Phase} */
  phase = { kind: 'idle' };
  #stage;
  #onChange;
  #forced;
  /** @type {Engine} */
  #engine;
  /** @type {string | null} */
  #stream = null;
  #isMuted = true;
  #isSilent = false;
  #hasPlayed = false;
  /** @type {(() => void) | null} */
  #closeSocket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** Grows with every connect and disconnect, so that what comes late knows that it is late. */
  #generation = 0;
  #attempt = 0;
  #connections = 0;
  #bytesReceived = 0;
  #startedAtMs = 0;
  #lastBytesAtMs = 0;
  #lastPictureAtMs = 0;

  /**
   * @param {HTMLElement} stage where the picture goes
   * @param {string | null} forced `'mse'` or `'webcodecs'` takes that one, whatever the browser can do best
   * @param {(phase: Phase) => void} onChange
   */
  constructor(stage, forced, onChange) {
    this.#stage = stage;
    this.#forced = forced;
    this.#onChange = onChange;
    const useMse = forced === 'mse' || (forced !== 'webcodecs' && !canUseWebCodecs());
    this.#engine = this.#install(useMse ? MsePlayer : WebCodecsPlayer);
  }

  /** The stream that was asked for, or `null`. */
  get stream() {
    return this.#stream;
  }

  /** Whether sound is off. */
  get isMuted() {
    return this.#isMuted;
  }

  /** How long ago the last picture was drawn, in ms. */
  get pictureAgeMs() {
    return performance.now() - this.#lastPictureAtMs;
  }

  /** Plays `stream` from now on. @param {string} stream */
  play(stream) {
    this.stop();
    this.#stream = stream;
    this.#hasPlayed = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Frees everything; the picture is black afterwards. */
  stop() {
    this.#disconnect();
    this.#engine.clear();
    this.#stream = null;
    this.#setPhase({ kind: 'idle' });
  }

  /** Call it from a click or a key press to switch sound on. @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#engine.setMuted(isMuted);
  }

  /**
   * Compares what the server says of the stream with what arrives here: connects to a stream that is back, and
   * anew over a connection that died silently. Call it with every answer of the server.
   * @param {{ isListed: boolean, isLive: boolean, hasFreshFrames: boolean, isSilent: boolean }} told
   */
  reconcile({ isListed, isLive, hasFreshFrames, isSilent }) {
    this.#isSilent = isSilent;
    const { kind } = this.phase;
    // The end may have come without a word, and who publishes next may use another codec.
    if (!isListed && (kind === 'lost' || kind === 'unsupported')) this.#end();
    const sinceStartMs = performance.now() - this.#startedAtMs;
    if (kind === 'ended' && isLive && sinceStartMs > 1_000) this.#connect();
    const silentMs = performance.now() - Math.max(this.#lastBytesAtMs, this.#startedAtMs);
    if (kind === 'playing' && hasFreshFrames && silentMs > silenceLimitMs) this.#lose();
  }

  /** Numbers for people and tests. */
  stats() {
    return {
      player: this.#engine.name,
      phase: this.phase.kind,
      stream: this.#stream,
      connections: this.#connections,
      bytesReceived: this.#bytesReceived,
      ...this.#engine.stats(),
    };
  }

  /**
   * @param {typeof MsePlayer | typeof WebCodecsPlayer} EngineClass
   * @returns {Engine}
   */
  #install(EngineClass) {
    /** @type {Engine} */
    const engine = new EngineClass({
      onPicture: () => this.#pictureShown(engine),
      onUnsupported: (codec) => this.#engine === engine && this.#replaceEngine(codec),
      onBroken: () => this.#engine === engine && this.#lose(),
    });
    engine.element.id = 'picture';
    this.#stage.prepend(engine.element);
    document.documentElement.dataset.player = engine.name;
    return engine;
  }

  /** What WebCodecs cannot play, MediaSource sometimes can. @param {string} codec */
  #replaceEngine(codec) {
    this.#disconnect();
    if (this.#forced !== null || this.#engine.name === 'mse') {
      this.#engine.clear();
      this.#setPhase({ kind: 'unsupported', codec });
      return;
    }
    this.#engine.element.remove();
    this.#engine = this.#install(MsePlayer);
    this.#engine.setMuted(this.#isMuted);
    this.#connect();
  }

  async #connect() {
    this.#disconnect();
    this.#startedAtMs = performance.now();
    this.#connections++;
    const engine = this.#engine;
    const generation = this.#generation;
    this.#setPhase({ kind: 'connecting' });
    try {
      await engine.open({ isSilent: this.#isSilent });
    } catch {
      if (generation === this.#generation) this.#lose();
      return;
    }
    if (generation !== this.#generation || this.#stream === null) return;
    this.#closeSocket = openFlvSocket(addressOf(this.#stream), {
      onBytes: (bytes) => this.#take(bytes),
      onClose: (code) => (code === normalClosure ? this.#end() : this.#lose()),
    });
  }

  /** @param {Uint8Array} bytes */
  #take(bytes) {
    this.#lastBytesAtMs = performance.now();
    this.#bytesReceived += bytes.length;
    try {
      this.#engine.push(bytes);
    } catch {
      this.#lose();
    }
  }

  /** @param {Engine} engine */
  #pictureShown(engine) {
    if (engine !== this.#engine || this.#closeSocket === null) return;
    this.#lastPictureAtMs = performance.now();
    this.#hasPlayed = true;
    if (this.#lastPictureAtMs - this.#startedAtMs > goodConnectionMs) this.#attempt = 0;
    if (this.phase.kind !== 'playing') this.#setPhase({ kind: 'playing' });
  }

  /** Nothing is tried again before the server tells that the stream is back. */
  #end() {
    this.#disconnect();
    this.#engine.clear();
    this.#setPhase({ kind: 'ended', hasPlayed: this.#hasPlayed });
  }

  #lose() {
    this.#disconnect();
    this.#setPhase({ kind: 'lost', retryAtMs: this.#retryLater() });
  }

  /** Full jitter, so that a thousand viewers of a restarted server do not return in step. */
  #retryLater() {
    const longestMs = Math.min(maxRetryMs, 500 * 2 ** this.#attempt++);
    const delayMs = minRetryMs + Math.random() * (longestMs - minRetryMs);
    this.#retryTimer = setTimeout(() => this.#connect(), delayMs);
    return performance.now() + delayMs;
  }

  #disconnect() {
    clearTimeout(this.#retryTimer);
    this.#generation++;
    this.#closeSocket?.();
    this.#closeSocket = null;
    this.#engine.close();
  }

  /** @param {Phase} phase */
  #setPhase(phase) {
    this.phase = phase;
    this.#onChange(phase);
  }
}

/** @param {string} stream a name such as `live/demo` */
function addressOf(stream) {
  const path = stream.split('/').map(encodeURIComponent).join('/');
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/${path}.flv`;
}
