/**
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 * @import { HubConnection, HubState } from '../hub/hub-connection.js'
 * @import { ActiveStream } from '../hub/hub-messages.js'
 * @import { Engine } from '../engines/engines.js'
 */

import { RetryDelay } from '../hub/retry-delay.js';
import { EngineSlot } from './engine-slot.js';
import { FreezeWatch } from './freeze-watch.js';
import { LatencyMeter } from './latency-meter.js';

/**
 * @typedef {{ kind: 'idle' }
 *   | { kind: 'connecting' }
 *   | { kind: 'playing' }
 *   | { kind: 'lost' }
 *   | { kind: 'broken' }
 *   | { kind: 'ended', hasPlayed: boolean }
 *   | { kind: 'unsupported', codec: string }} Phase
 *
 * @typedef {object} PlayerHandlers
 * @property {(phase: Phase) => void} [onPhase]
 * @property {(engine: Engine) => void} [onEngine] another engine has taken the place of the last one
 * @property {(gap: { missed: number }) => void} [onGap] the connection was too slow for everything
 *
 * @typedef {object} PictureView what is known about a picture
 * @property {Phase} phase
 * @property {HubState} connection
 * @property {boolean} isOnline whether this machine has a network
 * @property {boolean} isInterrupted whether the server says that the publisher was lost
 * @property {boolean} isSoundOnly
 * @property {number} stillMs how long nothing new was shown
 * @property {number} nowMs
 *
 * @typedef {'auto' | 'full' | 'keyframes'} QualityMode
 */

// Pictures that came for so long after trouble: it is over, and the next one starts with a short wait again.
const goodPlaybackMs = 5_000;

/** Plays one stream at a time over the page's connection, and comes back by itself after whatever happened. */
export class Player {
  /** @type {Phase} */
  phase = { kind: 'idle' };
  /**
   * What the server sends for now, when it is less than all.
   * @type {{ mode: string, every: number, instead: string } | null}
   */
  reduction = null;
  #hub;
  #handlers;
  #engines;
  #freeze = new FreezeWatch();
  #latency = new LatencyMeter();
  #retry = new RetryDelay();
  /** @type {string | null} */
  #stream = null;
  /** @type {(() => void) | null} */
  #unfollow = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {QualityMode} */
  #quality = 'auto';
  #isMuted = true;
  #isInterrupted = false;
  #hasPlayed = false;
  #startedAtMs = 0;
  #bytesReceived = 0;
  #gaps = 0;
  #missed = 0;

