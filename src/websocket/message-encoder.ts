import { RingQueue } from '../core/ring-queue.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import { readImageTag } from './image-tag.ts';
import { streamIdBytes } from './protocol.ts';

/** The bytes of one complete message, in one piece or two. Shared by all viewers, so never written to. */
export type EncodedMessage = readonly Uint8Array[];

/** Makes the JSON part of a picture that the picture's `data:` URL completes. */
interface PictureHead {
  readonly stream: string;
  readonly id: number;
}

const opcodes = { text: 0x1, binary: 0x2 } as const;

// One piece is cheaper to write than two, so a tag is copied behind its head. The copy of a long tag is kept only while the
// packet is among the newest, which all viewers who keep up are about to get: the ring holds the tag already.
const copyBelowBytes = 16 << 10;
const maxCopiedBytes = 4 << 20;
const maxCopies = 256;

/** A long message that is held in one piece. */
interface CopiedMessage {
  readonly known: WeakMap<MediaPacket, EncodedMessage>;
  readonly packet: MediaPacket;
  /** The same without the copy. */
  readonly pieces: EncodedMessage;
  readonly bytes: number;
}

/**
 * Makes complete, unmasked WebSocket frames (RFC 6455 §5.2), each once for all viewers. They are written to the socket as
 * they are: what a frame costs is then the system call.
 */
export class MessageEncoder {
  readonly #followed = new WeakMap<MediaPacket, EncodedMessage>();
  readonly #plain = new WeakMap<MediaPacket, EncodedMessage>();
  readonly #pictures = new WeakMap<MediaPacket, EncodedMessage>();
  readonly #copies = new RingQueue<CopiedMessage>(maxCopies);
  #copiedBytes = 0;

  /** Any bytes as a binary message. Not remembered. */
  binary(bytes: Uint8Array): EncodedMessage {
    return encodeBinary(bytes);
  }

  /** A packet as a binary message of its own: a plain FLV tag. */
  plain(packet: MediaPacket): EncodedMessage {
    return this.#plain.get(packet) ?? this.#encode(this.#plain, packet);
  }

  /** A packet as a viewer gets it who follows several streams: the number of the run, then the tag. */
  followed(packet: MediaPacket, id: number): EncodedMessage {
    return this.#followed.get(packet) ?? this.#encode(this.#followed, packet, id);
  }

  /** A picture as a `frame` message in JSON; `undefined` when the packet is none. */
  picture(packet: MediaPacket, head: PictureHead): EncodedMessage | undefined {
    const known = this.#pictures.get(packet);
    if (known !== undefined) return known;
    const image = readImageTag(packet.tag);
    if (image === undefined) return undefined;
    const { buffer, byteOffset, byteLength } = image.bytes;
    const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    const frame = `data:image/${image.type};base64,${base64}`;
    const text = this.text({ type: 'frame', ...head, timestamp_ms: packet.dtsMs, frame });
    const message = [text];
    this.#pictures.set(packet, message);
    return message;
  }

  /** An object as a text message. */
  text(message: object): Uint8Array {
    const text = Buffer.from(JSON.stringify(message));
    return Buffer.concat([frameHead(opcodes.text, text.byteLength), text]);
  }

  #encode(known: WeakMap<MediaPacket, EncodedMessage>, packet: MediaPacket, id?: number): EncodedMessage {
    const pieces = encodeBinary(packet.tag, id);
    const message = [Buffer.concat(pieces)];
    known.set(packet, message);
    if (packet.tag.byteLength >= copyBelowBytes)
      this.#hold({ known, packet, pieces, bytes: messageBytes(message) });
    return message;
  }

  #hold(copied: CopiedMessage): void {
    this.#copiedBytes += copied.bytes;
    while (this.#copies.isFull || this.#copiedBytes > maxCopiedBytes) {
      const oldest = this.#copies.shift() ?? copied;
      oldest.known.set(oldest.packet, oldest.pieces);
      this.#copiedBytes -= oldest.bytes;
      if (oldest === copied) return; // It alone is too long.
    }
    this.#copies.push(copied);
  }
}

/** What a message adds up to. */
export function messageBytes(message: EncodedMessage): number {
  return message[0]!.byteLength + (message[1]?.byteLength ?? 0);
}

function encodeBinary(tag: Uint8Array, id?: number): EncodedMessage {
  const idBytes = id === undefined ? 0 : streamIdBytes;
  const head = frameHead(opcodes.binary, idBytes + tag.byteLength, idBytes);
  if (id !== undefined) head.writeUInt32BE(id, head.length - idBytes);
  return [head, tag];
}

/** The head of a frame, with room for what else stands in front of the payload. */
function frameHead(opcode: number, payloadBytes: number, roomBytes: number = 0): Buffer {
  const lengthBytes = payloadBytes < 126 ? 0 : payloadBytes < 0x1_0000 ? 2 : 8;
  const head = Buffer.alloc(2 + lengthBytes + roomBytes);
  head[0] = 0x80 | opcode; // FIN: the only frame of its message.
  head[1] = lengthBytes === 0 ? payloadBytes : lengthBytes === 2 ? 126 : 127;
  if (lengthBytes === 2) head.writeUInt16BE(payloadBytes, 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return head;
}
