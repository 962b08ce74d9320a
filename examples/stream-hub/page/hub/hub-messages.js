/**
 * The messages of `spillway.v1`, as docs/broadcast.md lists them: reading what the server sends, writing what it expects.
 * Pure.
 *
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 * @typedef {{ stream: string, id: number, state: string, video: string | null, audio: string | null }} ActiveStream
 * @typedef {{ type: 'viewer_connected', viewerId: unknown, pingIntervalMs: number, streams: ActiveStream[] }
 *   | { type: 'stream_started' | 'stream_interrupted' | 'stream_resumed', stream: string, id: number }
 *   | { type: 'stream_ended', stream: string, id: number, reason: string }
 *   | { type: 'gap', stream: string, id: number, missed: number, reason: string }
 *   | { type: 'quality', stream: string, id: number, mode: string, every: number, instead: string, insteadId: number | null }
 *   | { type: 'clock', stream: string, id: number, timestampMs: number, wallMs: number }
 *   | { type: 'acknowledge', everyMs: number, everyBytes: number }
 *   | { type: 'frame' }
 *   | { type: 'ping', t: unknown }
 *   | { type: 'pong', t: unknown, wallMs: number }
 *   | { type: 'error', code: string, message: string }} ServerMessage
 */

/** The subprotocol whose viewers acknowledge. */
export const subprotocol = 'spillway.v1';

const streamIdBytes = 4;
const tagHeaderBytes = 11;
const tagTrailerBytes = 4;
const defaultPingIntervalMs = 45_000;
const maxStreams = 1_000;
// Nobody who wants to know how it goes waits for longer.
const maxAckDelayMs = 1_000;

/** @type {Readonly<Record<string, (members: Record<string, unknown>) => ServerMessage | undefined>>} */
const readers = {
  viewer_connected: readWelcome,
  stream_started: (members) => aboutStream(members, { type: 'stream_started' }),
  stream_interrupted: (members) => aboutStream(members, { type: 'stream_interrupted' }),
  stream_resumed: (members) => aboutStream(members, { type: 'stream_resumed' }),
  stream_ended: (members) => aboutStream(members, { type: 'stream_ended', reason: text(members.reason) }),
  gap: (members) =>
    aboutStream(members, { type: 'gap', missed: number(members.missed) ?? 0, reason: text(members.reason) }),
  quality: readQuality,
  clock: readClock,
  acknowledge: readPace,
  frame: () => ({ type: 'frame' }),
  ping: ({ t }) => ({ type: 'ping', t }),
  pong: readPong,
  error: ({ code, message }) => ({ type: 'error', code: text(code), message: text(message) }),
};

/**
 * Reads a text message of the server. What this client does not know, or what is no message at all, is `undefined`.
 * @param {string} json
 * @returns {ServerMessage | undefined}
 */
export function readServerMessage(json) {
  const members = parseObject(json);
  const type = text(members?.type);
  return members !== undefined && Object.hasOwn(readers, type) ? readers[type]?.(members) : undefined;
}

/**
 * Reads a binary message of the server: the number of the stream, then one FLV tag. The tag's body is a view on `bytes`.
 * @param {Uint8Array} bytes
 * @returns {{ id: number, tag: FlvTag } | undefined} `undefined` when it is none
 */
export function readTagMessage(bytes) {
  const bodyBytes = bytes.length - streamIdBytes - tagHeaderBytes - tagTrailerBytes;
  if (bodyBytes < 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if ((view.getUint32(streamIdBytes) & 0xff_ffff) !== bodyBytes) return undefined;
  const bodyStart = streamIdBytes + tagHeaderBytes;
  const tag = {
    type: view.getUint8(streamIdBytes) & 0x1f,
    // The upper byte of a timestamp stands behind the lower three (Adobe FLV 10.1, Annex E.4.1).
    timestampMs: (view.getUint32(streamIdBytes + 4) >>> 8) + view.getUint8(streamIdBytes + 7) * 0x100_0000,
    body: bytes.subarray(bodyStart, bodyStart + bodyBytes),
  };
  return { id: view.getUint32(0), tag };
}

/**
 * Writes an acknowledgement.
 * @param {number} received data messages taken since the connection began
 * @param {number | null} latenessMs how late the newest picture was shown, when that is known
 */
export function writeAcknowledgement(received, latenessMs) {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, received >>> 0);
  view.setInt32(4, latenessNumber(latenessMs));
  return view.buffer;
}

