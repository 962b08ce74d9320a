/**
 * @import { ActiveStream, ServerMessage } from './hub-messages.js'
 * @typedef {{ kind: 'started' | 'interrupted' | 'resumed', stream: ActiveStream }
 *   | { kind: 'ended', stream: ActiveStream, reason: string }} StreamChange
 */

// A server may have more; a page that lists them all helps nobody.
const maxStreams = 1_000;

/** The state each message about a stream leads to. @type {Readonly<Record<string, string>>} */
const states = { stream_interrupted: 'interrupted', stream_resumed: 'live' };

/**
 * The streams that the server has told. Each run of a stream has a number of its own, so a late word about a run that is
 * over changes nothing. Pure.
 */
export class KnownStreams {
  /** By name. @type {Map<string, ActiveStream>} */
  #streams = new Map();
  /** Names by number. @type {Map<number, string>} */
  #names = new Map();

  /** All of them, by name. */
  list() {
    return [...this.#streams.values()].toSorted((a, b) => a.stream.localeCompare(b.stream));
  }

  /** @param {string} name */
  get(name) {
    return this.#streams.get(name);
  }

  /** The stream whose run has this number. @param {number} id */
  withId(id) {
    return this.#streams.get(this.#names.get(id) ?? '');
  }

  /**
   * Takes the list that a new connection begins with. What is missing in it has ended in the meantime.
   * @param {readonly ActiveStream[]} streams
   * @returns {StreamChange[]}
   */
  replace(streams) {
    const before = this.#streams;
    this.#streams = new Map();
    this.#names = new Map();
    for (const stream of streams) this.#add(stream);
    const gone = [...before.values()].filter(({ id }) => !this.#names.has(id));
    const ended = gone.map((stream) => /** @type {const} */ ({ kind: 'ended', stream, reason: '' }));
    return [...ended, ...this.list().flatMap((stream) => compare(before.get(stream.stream), stream))];
  }

  /**
   * Takes what a message says about a stream.
   * @param {ServerMessage} message
   * @returns {StreamChange[]} nothing for what is no news
   */
  take(message) {
    switch (message.type) {
      case 'stream_started':
        return this.#start(message);
      case 'stream_ended':
        return this.#end(message);
      case 'stream_interrupted':
      case 'stream_resumed':
        return this.#setState(message.id, states[message.type] ?? 'live');
      default:
        return [];
    }
  }

  /**
   * @param {{ stream: string, id: number }} run
   * @returns {StreamChange[]}
   */
  #start({ stream: name, id }) {
    const before = this.#streams.get(name);
    if (before?.id === id) return [];
    const stream = { stream: name, id, state: 'live', video: null, audio: null };
    if (!this.#add(stream)) return [];
    /** @type {StreamChange[]} */
    const changes = before === undefined ? [] : [{ kind: 'ended', stream: before, reason: '' }];
    return [...changes, { kind: 'started', stream }];
  }

  /**
   * @param {{ id: number, reason: string }} run
   * @returns {StreamChange[]}
   */
  #end({ id, reason }) {
    const stream = this.withId(id);
    if (stream === undefined) return [];
    this.#names.delete(id);
    this.#streams.delete(stream.stream);
    return [{ kind: 'ended', stream, reason }];
  }

  /**
   * @param {number} id
   * @param {string} state
   * @returns {StreamChange[]}
   */
  #setState(id, state) {
    const before = this.withId(id);
    if (before === undefined || before.state === state) return [];
    const stream = { ...before, state };
    this.#streams.set(stream.stream, stream);
    return compare(before, stream);
  }

  /** @param {ActiveStream} stream */
  #add(stream) {
    const before = this.#streams.get(stream.stream);
    if (before === undefined && this.#streams.size >= maxStreams) return false;
    if (before !== undefined) this.#names.delete(before.id);
    this.#streams.set(stream.stream, stream);
    this.#names.set(stream.id, stream.stream);
    return true;
  }
}

/**
 * @param {ActiveStream | undefined} before
 * @param {ActiveStream} stream
 * @returns {StreamChange[]}
 */
function compare(before, stream) {
  if (before?.id !== stream.id) return [{ kind: 'started', stream }];
  if (before.state === stream.state) return [];
  return [{ kind: stream.state === 'live' ? 'resumed' : 'interrupted', stream }];
}
