/**
 * @import { ServerMessage } from './hub-messages.js'
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 */
import { AckPolicy } from './ack-policy.js';
import { readServerMessage, readTagMessage, subprotocol, writeAcknowledgement } from './hub-messages.js';

/**
 * What a link needs of the world, so that tests can give it another one.
 * @typedef {object} World
 * @property {(url: string, protocol: string) => WebSocket} openSocket
 * @property {() => number} nowMs a clock that never goes back
 * @property {(delayMs: number, callback: () => void) => { cancel(): void }} setTimer
 */

/**
 * @typedef {object} LinkHandlers
 * @property {(message: ServerMessage) => void} onMessage
 * @property {(id: number, tag: FlvTag) => void} onTag
 * @property {() => number | null} latenessMs how late the newest picture was shown, when that is known
 * @property {(sentAtMs: number, answeredAtMs: number, wallMs: number) => void} onRoundTrip
 * @property {(reason: string) => void} onClose called once, unless `close()` ended it
 */

const welcomeTimeoutMs = 5_000;
const pongGraceMs = 5_000;
const lateMessagesMs = 250;
const maxPingIntervalMs = 5_000;
// Round trips vary. A few at the start find a short one, and with it the server's clock.
const firstPings = 5;
const firstPingIntervalMs = 200;

/** One WebSocket, from its opening to its end: acknowledges, answers pings, and finds out when the other side is gone. */
export class HubLink {
  #socket;
  #world;
  #handlers;
  #listening = new AbortController();
  #acks = new AckPolicy();
  /** @type {Set<{ cancel(): void }>} */
  #timers = new Set();
  #isAckTimerSet = false;
  #isWelcome = false;
  #pings = 0;
  #pingIntervalMs = maxPingIntervalMs;
  /** When the ping left that nothing has come after, or `null`. @type {number | null} */
  #unansweredSinceMs = null;

  /**
   * @param {string} url
   * @param {World} world
   * @param {LinkHandlers} handlers
   */
  constructor(url, world, handlers) {
    this.#world = world;
    this.#handlers = handlers;
    this.#socket = world.openSocket(url, subprotocol);
    this.#socket.binaryType = 'arraybuffer';
    const { signal } = this.#listening;
    this.#socket.addEventListener('message', ({ data }) => this.#take(data), { signal });
    this.#socket.addEventListener('close', ({ code, reason }) => this.#end(reason || `code ${code}`), {
      signal,
    });
    this.#after(welcomeTimeoutMs, () => this.#isWelcome || this.#end('no answer'));
  }

  /**
   * Sends a message. Before the welcome nothing is sent: who gets the welcome says all there is to say.
   * @param {object} message
   */
  send(message) {
    if (this.#isWelcome && this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Ends it without a word. */
  close() {
    this.#listening.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#socket.close();
  }

  /** Asks whether the other side is still there: after a pause, when the answer decides how soon the picture is back. */
  probe() {
    if (this.#unansweredSinceMs === null) this.#ping();
    this.#after(pongGraceMs, () => this.#checkSilence());
  }

  /** @param {string} reason */
  #end(reason) {
    this.close();
    this.#handlers.onClose(reason);
  }

  /** @param {unknown} data */
  #take(data) {
    this.#unansweredSinceMs = null;
    if (data instanceof ArrayBuffer) this.#takeBinary(new Uint8Array(data));
    else if (typeof data === 'string') this.#takeText(data);
  }

  /** @param {Uint8Array} bytes */
  #takeBinary(bytes) {
    // What cannot be read was taken all the same: the server counts it.
    const content = readTagMessage(bytes);
    if (content !== undefined) this.#handlers.onTag(content.id, content.tag);
    this.#count(bytes.length);
  }

  /** @param {string} json */
  #takeText(json) {
    const message = readServerMessage(json);
    if (message === undefined) return;
    if (message.type === 'frame') this.#count(json.length);
    if (message.type === 'ping') this.send({ type: 'pong', t: message.t });
    if (message.type === 'pong') this.#takePong(message);
    if (message.type === 'acknowledge') this.#acks.setPace(message);
    if (message.type === 'viewer_connected') this.#takeWelcome(message);
    if (this.#isWelcome) this.#handlers.onMessage(message);
  }

  /** @param {{ pingIntervalMs: number }} welcome */
  #takeWelcome({ pingIntervalMs }) {
    if (this.#isWelcome) return;
    this.#isWelcome = true;
    this.#pingIntervalMs = Math.min(pingIntervalMs, maxPingIntervalMs);
    this.#ping();
    this.#pingLater();
  }

  /** @param {{ t: unknown, wallMs: number }} pong */
  #takePong({ t, wallMs }) {
    if (typeof t === 'number') this.#handlers.onRoundTrip(t, this.#world.nowMs(), wallMs);
  }

  #pingLater() {
    const intervalMs = this.#pings < firstPings ? firstPingIntervalMs : this.#pingIntervalMs;
    this.#after(intervalMs, () => {
      this.#checkSilence();
      this.#ping();
      this.#pingLater();
    });
  }

  #ping() {
    const nowMs = this.#world.nowMs();
    this.#pings++;
    this.#unansweredSinceMs ??= nowMs;
    this.send({ type: 'ping', t: nowMs });
  }

  /**
   * Counts from a ping, not from the last message: the timers of a background tab come a minute late, and a server with
   * nothing to say would look dead then.
   */
  #checkSilence() {
    const sinceMs = this.#unansweredSinceMs;
    if (sinceMs === null || this.#world.nowMs() - sinceMs < pongGraceMs) return;
    // When this page itself was stuck, messages wait behind this timer. They get a moment to show up.
    this.#after(lateMessagesMs, () => this.#unansweredSinceMs === sinceMs && this.#end('silent'));
  }

  /** @param {number} bytes */
  #count(bytes) {
    // Only who speaks the subprotocol is listened to.
    if (this.#socket.protocol !== subprotocol) return;
    if (this.#acks.take(bytes, this.#world.nowMs())) return this.#acknowledge();
    if (this.#isAckTimerSet) return;
    this.#isAckTimerSet = true;
    this.#after(this.#acks.maxDelayMs, () => {
      this.#isAckTimerSet = false;
      if (this.#acks.isWaiting) this.#acknowledge();
    });
  }

  #acknowledge() {
    if (this.#socket.readyState !== 1) return;
    this.#acks.acknowledged(this.#world.nowMs());
    this.#socket.send(writeAcknowledgement(this.#acks.received, this.#handlers.latenessMs()));
  }

  /**
   * @param {number} delayMs
   * @param {() => void} callback
   */
  #after(delayMs, callback) {
    const timer = this.#world.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }
}
