/**
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 * @import { FollowListener } from './follow-listener.js'
 * @import { Following, Quality } from './following.js'
 * @import { ActiveStream, ServerMessage } from './hub-messages.js'
 * @import { World } from './hub-link.js'
 * @import { StreamChange } from './known-streams.js'
 */
import { tagTypes } from '../codec/flv-demuxer.js';
import { browserWorld } from './browser-world.js';
import { tellAll, tellChange } from './follow-listener.js';
import { createFollowing, startOver } from './following.js';
import { HubLink } from './hub-link.js';
import { KnownStreams } from './known-streams.js';
import { RetryDelay } from './retry-delay.js';
import { ServerClock } from './server-clock.js';

/**
 * @typedef {object} HubHandlers
 * @property {(state: HubState) => void} [onState]
 * @property {(changes: StreamChange[]) => void} [onStreams] the list of streams is another one
 * @property {(refusal: { code: string, message: string }) => void} [onRefused] the server refused a message
 *
 * @typedef {{ kind: 'closed' }
 *   | { kind: 'connecting' }
 *   | { kind: 'open' }
 *   | { kind: 'waiting', retryAtMs: number, reason: string }} HubState
 */

// A connection that held this long was a good one: its end starts the back-off from the beginning.
const goodConnectionMs = 5_000;
// A lateness that is older says nothing about now: nobody looks at the page, or nothing comes in.
const latenessLifeMs = 1_000;

/**
 * One connection for all streams of a page, over the protocol `spillway.v1`. It opens again by itself after whatever
 * happened, and follows again what was followed.
 *
 * @example
 * const hub = new HubConnection('wss://example.org/viewers');
 * const unfollow = hub.follow('live/demo', { onTag: (tag) => show(tag) });
 * hub.open();
 */
export class HubConnection {
  /** @type {HubState} */
  state = { kind: 'closed' };
  /** How often it was opened. */
  connections = 0;
  #url;
  #handlers;
  #world;
  #known = new KnownStreams();
  #clock = new ServerClock();
  #retry;
  /** By name of the stream. @type {Map<string, Following>} */
  #following = new Map();
  /** @type {HubLink | null} */
  #link = null;
  /** @type {{ cancel(): void } | null} */
  #retryTimer = null;
  #openedAtMs = 0;
  #lateness = { ms: 0, atMs: Number.NEGATIVE_INFINITY };

  /**
   * @param {string} url
   * @param {HubHandlers} handlers
   * @param {World & { random?: () => number }} world
   */
  constructor(url, handlers = {}, world = browserWorld) {
    this.#url = url;
    this.#handlers = handlers;
    this.#world = world;
    this.#retry = new RetryDelay(world.random);
  }

  /** The streams that are on air, by name, as far as this connection has been told. */
  get streams() {
    return this.#known.list();
  }

  /** The shortest round trip of the last minutes in ms, or `null` before the first. */
  get roundTripMs() {
    return this.#clock.roundTripMs;
  }

  /** Connects, and stays connected until `close()`. */
  open() {
    if (this.state.kind === 'closed') this.#connect();
  }

  /** Frees everything; what is followed stays so, for the next `open()`. */
  close() {
    if (this.state.kind === 'closed') return;
    this.#disconnect();
    this.#setState({ kind: 'closed' });
    this.#tellLost();
  }

  /** Call it when the page comes back, or the network: nobody has to wait for a timer then. */
  wake() {
    if (this.state.kind === 'waiting') this.#connect();
    else if (this.state.kind === 'open') this.#link?.probe();
  }

  /**
   * Follows a stream, now or as soon as it begins. Several may follow the same one; each newcomer makes it begin anew for all.
   * @param {string} name
   * @param {FollowListener} listener
   * @returns {() => void} ends it
   */
  follow(name, listener) {
    const following = this.#following.get(name) ?? createFollowing();
    if (following.listeners.size > 0) this.#send({ type: 'unfollow', stream: name });
    following.listeners.add(listener);
    this.#following.set(name, following);
    if (this.state.kind === 'open') this.#begin(name, following);
    return () => this.#unfollow(name, listener);
  }

  /**
   * Asks for all pictures of a followed stream, for every n-th keyframe only, or for what the server sees fit.
   * @param {string} name
   * @param {Quality['mode']} mode
   * @param {number} every
   */
  setQuality(name, mode, every = 1) {
    const following = this.#following.get(name);
    if (following === undefined) return;
    following.quality = { mode, every };
    this.#send({ type: 'quality', stream: name, ...following.quality });
  }