/** -1 means unknown, so what is measured as that becomes 0. @param {number | null} latenessMs */
function latenessNumber(latenessMs) {
  if (latenessMs === null || !Number.isFinite(latenessMs)) return -1;
  const rounded = Math.round(Math.min(Math.max(latenessMs, -0x8000_0000), 0x7fff_ffff));
  return rounded === -1 ? 0 : rounded;
}

/**
 * @param {Record<string, unknown>} members
 * @returns {ServerMessage}
 */
function readWelcome({ viewer_id: viewerId, ping_interval_ms: interval, active_streams: active }) {
  const pingIntervalMs = Math.max(1_000, number(interval) ?? defaultPingIntervalMs);
  const streams = (Array.isArray(active) ? active : []).slice(0, maxStreams).flatMap(readActiveStream);
  return { type: 'viewer_connected', viewerId, pingIntervalMs, streams };
}

/**
 * @param {any} entry
 * @returns {ActiveStream[]} none when it names no stream
 */
function readActiveStream(entry) {
  const { stream, id, state, video, audio } = entry ?? {};
  if (typeof stream !== 'string' || number(id) === null) return [];
  return [
    { stream, id, state: text(state) || 'live', video: text(video) || null, audio: text(audio) || null },
  ];
}

/**
 * @param {Record<string, unknown>} members
 * @returns {ServerMessage | undefined}
 */
function readClock({ timestamp_ms: timestamp, wall_ms: wall, ...members }) {
  const timestampMs = number(timestamp);
  const wallMs = number(wall);
  if (timestampMs === null || wallMs === null) return undefined;
  return aboutStream(members, { type: 'clock', timestampMs, wallMs });
}

/**
 * @param {Record<string, unknown>} members
 * @returns {ServerMessage | undefined}
 */
function readPace({ every_ms: ms, every_bytes: bytes }) {
  const everyMs = number(ms) ?? 0;
  const everyBytes = number(bytes) ?? 0;
  const isSane = everyMs >= 1 && everyMs <= maxAckDelayMs && everyBytes >= 1;
  return isSane ? { type: 'acknowledge', everyMs, everyBytes } : undefined;
}

/**
 * @param {Record<string, unknown>} members
 * @returns {ServerMessage | undefined}
 */
function readQuality({ mode, every, instead, instead_id: insteadId, ...members }) {
  const step = { mode: text(mode), every: number(every) ?? 1 };
  const source = { instead: text(instead), insteadId: number(insteadId) };
  return aboutStream(members, { type: 'quality', ...step, ...source });
}

/**
 * @param {Record<string, unknown>} members
 * @returns {ServerMessage | undefined}
 */
function readPong({ t, wall_ms: wall }) {
  const wallMs = number(wall);
  return wallMs === null ? undefined : { type: 'pong', t, wallMs };
}

/**
 * @param {Record<string, unknown>} members
 * @param {Record<string, unknown>} rest
 * @returns {ServerMessage | undefined}
 */
function aboutStream({ stream, id }, rest) {
  if (typeof stream !== 'string' || number(id) === null) return undefined;
  return /** @type {ServerMessage} */ ({ stream, id, ...rest });
}

/**
 * @param {string} json
 * @returns {Record<string, unknown> | undefined}
 */
function parseObject(json) {
  try {
    const value = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' ? value : '';
}

/** @param {unknown} value */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
