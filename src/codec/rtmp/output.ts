import { ProtocolError } from '../../core/errors.ts';
import type { Amf0Value } from '../amf0.ts';
import { joinBytes } from '../bytes.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { writeCommand } from './command.ts';
import { type ControlMessage, writeControl } from './control.ts';
import { messageTypes, type OutgoingMessage } from './message.ts';

/** The bytes a session has to say, until its owner takes them. */
export class RtmpOutput {
  readonly #writer = new ChunkWriter();
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** @param maxBytes - Most bytes that may wait. A peer that asks faster than it reads goes over it. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes wait. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Everything said since the last call, joined. */
  take(): Uint8Array | undefined {
    const [first, ...others] = this.#parts;
    this.#parts = [];
    this.#bytes = 0;
    return first === undefined || others.length === 0 ? first : joinBytes([first, ...others]);
  }

  /** Says bytes that are no chunks: the handshake. */
  raw(bytes: Uint8Array): void {
    if (this.#bytes + bytes.length > this.#maxBytes) {
      throw new ProtocolError(
        'PROTOCOL_COMMAND',
        `replies not read by the peer exceed ${this.#maxBytes} bytes`,
      );
    }
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Says a message. */
  message(message: OutgoingMessage): void {
    this.raw(this.#writer.write(message));
  }

  /** Says a control message. A new chunk size counts for what is said after it. */
  control(message: ControlMessage): void {
    this.message({ chunkStreamId: 2, streamId: 0, timestampMs: 0, ...writeControl(message) });
    if (message.type === 'setChunkSize') this.#writer.setChunkSize(message.chunkBytes);
  }

  /** Says a command. */
  command(streamId: number, name: string, transactionId: number, ...values: readonly Amf0Value[]): void {
    const body = writeCommand(name, transactionId, ...values);
    this.message({ chunkStreamId: 3, typeId: messageTypes.command, streamId, timestampMs: 0, body });
  }

  /** Says how something on a message stream went (RTMP 1.0 §7.2.2). */
  status(streamId: number, level: 'status' | 'error', code: string, description: string): void {
    this.command(streamId, 'onStatus', 0, null, { level, code, description });
  }
}