  /**
   * @param {HubConnection} hub
   * @param {HTMLElement} viewer where the picture goes
   * @param {string | null} forced the name of the engine to take, whatever the browser can do best
   * @param {PlayerHandlers} handlers
   */
  constructor(hub, viewer, forced = null, handlers = {}) {
    this.#hub = hub;
    this.#handlers = handlers;
    this.#engines = new EngineSlot(viewer, forced, {
      onPicture: (timestampMs) => this.#pictureShown(timestampMs),
      onUnsupported: (codec) => this.#refuse(codec),
      onBroken: () => this.#startAgain(),
      onEngine: (engine) => handlers.onEngine?.(engine),
    });
  }

  /** The stream that was asked for, or `null`. */
  get stream() {
    return this.#stream;
  }

  /** Whether sound is off. */
  get isMuted() {
    return this.#isMuted;
  }

  /** From the server to the eye in ms, or `null` while that cannot be measured. */
  get latencyMs() {
    return this.phase.kind === 'playing' ? this.#latency.medianMs(performance.now()) : null;
  }

  /** What an overlay has to know. @returns {PictureView} */
  get view() {
    const nowMs = performance.now();
    return {
      phase: this.phase,
      connection: this.#hub.state,
      isOnline: navigator.onLine,
      isInterrupted: this.#isInterrupted,
      isSoundOnly: this.#engines.isSoundOnly,
      stillMs: this.#freeze.stillMs(nowMs),
      nowMs,
    };
  }

  /** Plays `stream` from now on. @param {string} stream */
  play(stream) {
    this.stop();
    this.#stream = stream;
    this.#hasPlayed = false;
    this.#retry.reset();
    this.#setPhase({ kind: 'lost' });
    this.#follow(stream);
  }

  /** Frees everything; the picture is black afterwards. */
  stop() {
    this.#leave();
    this.#engines.clear();
    this.#stream = null;
    this.#setPhase({ kind: 'idle' });
  }

  /** Call it from a click or a key press to switch sound on. @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#engines.setMuted(isMuted);
  }

  /** Asks for all pictures, for keyframes only, or for what the server sees fit. @param {QualityMode} quality */
  setQuality(quality) {
    if (quality === this.#quality) return;
    this.#quality = quality;
    if (this.#stream !== null) this.#hub.setQuality(this.#stream, quality);
  }

  /** Leaves out what has piled up: for a page that comes back after nobody could see it. */
  dropToLive() {
    this.#freeze.reset(performance.now());
    this.#engines.dropToLive();
  }

  /** Numbers for people and tests. */
  stats() {
    return {
      phase: this.phase.kind,
      stream: this.#stream,
      connections: this.#hub.connections,
      roundTripMs: this.#hub.roundTripMs,
      latencyMs: this.latencyMs,
      bytesReceived: this.#bytesReceived,
      gaps: this.#gaps,
      missed: this.#missed,
      ...this.#engines.stats(),
    };
  }

  /** @param {string} stream */
  #follow(stream) {
    this.#unfollow = this.#hub.follow(stream, {
      onStart: (told) => this.#start(told),
      onTag: (tag) => this.#take(tag),
      onInterrupted: () => this.#setInterrupted(true),
      onResumed: () => this.#setInterrupted(false),
      onEnded: () => this.#end(),
      onGap: (gap) => this.#skip(gap),
      onQuality: (quality) => this.#reduce(quality),
      onLost: () => this.#lose(),
    });
    if (this.#quality !== 'auto') this.#hub.setQuality(stream, this.#quality);
  }

  /** @param {ActiveStream} stream */
  #start({ state }) {
    this.#startedAtMs = performance.now();
    this.#latency.reset();
    this.reduction = null;
    this.#isInterrupted = state !== 'live';
    this.#freeze.reset(this.#startedAtMs);
    this.#engines.begin();
    this.#setPhase({ kind: 'connecting' });
  }

  /** @param {FlvTag} tag */
  #take(tag) {
    this.#bytesReceived += tag.body.length;
    try {
      this.#engines.take(tag);
    } catch {
      this.#startAgain();
    }
  }

  /** @param {number} timestampMs */
  #pictureShown(timestampMs) {
    if (this.phase.kind !== 'connecting' && this.phase.kind !== 'playing') return;
    const nowMs = performance.now();
    this.#freeze.shown(timestampMs, nowMs);
    this.#hasPlayed = true;
    this.#measure(timestampMs, nowMs);
    if (nowMs - this.#startedAtMs > goodPlaybackMs) this.#retry.reset();
    if (this.phase.kind !== 'playing') this.#setPhase({ kind: 'playing' });
  }

  /** @param {number} timestampMs @param {number} nowMs */
  #measure(timestampMs, nowMs) {
    const latencyMs = this.#hub.latencyMs(this.#stream ?? '', timestampMs);
    if (latencyMs === null) return;
    this.#hub.reportLateness(latencyMs);
    this.#latency.add(latencyMs, nowMs);
  }

  /** @param {boolean} isInterrupted */
  #setInterrupted(isInterrupted) {
    this.#isInterrupted = isInterrupted;
  }

  #end() {
    this.#engines.clear();
    this.#setPhase({ kind: 'ended', hasPlayed: this.#hasPlayed });
  }

  /** The last picture stays below the words. */
  #lose() {
    this.#engines.close();
    this.#setPhase({ kind: 'lost' });
  }

  /** @param {string} codec */
  #refuse(codec) {
    this.#engines.clear();
    this.#setPhase({ kind: 'unsupported', codec });
  }

  /** An engine that stumbled needs the stream from its start: headers, then a keyframe. */
  #startAgain() {
    const stream = this.#stream;
    if (stream === null) return;
    this.#leave();
    this.#setPhase({ kind: 'broken' });
    this.#retryTimer = setTimeout(() => this.#follow(stream), this.#retry.next());
  }

  #leave() {
    clearTimeout(this.#retryTimer);
    this.#unfollow?.();
    this.#unfollow = null;
    this.#engines.close();
  }

  /** @param {{ missed: number }} gap */
  #skip(gap) {
    this.#gaps++;
    this.#missed += gap.missed;
    this.#handlers.onGap?.(gap);
  }

  /** @param {{ mode: string, every: number, instead: string }} quality */
  #reduce({ mode, every, instead }) {
    this.reduction = mode === 'full' ? null : { mode, every, instead };
  }

  /** @param {Phase} phase */
  #setPhase(phase) {
    this.phase = phase;
    this.#handlers.onPhase?.(phase);
  }
}
