import { checkInteger, checkKnown } from '../../core/check.ts';
import { ClosedError, ConfigError, OverflowError, type ProtocolError } from '../../core/errors.ts';
import { flvTagBody, flvTagTypes, readFlvTimestamp } from '../../media/flv-tag.ts';
import type { Amf0Object, Amf0Value } from '../amf0.ts';
import { maxChunkBytes } from './chunk-reader.ts';
import { isAmf0Object, type RtmpCommand, readCommand, stringOrUndefined } from './command.ts';
import { RtmpConnection } from './connection.ts';
import { writeSetDataFrame } from './data-message.ts';
import { messageTypes, type RtmpMessage } from './message.ts';

/** Options of {@link RtmpClientSession}. */
export interface RtmpClientSessionOptions {
  /** 1528 random bytes for the handshake. */
  readonly random: Uint8Array;
  /** The application on the server, such as `live`. */
  readonly app: string;
  /** The URL of the application, such as `rtmp://example.org/live`. */
  readonly tcUrl: string;
  /** The stream name or key, query included. */
  readonly name: string;
  /** Size in bytes of the chunks this side sends, at least 128. Default 65 536. */
  readonly chunkSize?: number;
  /** Most bytes that may wait for {@link RtmpClientSession.takeOutput}. Default 33 554 432: two of the largest tags. */
  readonly maxOutputBytes?: number;
}

/** What a server told a publisher. */
export type RtmpClientEvent = RtmpHandshakeDone | RtmpReply | RtmpStatus;

/** The handshake is done. */
export interface RtmpHandshakeDone {
  /** Tells the events apart. */
  readonly type: 'handshake';
}

/** A command was answered; `publish` by its status. After `publish` with `ok`, tags may be written. */
export interface RtmpReply {
  /** Tells the events apart. */
  readonly type: 'reply';
  /** The command that was answered. */
  readonly command: ClientCommand;
  /** Whether the server did what was asked. */
  readonly ok: boolean;
  /** Such as `NetStream.Publish.Start`; `undefined` when the server sent none. */
  readonly code: string | undefined;
  /** The server's sentence for people. */
  readonly description: string | undefined;
}

/** A status that answers no command, such as the end of a publish by the server. */
export interface RtmpStatus {
  /** Tells the events apart. */
  readonly type: 'status';
  /** `status`, `warning` or `error`. */
  readonly level: string | undefined;
  /** Such as `NetStream.Publish.BadName`. */
  readonly code: string | undefined;
}

/** The commands a publisher sends that are answered. */
export type ClientCommand = 'connect' | 'releaseStream' | 'FCPublish' | 'createStream' | 'publish';

/**
 * The publisher's side of one RTMP connection, without the connection. It goes by itself from the handshake to the
 * answer to `publish`; the caller carries the bytes both ways and writes tags.
 */
