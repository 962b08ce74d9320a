/**
 * @import { ActiveStream } from '../hub/hub-messages.js'
 * @import { StreamChange } from '../hub/known-streams.js'
 * @typedef {'ok' | 'warn' | 'bad' | 'idle'} Tone
 * @typedef {{ tone: Tone, text: string }} Change
 * @typedef {Record<string, any>} StreamInfo an entry of `GET /api/streams`
 * @typedef {Record<string, any>} ChildInfo a child in the answer of `GET /api/tree`
 * @typedef {Record<string, any>} SupervisorInfo the answer of `GET /api/tree`
 */

/** @type {Record<string, Tone>} */
const childTones = {
  running: 'ok',
  starting: 'warn',
  stopping: 'warn',
  'backing-off': 'warn',
  stuck: 'bad',
  failed: 'bad',
};
/** @type {Record<string, Tone>} */
const statusTones = { healthy: 'ok', degraded: 'warn', failing: 'bad' };
const interruptionReason = 'the publisher was lost; waiting for it to come back';
// Passing states of every start and stop: nothing that anybody has to know.
const passing = new Set(['starting', 'stopping']);

/**
 * The colour of a child's or a supervisor's state.
 * @param {unknown} state
 * @returns {Tone}
 */
export function toneOfState(state) {
  return childTones[String(state)] ?? 'idle';
}

/**
 * The colour of a health word.
 * @param {unknown} status
 * @returns {Tone}
 */
export function toneOfStatus(status) {
  return statusTones[String(status)] ?? 'idle';
}

/** @type {Record<string, Tone>} */
const streamTones = { started: 'ok', resumed: 'ok', interrupted: 'warn', ended: 'idle' };
/** @type {Record<string, string>} */
const streamWords = {
  started: 'is live',
  resumed: 'is live again',
  interrupted: `is interrupted – ${interruptionReason}`,
  ended: 'ended',
};

/**
 * What the server has told of its streams, in words.
 * @param {readonly StreamChange[]} changes
 * @returns {Change[]}
 */
export function describeStreams(changes) {
  return changes.map((told) => {
    const text = `${told.stream.stream} ${streamWords[told.kind]}`;
    return change(
      streamTones[told.kind] ?? 'idle',
      told.kind === 'ended' ? withReason(text, told.reason) : text,
    );
  });
}

/**
 * The streams to show: which there are and how they are is pushed at once, their numbers come with the next answer.
 * @param {readonly ActiveStream[] | null} pushed `null` while there is no connection: then the last answer is all there is
 * @param {readonly StreamInfo[]} answered
 * @param {boolean} isAnswering whether that answer is a fresh one
 * @returns {readonly StreamInfo[]}
 */
export function mergeStreams(pushed, answered, isAnswering) {
  if (pushed === null && isAnswering) return answered;
  if (pushed === null) return answered.map((stream) => ({ ...stream, state: 'unknown', reason: null }));
  const numbers = new Map(answered.map((stream) => [stream.name, stream]));
  return pushed.map(({ stream: name, state }) => {
    const reason = state === 'interrupted' ? interruptionReason : null;
    return { ...numbers.get(name), name, state, reason };
  });
}

/**
 * What happened in the supervision tree between two answers.
 * @param {SupervisorInfo} before
 * @param {SupervisorInfo} after
 * @returns {Change[]}
 */
export function compareTrees(before, after) {
  const known = new Map(listChildren(before));
  const changes = listChildren(after).flatMap(([path, child]) => compareChild(path, known.get(path), child));
  if (before.status !== after.status) {
    changes.push(change(toneOfStatus(after.status), `${after.name} is ${after.status}`));
  }
  return changes;
}

/**
 * @param {string} path
 * @param {ChildInfo | undefined} before
 * @param {ChildInfo} after
 */
function compareChild(path, before, after) {
  if (before === undefined) return [];
  const restarts = after.restartsTotal - before.restartsTotal;
  const isChanged = after.state !== before.state && !passing.has(after.state);
  // A child that waits for its restart is told as that; the restart is news when it runs.
  if (isChanged && after.state !== 'running') {
    return [change(toneOfState(after.state), withReason(`${path} is ${after.state}`, exitText(after)))];
  }
  if (restarts > 0)
    return [change('warn', withReason(`${path} restarted${times(restarts)}`, exitText(after)))];
  return isChanged ? [change('ok', `${path} is running`)] : [];
}

/**
 * Every child with its path, parents first.
 * @param {SupervisorInfo} supervisor
 * @returns {[string, ChildInfo][]}
 */
function listChildren(supervisor, prefix = '') {
  return listOf(supervisor.children).flatMap((child) => {
    const path = `${prefix}${child.name}`;
    const below = child.supervisor ? listChildren(child.supervisor, `${path} / `) : [];
    return [/** @type {[string, ChildInfo]} */ ([path, child]), ...below];
  });
}

/**
 * Why a child ended the last time, or `null`.
 * @param {ChildInfo} child
 * @returns {string | null}
 */
export function exitText({ lastExit }) {
  return lastExit?.error ?? lastExit?.reason ?? null;
}

/**
 * A list from the server, or an empty one for anything else.
 * @param {unknown} value
 * @returns {Record<string, any>[]}
 */
export function listOf(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}

/**
 * @param {Tone} tone
 * @param {string} text
 * @returns {Change}
 */
function change(tone, text) {
  return { tone, text };
}

/**
 * @param {string} text
 * @param {unknown} reason
 */
function withReason(text, reason) {
  return reason ? `${text} – ${reason}` : text;
}

/** @param {number} count */
function times(count) {
  return count > 1 ? ` ${count} times` : '';
}
