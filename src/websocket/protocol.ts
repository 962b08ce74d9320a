/**
 * The messages between a broadcast and its viewers and streamers, as docs/broadcast.md lists them: names, numbers and the
 * reading of what peers send. Pure.
 */

/** The WebSocket subprotocol of viewers that acknowledge. */
export const subprotocol = 'spillway.v1';

/** Bytes of the stream number in front of each tag. */
export const streamIdBytes = 4;

/** Close codes of our own (RFC 6455 §7.4.2: 4000 to 4999 are private), and the standard ones we use. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  policyViolation: 1008,
  replaced: 4000,
  tooManyErrors: 4001,
  frozen: 4002,
} as const;

/** How a viewer wants its pictures: all, every n-th resync point, or as the server sees fit. */
export type QualityMode = 'auto' | 'full' | 'keyframes';

/** What a viewer says. */
export type ViewerMessage =
  | { readonly type: 'follow'; readonly stream: string }
  | { readonly type: 'unfollow'; readonly stream: string }
  | { readonly type: 'quality'; readonly stream: string; readonly mode: QualityMode; readonly every: number }
  | { readonly type: 'ping'; readonly t: unknown }
  | { readonly type: 'pong'; readonly t: unknown };

/** What a viewer has taken. */
export interface Acknowledgement {
  /** Data messages since the connection began, modulo 2^32. */
  readonly received: number;
  /** How late the newest picture was shown, in ms; `undefined` when the viewer does not know. */
  readonly latenessMs: number | undefined;
}

/** Size of an acknowledgement. */
export const acknowledgementBytes = 8;

/** Reads an acknowledgement; `undefined` when the message is none. */
export function readAcknowledgement(bytes: Uint8Array): Acknowledgement | undefined {
  if (bytes.byteLength !== acknowledgementBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latenessMs = view.getInt32(4);
  return { received: view.getUint32(0), latenessMs: latenessMs === -1 ? undefined : latenessMs };
}

const maxNameLength = 256;
const maxEvery = 100;
const modes: readonly unknown[] = ['auto', 'full', 'keyframes'] satisfies QualityMode[];

type Members = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<string, (members: Members) => ViewerMessage | undefined>> = {
  follow: ({ stream }) => (isStreamName(stream) ? { type: 'follow', stream } : undefined),
  unfollow: ({ stream }) => (isStreamName(stream) ? { type: 'unfollow', stream } : undefined),
  quality: ({ stream, mode, every = 1 }) =>
    isStreamName(stream) && isMode(mode) && isEvery(every)
      ? { type: 'quality', stream, mode, every }
      : undefined,
  ping: ({ t }) => ({ type: 'ping', t }),
  pong: ({ t }) => ({ type: 'pong', t }),
};

/** Whether a viewer can ask for a stream of this name. */
export function isStreamName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxNameLength;
}

/** The object in a text message; `undefined` when it is no JSON object. */
export function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Members)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads what a viewer says: `'unknown'` for a type this version does not know, which is to be ignored, `undefined` for a
 * known one with wrong members.
 */
export function readViewerMessage(members: Members): ViewerMessage | 'unknown' | undefined {
  const { type } = members;
  const reader = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined;
  return reader === undefined ? 'unknown' : reader(members);
}

function isMode(value: unknown): value is QualityMode {
  return modes.includes(value);
}

function isEvery(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxEvery;
}
