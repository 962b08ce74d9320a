import { type Amf0Value, readAmf0Values } from './amf0.ts';
import { joinBytes } from './bytes.ts';
import { ChunkReader } from './rtmp/chunk-reader.ts';
import { ChunkWriter } from './rtmp/chunk-writer.ts';
import { writeCommand } from './rtmp/command.ts';
import { type ControlMessage, writeControl } from './rtmp/control.ts';
import { messageTypes, type OutgoingMessage, type RtmpMessage } from './rtmp/message.ts';
import type { RtmpServerEvent } from './rtmp/server-events.ts';
import { RtmpServerSession, type RtmpServerSessionOptions } from './rtmp/server-session.ts';

/** Cuts bytes into pieces of the given sizes, over and over, each in a buffer that is reused for the next. */
export function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  const reused = new Uint8Array(Math.max(1, ...sizes));
  let offset = 0;
  for (let index = 0; offset < bytes.length; index++) {
    const piece = bytes.subarray(offset, offset + (sizes[index % sizes.length] ?? bytes.length));
    reused.fill(0xee);
    if (piece.length <= reused.length) reused.set(piece);
    yield piece.length <= reused.length ? reused.subarray(0, piece.length) : piece;
    offset += piece.length;
  }
}

/** Bytes from hexadecimal; blanks may stand anywhere. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** Bytes that differ from their neighbours, so that a misplaced one shows. */
export function pattern(length: number, seed: number = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = seed + 7 * index + (index >>> 8);
  return bytes;
}

/** The same, as plain data that compares and prints well. */
export interface PlainMessage {
  readonly typeId: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly body: readonly number[];
}

/** A message without its buffers. */
export function plain(message: RtmpMessage | OutgoingMessage): PlainMessage {
  const { typeId, streamId, timestampMs, body } = message;
  return { typeId, streamId, timestampMs, body: [...body] };
}

/** Reads messages from chunks, with the bytes cut as told. */
export function readMessages(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
  maxMessageBytes?: number,
): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const options = maxMessageBytes === undefined ? {} : { maxMessageBytes };
  const reader = new ChunkReader((message) => messages.push(message), options);
  for (const piece of cut(bytes, sizes)) reader.push(piece);
  return messages;
}

/** Writes what an encoder sends, with a chunk writer of its own. */
export class Encoder {
  readonly #writer = new ChunkWriter();

  /** C0, C1 and C2. */
  hello(): Uint8Array {
    const bytes = new Uint8Array(1 + 2 * 1536);
    bytes[0] = 3;
    return bytes;
  }

  message(message: Partial<OutgoingMessage> & Pick<OutgoingMessage, 'typeId'>): Uint8Array {
    return this.#writer.write({
      chunkStreamId: 6,
      streamId: 1,
      timestampMs: 0,
      body: new Uint8Array(0),
      ...message,
    });
  }

  command(streamId: number, name: string, transactionId: number, ...values: Amf0Value[]): Uint8Array {
    const body = writeCommand(name, transactionId, ...values);
    return this.message({ chunkStreamId: 3, typeId: messageTypes.command, streamId, body });
  }

  control(message: ControlMessage): Uint8Array {
    return this.message({ chunkStreamId: 2, streamId: 0, ...writeControl(message) });
  }

  /** Announces the chunk size, and uses it. */
  setChunkSize(chunkBytes: number): Uint8Array {
    const announcement = this.control({ type: 'setChunkSize', chunkBytes });
    this.#writer.setChunkSize(chunkBytes);
    return announcement;
  }

  video(body: Uint8Array, timestampMs: number = 0, streamId: number = 1): Uint8Array {
    return this.message({ typeId: messageTypes.video, body, timestampMs, streamId });
  }

  /** Everything up to the publish of `live/camera` on message stream 1. */
  opening(): Uint8Array {
    return joinBytes([
      this.hello(),
      this.connect(),
      this.command(0, 'createStream', 2, null),
      this.publish('camera'),
    ]);
  }

  connect(object: Amf0Value = { app: 'live', tcUrl: 'rtmp://127.0.0.1/live' }): Uint8Array {
    return this.command(0, 'connect', 1, object);
  }

  publish(name: Amf0Value, streamId: number = 1): Uint8Array {
    return this.command(streamId, 'publish', 3, null, name, 'live');
  }
}

/** A server session with a peer that reads its answers. */
export class ServerUnderTest {
  readonly session: RtmpServerSession;
  readonly #reader = new ChunkReader((message) => this.#messages.push(message));
  #messages: RtmpMessage[] = [];
  #helloBytes = 1 + 2 * 1536;

  constructor(options: Partial<RtmpServerSessionOptions> = {}) {
    this.session = new RtmpServerSession({ random: pattern(1528), ...options });
  }

  /** Sends bytes, cut as told, and collects the events. */
  send(bytes: Uint8Array, sizes: readonly number[] = []): RtmpServerEvent[] {
    const events: RtmpServerEvent[] = [];
    for (const piece of cut(bytes, sizes)) events.push(...this.session.receive(piece));
    return events;
  }

  /** What the server answered since the last call. */
  answers(): RtmpMessage[] {
    const bytes = this.session.takeOutput() ?? new Uint8Array(0);
    const skipped = Math.min(this.#helloBytes, bytes.length);
    this.#helloBytes -= skipped;
    this.#reader.push(bytes.subarray(skipped));
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  /** The commands among the answers. */
  commands(): Amf0Value[][] {
    return this.answers()
      .filter((message) => message.typeId === messageTypes.command)
      .map((message) => readAmf0Values(message.body));
  }

  /** The codes of the `onStatus` commands among the answers. */
  statusCodes(): Amf0Value[] {
    return this.commands()
      .filter(([name]) => name === 'onStatus')
      .map(([, , , info]) => (info as { code: Amf0Value }).code);
  }
}

/** A server session that accepted the publish `live/camera`, and the encoder that publishes it. */
export function publishing(options: Partial<RtmpServerSessionOptions> = {}): {
  server: ServerUnderTest;
  encoder: Encoder;
} {
  const server = new ServerUnderTest(options);
  const encoder = new Encoder();
  server.send(encoder.opening());
  server.session.acceptPublish(1);
  server.answers();
  return { server, encoder };
}

/** The code of the error that `action` throws; `undefined` when it throws none. */
export function codeOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}