  /**
   * How long ago what carries this timestamp came into the server, in ms; `null` while that cannot be known.
   * @param {string} name
   * @param {number} timestampMs
   */
  latencyMs(name, timestampMs) {
    const wallMs = this.#clock.wallMs(this.#world.nowMs());
    return wallMs === null ? null : (this.#following.get(name)?.clock.ageMs(timestampMs, wallMs) ?? null);
  }

  /** Tells the server with the next acknowledgement how late a picture was shown. @param {number} ms */
  reportLateness(ms) {
    this.#lateness = { ms, atMs: this.#world.nowMs() };
  }

  #connect() {
    this.#disconnect();
    this.connections++;
    this.#setState({ kind: 'connecting' });
    this.#link = new HubLink(this.#url, this.#world, {
      onMessage: (message) => this.#take(message),
      onTag: (id, tag) => this.#takeTag(id, tag),
      latenessMs: () => this.#freshLateness(),
      onRoundTrip: (...sample) => this.#clock.sample(...sample),
      onClose: (reason) => this.#lose(reason),
    });
  }

  #disconnect() {
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    this.#link?.close();
    this.#link = null;
  }

  /** @param {string} reason */
  #lose(reason) {
    const nowMs = this.#world.nowMs();
    const wasGood = this.state.kind === 'open' && nowMs - this.#openedAtMs >= goodConnectionMs;
    if (wasGood) this.#retry.reset();
    const delayMs = this.#retry.next();
    this.#disconnect();
    this.#retryTimer = this.#world.setTimer(delayMs, () => this.#connect());
    this.#setState({ kind: 'waiting', retryAtMs: nowMs + delayMs, reason });
    this.#tellLost();
  }

  #tellLost() {
    // Another server may answer next, with another clock.
    this.#clock = new ServerClock();
    for (const { listeners } of this.#following.values()) tellAll(listeners, ({ onLost }) => onLost?.());
  }

  /** @param {ServerMessage} message */
  #take(message) {
    switch (message.type) {
      case 'viewer_connected':
        return this.#welcome(message.streams);
      case 'stream_started':
      case 'stream_ended':
      case 'stream_interrupted':
      case 'stream_resumed':
        return this.#takeChanges(this.#known.take(message));
      case 'gap':
        return this.#tell(message.id, ({ onGap }) => onGap?.(message));
      case 'quality':
        return this.#takeQuality(message);
      case 'clock':
        return this.#takeClock(message);
      case 'error':
        return this.#handlers.onRefused?.(message);
    }
  }

  /** @param {ActiveStream[]} streams */
  #welcome(streams) {
    this.#openedAtMs = this.#world.nowMs();
    const changes = this.#known.replace(streams);
    this.#setState({ kind: 'open' });
    for (const [name, following] of this.#following) this.#begin(name, following);
    this.#handlers.onStreams?.(changes);
  }

  /** Asks for a stream and tells its listeners where it stands. @param {string} name @param {Following} following */
  #begin(name, following) {
    startOver(following);
    this.#send({ type: 'follow', stream: name });
    if (following.quality !== null) this.#send({ type: 'quality', stream: name, ...following.quality });
    const stream = this.#known.get(name);
    tellAll(following.listeners, (listener) =>
      stream === undefined ? listener.onEnded?.('') : listener.onStart?.(stream),
    );
  }

  /** @param {StreamChange[]} changes */
  #takeChanges(changes) {
    for (const change of changes) {
      const following = this.#following.get(change.stream.stream);
      if (following === undefined) continue;
      if (change.kind === 'started') startOver(following);
      tellAll(following.listeners, (listener) => tellChange(listener, change));
    }
    if (changes.length > 0) this.#handlers.onStreams?.(changes);
  }

  /** @param {{ id: number, timestampMs: number, wallMs: number }} clock */
  #takeClock({ id, timestampMs, wallMs }) {
    this.#followingOf(id)?.clock.tell(timestampMs, wallMs);
  }

  /** @param {number} id @param {FlvTag} tag */
  #takeTag(id, tag) {
    const following = this.#followingOf(id);
    const wallMs = this.#clock.latestWallMs(this.#world.nowMs());
    if (following === undefined) return;
    if (wallMs !== null && tag.type === tagTypes.video) following.clock.arrived(tag.timestampMs, wallMs);
    tellAll(following.listeners, ({ onTag }) => onTag?.(tag));
  }

  /** @param {ServerMessage & { type: 'quality' }} quality */
  #takeQuality(quality) {
    const following = this.#followingOf(quality.id);
    if (following === undefined) return;
    if (following.insteadId !== quality.insteadId) following.clock.reset();
    following.insteadId = quality.insteadId;
    tellAll(following.listeners, ({ onQuality }) => onQuality?.(quality));
  }

  /** @param {string} name @param {FollowListener} listener */
  #unfollow(name, listener) {
    const following = this.#following.get(name);
    if (!following?.listeners.delete(listener) || following.listeners.size > 0) return;
    this.#following.delete(name);
    this.#send({ type: 'unfollow', stream: name });
  }

  /** @param {number} id @param {(listener: FollowListener) => void} tell */
  #tell(id, tell) {
    const following = this.#followingOf(id);
    if (following !== undefined) tellAll(following.listeners, tell);
  }

  /** @param {number} id */
  #followingOf(id) {
    const own = this.#following.get(this.#known.withId(id)?.stream ?? '');
    return own ?? [...this.#following.values()].find(({ insteadId }) => insteadId === id);
  }

  /** @param {object} message */
  #send(message) {
    this.#link?.send(message);
  }

  #freshLateness() {
    const { ms, atMs } = this.#lateness;
    return this.#world.nowMs() - atMs <= latenessLifeMs ? ms : null;
  }

  /** @param {HubState} state */
  #setState(state) {
    this.state = state;
    this.#handlers.onState?.(state);
  }
}
