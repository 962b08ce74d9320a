import { ProtocolError } from '../../core/errors.ts';
import { writeUint32 } from '../bytes.ts';
import { messageTypes } from './message.ts';

/** How a peer shall take a Set Peer Bandwidth (RTMP 1.0 §5.4.5). */
type PeerBandwidthLimit = 'hard' | 'soft' | 'dynamic';

/** Protocol control (RTMP 1.0 §5.4) and user control messages (§7.1.7). */
export type ControlMessage =
  | { readonly type: 'setChunkSize'; readonly chunkBytes: number }
  | { readonly type: 'abort'; readonly chunkStreamId: number }
  | { readonly type: 'acknowledgement'; readonly receivedBytes: number }
  | { readonly type: 'windowAckSize'; readonly windowBytes: number }
  | { readonly type: 'setPeerBandwidth'; readonly windowBytes: number; readonly limit: PeerBandwidthLimit }
  | { readonly type: 'streamBegin'; readonly streamId: number }
  | { readonly type: 'streamEof'; readonly streamId: number }
  | { readonly type: 'streamDry'; readonly streamId: number }
  | { readonly type: 'setBufferLength'; readonly streamId: number; readonly bufferMs: number }
  | { readonly type: 'streamIsRecorded'; readonly streamId: number }
  | { readonly type: 'pingRequest'; readonly timestampMs: number }
  | { readonly type: 'pingResponse'; readonly timestampMs: number };

/** A control message as it goes into chunks. */
export interface ControlBody {
  /** The message type. */
  readonly typeId: number;
  /** The payload. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a control message; `undefined` when it is none, or a user control event without meaning here.
 *
 * @throws {ProtocolError} `PROTOCOL_CHUNK` when it is too short for what it says it is.
 */
export function readControl(message: {
  readonly typeId: number;
  readonly body: Uint8Array;
}): ControlMessage | undefined {
  const { typeId, body } = message;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const kind =
    typeId === messageTypes.userControl ? userControl(view.byteLength < 2 ? -1 : view.getUint16(0)) : typeId;
  const reader = readers[kind];
  if (reader === undefined) return undefined;
  if (view.byteLength >= reader.bytes) return reader.read(view);
  throw new ProtocolError(
    'PROTOCOL_CHUNK',
    `control message ${typeId} has ${body.length} bytes, needs ${reader.bytes}`,
  );
}

/** Writes a control message. */
export function writeControl(message: ControlMessage): ControlBody {
  const write = writers[message.type] as (message: ControlMessage) => ControlBody;
  return write(message);
}

interface ControlReader {
  readonly bytes: number;
  readonly read: (view: DataView) => ControlMessage;
}

type ControlWriters = {
  readonly [Type in ControlMessage['type']]: (
    message: Extract<ControlMessage, { type: Type }>,
  ) => ControlBody;
};

const limits = ['hard', 'soft', 'dynamic'] as const;

// User control events share one message type: their own numbers stand in the table above those of message types.
const userControl = (event: number): number => 0x100 + event;

const readers: Readonly<Record<number, ControlReader>> = {
  [messageTypes.setChunkSize]: {
    bytes: 4,
    read: (view) => ({ type: 'setChunkSize', chunkBytes: view.getUint32(0) }),
  },
  [messageTypes.abort]: {
    bytes: 4,
    read: (view) => ({ type: 'abort', chunkStreamId: view.getUint32(0) }),
  },
  [messageTypes.acknowledgement]: {
    bytes: 4,
    read: (view) => ({ type: 'acknowledgement', receivedBytes: view.getUint32(0) }),
  },
  [messageTypes.windowAckSize]: {
    bytes: 4,
    read: (view) => ({ type: 'windowAckSize', windowBytes: view.getUint32(0) }),
  },
  [messageTypes.setPeerBandwidth]: {
    bytes: 5,
    read: (view) => ({
      type: 'setPeerBandwidth',
      windowBytes: view.getUint32(0),
      limit: limits[view.getUint8(4)] ?? 'dynamic',
    }),
  },
  [userControl(0)]: { bytes: 6, read: (view) => ({ type: 'streamBegin', streamId: view.getUint32(2) }) },
  [userControl(1)]: { bytes: 6, read: (view) => ({ type: 'streamEof', streamId: view.getUint32(2) }) },
  [userControl(2)]: { bytes: 6, read: (view) => ({ type: 'streamDry', streamId: view.getUint32(2) }) },
  [userControl(3)]: {
    bytes: 10,
    read: (view) => ({ type: 'setBufferLength', streamId: view.getUint32(2), bufferMs: view.getUint32(6) }),
  },
  [userControl(4)]: { bytes: 6, read: (view) => ({ type: 'streamIsRecorded', streamId: view.getUint32(2) }) },
  [userControl(6)]: { bytes: 6, read: (view) => ({ type: 'pingRequest', timestampMs: view.getUint32(2) }) },
  [userControl(7)]: { bytes: 6, read: (view) => ({ type: 'pingResponse', timestampMs: view.getUint32(2) }) },
};

const writers: ControlWriters = {
  setChunkSize: ({ chunkBytes }) => protocolBody(messageTypes.setChunkSize, chunkBytes),
  abort: ({ chunkStreamId }) => protocolBody(messageTypes.abort, chunkStreamId),
  acknowledgement: ({ receivedBytes }) => protocolBody(messageTypes.acknowledgement, receivedBytes),
  windowAckSize: ({ windowBytes }) => protocolBody(messageTypes.windowAckSize, windowBytes),
  setPeerBandwidth: ({ windowBytes, limit }) =>
    protocolBody(messageTypes.setPeerBandwidth, windowBytes, limits.indexOf(limit)),
  streamBegin: ({ streamId }) => eventBody(0, streamId),
  streamEof: ({ streamId }) => eventBody(1, streamId),
  streamDry: ({ streamId }) => eventBody(2, streamId),
  setBufferLength: ({ streamId, bufferMs }) => eventBody(3, streamId, bufferMs),
  streamIsRecorded: ({ streamId }) => eventBody(4, streamId),
  pingRequest: ({ timestampMs }) => eventBody(6, timestampMs),
  pingResponse: ({ timestampMs }) => eventBody(7, timestampMs),
};

function protocolBody(typeId: number, value: number, ...lastByte: number[]): ControlBody {
  const body = new Uint8Array(4 + lastByte.length);
  writeUint32(body, 0, value);
  body.set(lastByte, 4);
  return { typeId, body };
}

function eventBody(event: number, ...values: number[]): ControlBody {
  const body = new Uint8Array(2 + 4 * values.length);
  body[1] = event;
  values.forEach((value, index) => {
    writeUint32(body, 2 + 4 * index, value);
  });
  return { typeId: messageTypes.userControl, body };
}
