import { checkInteger, checkKnown } from '../../core/check.ts';
import type { ProtocolError } from '../../core/errors.ts';
import { type FlvTagType, frameFlvTag } from '../../media/flv-tag.ts';
import { maxChunkBytes } from './chunk-reader.ts';
import { defaultAckWindowBytes, RtmpConnection } from './connection.ts';
import { readDataTag } from './data-message.ts';
import { messageTypes, type RtmpMessage } from './message.ts';
import { ServerCommands } from './server-commands.ts';
import type { PublishRefusal, RtmpServerEvent } from './server-events.ts';

/** Options of {@link RtmpServerSession}. */
export interface RtmpServerSessionOptions {
  /** 1528 random bytes for the handshake. */
  readonly random: Uint8Array;
  /** Largest message in bytes, 1 to 16 777 215. Default 16 777 215. */
  readonly maxMessageBytes?: number;
  /**
   * Size in bytes of the chunks this side sends. Default 65 536: ffmpeg adopts it for what it sends, and large chunks are
   * cheap to read.
   */
  readonly chunkSize?: number;
  /** Bytes after which this side acknowledges unasked, and the window it announces. Default 2 500 000. */
  readonly ackWindow?: number;
}

/** What a session has counted since it began. */
export interface RtmpServerStats {
  /** Bytes received, handshake included. */
  readonly bytesReceived: number;
  /** Messages received, Set Chunk Size and Abort not included. */
  readonly messages: number;
  /** Tags handed over. */
  readonly tags: number;
  /** Media and data messages that were not: no accepted publish, an empty body, or data without a name. */
  readonly discarded: number;
  /** Messages of a type, and commands of a name, that mean nothing here. */
  readonly ignored: number;
}

/**
 * The server's side of one RTMP connection, without the connection: bytes in, events and bytes out. Media passes only
 * between {@link acceptPublish} and the end of that publish.
 */
export class RtmpServerSession {
  readonly #connection: RtmpConnection<RtmpServerEvent>;
  readonly #commands: ServerCommands;
  #tags = 0;
  #discarded = 0;
  #ignored = 0;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: RtmpServerSessionOptions) {
    checkKnown('RtmpServerSession', options, ['random', 'maxMessageBytes', 'chunkSize', 'ackWindow']);
    const { random, maxMessageBytes, chunkSize = 65_536, ackWindow = defaultAckWindowBytes } = options;
    const chunkBytes = checkInteger('chunkSize', chunkSize, 1, maxChunkBytes);
    this.#connection = new RtmpConnection({
      role: 'server',
      random,
      maxMessageBytes,
      ackWindow,
      maxOutputBytes,
      onMessage: (message) => this.#onMessage(message),
    });
    this.#commands = new ServerCommands(this.#connection, { windowBytes: ackWindow, chunkBytes });
  }

  /**
   * Why the connection must be closed, once that is known. It is known as soon as the bad byte was received, even when
   * {@link receive} returned events that came before it.
   */
  get failure(): ProtocolError | undefined {
    return this.#connection.failure;
  }

  /**
   * Takes the next bytes, however they are cut, and returns what they caused. `bytes` may be reused after the call. After
   * it, send what {@link takeOutput} has.
   *
   * When the peer breaks the protocol, the events before that are returned and {@link failure} is set; without such
   * events this call throws, and every later call does.
   *
   * @throws {ProtocolError} when the peer broke the protocol: close this connection.
   */
  receive(bytes: Uint8Array): RtmpServerEvent[] {
    return this.#connection.receive(bytes);
  }

  /** All replies since the last call, joined: one write for the socket. `undefined` when there are none. */
  takeOutput(): Uint8Array | undefined {
    return this.#connection.output.take();
  }

  /**
   * Lets a publish begin. Nothing happens when the peer has left it meanwhile, or it was accepted before.
   *
   * @throws {ProtocolError} when 1 MiB of output waits: the peer asks and does not read.
   */
  acceptPublish(publishId: number): void {
    this.#commands.accept(publishId);
  }

  /**
   * Refuses a publish, or ends one that was accepted; no `unpublish` follows. Nothing happens when the peer has left it
   * meanwhile.
   *
   * @throws {ProtocolError} as {@link acceptPublish} does.
   */
  rejectPublish(publishId: number, refusal: PublishRefusal): void {
    this.#commands.reject(publishId, refusal);
  }

  /** What was counted so far. */
  stats(): RtmpServerStats {
    return {
      bytesReceived: this.#connection.receivedBytes,
      messages: this.#connection.messages,
      tags: this.#tags,
      discarded: this.#discarded,
      ignored: this.#ignored + this.#commands.ignored,
    };
  }

  #onMessage(message: RtmpMessage): void {
    const handle = RtmpServerSession.#handlers[message.typeId];
    if (handle === undefined) this.#ignored++;
    else handle(this, message);
  }

  static readonly #handlers: Readonly<Record<number, MessageHandler>> = {
    [messageTypes.audio]: (session, message) => session.#onMedia(message, readMediaTag),
    [messageTypes.video]: (session, message) => session.#onMedia(message, readMediaTag),
    [messageTypes.data]: (session, message) => session.#onMedia(message, readDataTag),
    [messageTypes.command]: (session, message) => session.#commands.receive(message),
  };

  #onMedia(message: RtmpMessage, readTag: TagReader): void {
    const publish = this.#commands.acceptedPublish(message.streamId);
    const tag = publish === undefined || message.body.length === 0 ? undefined : readTag(message);
    if (publish === undefined || tag === undefined) {
      this.#discarded++;
      return;
    }
    this.#tags++;
    this.#connection.emit({ type: 'tag', id: publish.id, tag });
  }
}

type MessageHandler = (session: RtmpServerSession, message: RtmpMessage) => void;
type TagReader = (message: RtmpMessage) => Uint8Array<ArrayBuffer> | undefined;

// Replies are small and taken after every read: only a peer that floods with calls comes near this.
const maxOutputBytes = 1024 * 1024;

function readMediaTag(message: RtmpMessage): Uint8Array<ArrayBuffer> {
  frameFlvTag(message.tag, message.typeId as FlvTagType, message.timestampMs);
  return message.tag;
}