export class RtmpClientSession {
  readonly #options: RtmpClientSessionOptions;
  readonly #maxOutputBytes: number;
  readonly #chunkBytes: number;
  readonly #connection: RtmpConnection<RtmpClientEvent>;
  readonly #calls = new Map<number, ClientCommand>();
  #calledIds = 0;
  #state: ClientState = { kind: 'connecting' };

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: RtmpClientSessionOptions) {
    checkKnown('RtmpClientSession', options, [
      'random',
      'app',
      'tcUrl',
      'name',
      'chunkSize',
      'maxOutputBytes',
    ]);
    const { random, chunkSize = 65_536, maxOutputBytes = 32 * 1024 * 1024 } = options;
    for (const option of ['app', 'tcUrl', 'name'] as const) checkSecret(option, options[option]);
    this.#options = options;
    this.#chunkBytes = checkInteger('chunkSize', chunkSize, 128, maxChunkBytes);
    this.#maxOutputBytes = checkInteger('maxOutputBytes', maxOutputBytes, 65_536);
    this.#connection = new RtmpConnection({
      role: 'client',
      random,
      maxOutputBytes: this.#maxOutputBytes,
      onHandshake: () => this.#onHandshake(),
      onMessage: (message) => this.#onMessage(message),
    });
  }

  /** Why the connection must be closed, once that is known; see {@link RtmpServerSession.failure}. */
  get failure(): ProtocolError | undefined {
    return this.#connection.failure;
  }

  /** Whether the server accepted the publish and {@link writeTag} may be called. */
  get isPublishing(): boolean {
    return this.#state.kind === 'publishing';
  }

  /**
   * Takes the next bytes, however they are cut, and returns what they said. Errors come as
   * {@link RtmpServerSession.receive} says.
   *
   * @throws {ProtocolError} when the peer broke the protocol: close this connection.
   */
  receive(bytes: Uint8Array): RtmpClientEvent[] {
    return this.#connection.receive(bytes);
  }

  /** All bytes to send since the last call, joined; the first call, before anything came in, opens the handshake. */
  takeOutput(): Uint8Array | undefined {
    return this.#connection.output.take();
  }

  /**
   * Sends an FLV tag; the bytes are copied. A script tag is sent so that the server keeps it for later viewers.
   *
   * @throws {ClosedError} when the publish has not been accepted or is over.
   * @throws {OverflowError} `OVERFLOW_OUTPUT` when too much output waits; the tag is not sent.
   */
  writeTag(tag: Uint8Array): void {
    if (this.#state.kind !== 'publishing') throw new ClosedError('no publish is open to write a tag to');
    const { waitingBytes } = this.#connection.output;
    if (waitingBytes + 2 * tag.length + tagOverheadBytes > this.#maxOutputBytes) {
      throw new OverflowError(
        'OVERFLOW_OUTPUT',
        `${waitingBytes} bytes wait to be sent, limit ${this.#maxOutputBytes}`,
      );
    }
    const isData = tag[0] === flvTagTypes.data;
    this.#connection.output.message({
      chunkStreamId: tag[0] === flvTagTypes.video ? 6 : 4,
      typeId: tag[0]!,
      streamId: this.#state.streamId,
      timestampMs: readFlvTimestamp(tag),
      body: isData ? writeSetDataFrame(flvTagBody(tag)) : flvTagBody(tag),
    });
  }

  /** Ends the publish. Send what {@link takeOutput} has, then close the connection. May be called twice. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind !== 'publishing') return;
    const { output } = this.#connection;
    output.command(0, 'FCUnpublish', this.#nextId(), null, this.#options.name);
    output.command(0, 'deleteStream', this.#nextId(), null, state.streamId);
  }

  #onHandshake(): void {
    this.#connection.emit({ type: 'handshake' });
    const { app, tcUrl } = this.#options;
    this.#connection.output.control({ type: 'setChunkSize', chunkBytes: this.#chunkBytes });
    this.#call('connect', { app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; spillway)', tcUrl });
  }

  #onMessage(message: RtmpMessage): void {
    if (message.typeId !== messageTypes.command) return;
    const command = readCommand(message.body);
    RtmpClientSession.#handlers.get(command.name)?.(this, command);
  }

  static readonly #handlers: ReadonlyMap<string, CommandHandler> = new Map<string, CommandHandler>([
    ['_result', (session, command) => session.#onReply(command, true)],
    ['_error', (session, command) => session.#onReply(command, false)],
    ['onStatus', (session, command) => session.#onStatus(infoOf(command.parameters[0]))],
  ]);

  #onReply(command: RtmpCommand, ok: boolean): void {
    const answered = this.#calls.get(command.transactionId);
    if (answered === undefined) return;
    this.#calls.delete(command.transactionId);
    const { code, description } = infoOf(command.parameters[0]);
    this.#connection.emit({ type: 'reply', command: answered, ok, code, description });
    if (ok && answered === 'connect') this.#createStream();
    if (ok && answered === 'createStream') this.#publish(command.parameters[0]);
  }

  #createStream(): void {
    this.#call('releaseStream', null, this.#options.name);
    this.#call('FCPublish', null, this.#options.name);
    this.#call('createStream', null);
  }

  #publish(streamId: Amf0Value): void {
    if (typeof streamId !== 'number' || this.#state.kind !== 'connecting') return;
    this.#state = { kind: 'asking', streamId };
    this.#connection.output.command(streamId, 'publish', this.#nextId(), null, this.#options.name, 'live');
  }

  #onStatus(info: StatusInfo): void {
    const { level, code } = info;
    const isStart = code === 'NetStream.Publish.Start';
    if (this.#state.kind !== 'asking' || !(isStart || level === 'error')) {
      return this.#connection.emit({ type: 'status', level, code });
    }
    this.#state = isStart ? { kind: 'publishing', streamId: this.#state.streamId } : { kind: 'closed' };
    this.#connection.emit({
      type: 'reply',
      command: 'publish',
      ok: isStart,
      code,
      description: info.description,
    });
  }

  #call(command: ClientCommand, ...values: readonly Amf0Value[]): void {
    const id = this.#nextId();
    this.#calls.set(id, command);
    this.#connection.output.command(0, command, id, ...values);
  }

  #nextId(): number {
    return ++this.#calledIds;
  }
}

type ClientState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'asking' | 'publishing'; readonly streamId: number }
  | { readonly kind: 'closed' };

type CommandHandler = (session: RtmpClientSession, command: RtmpCommand) => void;

interface StatusInfo {
  readonly level: string | undefined;
  readonly code: string | undefined;
  readonly description: string | undefined;
}

function infoOf(value: Amf0Value): StatusInfo {
  const info: Amf0Object = isAmf0Object(value) ? value : {};
  const { level, code, description } = info;
  return {
    level: stringOrUndefined(level),
    code: stringOrUndefined(code),
    description: stringOrUndefined(description),
  };
}

// The value stays out of the message: a stream name is often a secret key, and a URL may hold a password.
function checkSecret(option: string, value: unknown): void {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxTextLength) return;
  throw new ConfigError(
    `${option} must be a string of 1 to ${maxTextLength} characters, got a ${typeof value}`,
  );
}

const maxTextLength = 4096;

// Chunk headers never double a body, since chunks have at least 128 bytes; a message header and `@setDataFrame` are less.
const tagOverheadBytes = 64;
