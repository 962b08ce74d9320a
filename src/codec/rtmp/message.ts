/** Message types (RTMP 1.0 §5.4 and §7.1). Those of media are FLV tag types as well. */
export const messageTypes = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  data: 18,
  command: 20,
} as const;

/** A message that was read off a connection. */
export interface RtmpMessage {
  /** What it is: one of {@link messageTypes}, or a number this package gives no meaning. */
  readonly typeId: number;
  /** The message stream it belongs to; 0 is the connection itself. */
  readonly streamId: number;
  /** Absolute time in ms, 0 to 2^32 - 1. */
  readonly timestampMs: number;
  /** The payload: the part of `tag` between header and trailer. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The payload in an exact buffer with room for an FLV tag's header and trailer, which are not written yet. */
  readonly tag: Uint8Array<ArrayBuffer>;
}

/** A message to send. */
export interface OutgoingMessage {
  /** The chunk stream that carries it, 2 to 65 599. */
  readonly chunkStreamId: number;
  /** One of {@link messageTypes}. */
  readonly typeId: number;
  /** The message stream it belongs to; 0 is the connection itself. */
  readonly streamId: number;
  /** Absolute time in ms; a larger number wraps at 2^32. */
  readonly timestampMs: number;
  /** The payload. */
  readonly body: Uint8Array;
}
