import { ProtocolError } from '../../core/errors.ts';
import type { Amf0Value } from '../amf0.ts';
import { isAmf0Object, type RtmpCommand, readCommand, stringOrUndefined } from './command.ts';
import type { RtmpConnection } from './connection.ts';
import type { RtmpMessage } from './message.ts';
import { MessageStreams, type Publish } from './message-streams.ts';
import type { PublishRefusal, RtmpServerEvent, UnpublishReason } from './server-events.ts';
import { splitQuery, trimSlashes } from './stream-name.ts';

/** The numbers a server announces when a peer connects. */
export interface ServerAnnouncement {
  /** Bytes after which the peer shall acknowledge, and after which it is acknowledged. */
  readonly windowBytes: number;
  /** Size of the chunks this side sends. */
  readonly chunkBytes: number;
}

/** Answers the commands of one connection and keeps its message streams. */
export class ServerCommands {
  readonly #connection: RtmpConnection<RtmpServerEvent>;
  readonly #announcement: ServerAnnouncement;
  readonly #streams = new MessageStreams(maxMessageStreams);
  #app: string | undefined;
  #usesFcPublish = false;
  #ignored = 0;

  constructor(connection: RtmpConnection<RtmpServerEvent>, announcement: ServerAnnouncement) {
    this.#connection = connection;
    this.#announcement = announcement;
  }

  /** Commands whose name means nothing here. */
  get ignored(): number {
    return this.#ignored;
  }

  /** The publish whose media a message stream may carry now. */
  acceptedPublish(streamId: number): Publish | undefined {
    const publish = this.#streams.publishOn(streamId);
    return publish?.isAccepted === true ? publish : undefined;
  }

  accept(publishId: number): void {
    const publish = this.#streams.publishWithId(publishId);
    if (publish === undefined || publish.isAccepted) return;
    publish.isAccepted = true;
    const { output } = this.#connection;
    output.control({ type: 'streamBegin', streamId: publish.streamId });
    // Encoders of the Flash Media Encoder kind wait for this, and it says `Start`: so not before the decision.
    if (this.#usesFcPublish) output.command(0, 'onFCPublish', 0, null, started);
    output.status(publish.streamId, 'status', started.code, started.description);
  }

  reject(publishId: number, refusal: PublishRefusal): void {
    const publish = this.#streams.publishWithId(publishId);
    if (publish === undefined) return;
    this.#streams.end(publish);
    this.#connection.output.status(publish.streamId, 'error', refusal.code, refusal.description);
  }

  /** Takes a command message. */
  receive(message: RtmpMessage): void {
    const command = readCommand(message.body);
    const isConnect = command.name === 'connect';
    if (isConnect === (this.#app !== undefined))
      throw refused(isConnect ? 'a second connect' : 'a command before connect');
    const handle = ServerCommands.#handlers.get(command.name);
    if (handle === undefined) this.#onUnknown(command);
    else handle(this, command, message.streamId);
  }

  // A map, because a peer may name a command `constructor`.
  static readonly #handlers: ReadonlyMap<string, CommandHandler> = new Map<string, CommandHandler>([
    ['connect', (commands, command) => commands.#onConnect(command)],
    ['releaseStream', (commands, command) => commands.#answer(command)],
    ['FCPublish', (commands, command) => commands.#onFcPublish(command)],
    ['createStream', (commands, command) => commands.#onCreateStream(command)],
    ['publish', (commands, command, streamId) => commands.#onPublish(command, streamId)],
    ['FCUnpublish', (commands, command) => commands.#onFcUnpublish(command)],
    ['closeStream', (commands, _command, streamId) => commands.#onCloseStream(streamId)],
    ['deleteStream', (commands, command) => commands.#onDeleteStream(command)],
    ['play', (commands, _command, streamId) => commands.#onPlay(streamId)],
    ['_checkbw', (commands, command) => commands.#answer(command)],
    ['getStreamLength', (commands, command) => commands.#answer(command, 0)],
    // Answers to calls that were never made must not be answered in turn.
    ['_result', () => {}],
    ['_error', () => {}],
  ]);

  #onConnect(command: RtmpCommand): void {
    if (!isAmf0Object(command.object)) throw refused('connect without a command object');
    const tcUrl = stringOrUndefined(command.object.tcUrl);
    const { name, query } = splitQuery(stringOrUndefined(command.object.app) ?? '');
    this.#app = checkLength('app', trimSlashes(name));
    this.#welcome(command.transactionId);
    this.#connection.emit({
      type: 'connect',
      app: this.#app,
      tcUrl,
      query: query || splitQuery(tcUrl ?? '').query,
    });
  }

  #welcome(transactionId: number): void {
    const { output } = this.#connection;
    const { windowBytes, chunkBytes } = this.#announcement;
    output.control({ type: 'windowAckSize', windowBytes });
    output.control({ type: 'setPeerBandwidth', windowBytes, limit: 'dynamic' });
    output.control({ type: 'setChunkSize', chunkBytes });
    output.command(0, '_result', transactionId, serverProperties, connected);
  }

  #onFcPublish(command: RtmpCommand): void {
    this.#usesFcPublish = true;
    this.#answer(command);
  }

  #onCreateStream(command: RtmpCommand): void {
    const streamId = this.#streams.create();
    if (streamId === undefined) this.#answerError(command, `at most ${maxMessageStreams} streams at a time`);
    else this.#answer(command, streamId);
  }

  #onPublish(command: RtmpCommand, streamId: number): void {
    const text = stringOrUndefined(command.parameters[0]);
    if (text === undefined) throw refused('publish without a name');
    if (!this.#streams.has(streamId)) throw refused(`publish on stream ${streamId}, which was not created`);
    const { name, query } = splitQuery(text);
    checkLength('stream name', name);
    if (name === '') return this.#badName(streamId, 'The stream name is empty.');
    if (this.#streams.publishOn(streamId))
      return this.#badName(streamId, 'This stream is being published already.');
    const { id } = this.#streams.start(streamId, name);
    this.#connection.emit({ type: 'publish', id, app: this.#app ?? '', name, query });
  }

  #badName(streamId: number, description: string): void {
    this.#connection.output.status(streamId, 'error', 'NetStream.Publish.BadName', description);
  }

  #onFcUnpublish(command: RtmpCommand): void {
    const { name } = splitQuery(stringOrUndefined(command.parameters[0]) ?? '');
    this.#endPublish(this.#streams.publishNamed(name), 'FCUnpublish');
    this.#answer(command);
  }

  #onCloseStream(streamId: number): void {
    this.#endPublish(this.#streams.publishOn(streamId), 'closeStream');
  }

  #onDeleteStream(command: RtmpCommand): void {
    const [streamId] = command.parameters;
    if (typeof streamId !== 'number') return;
    this.#endPublish(this.#streams.publishOn(streamId), 'deleteStream');
    this.#streams.delete(streamId);
  }

  #endPublish(publish: Publish | undefined, reason: UnpublishReason): void {
    if (publish === undefined) return;
    this.#streams.end(publish);
    this.#connection.emit({ type: 'unpublish', id: publish.id, reason });
    const code = 'NetStream.Unpublish.Success';
    this.#connection.output.status(publish.streamId, 'status', code, 'The publish has ended.');
  }

  #onPlay(streamId: number): void {
    this.#connection.output.status(
      streamId,
      'error',
      'NetStream.Play.Failed',
      'This server does not play streams.',
    );
  }

  #onUnknown(command: RtmpCommand): void {
    this.#ignored++;
    this.#answerError(command, 'This command is not known.');
  }

  // Transaction id 0 says that no answer is wanted (§7.2.1.2).
  #answer(command: RtmpCommand, ...values: readonly Amf0Value[]): void {
    if (command.transactionId === 0) return;
    this.#connection.output.command(0, '_result', command.transactionId, null, ...values);
  }

  #answerError(command: RtmpCommand, description: string): void {
    if (command.transactionId === 0) return;
    const info = { level: 'error', code: 'NetConnection.Call.Failed', description };
    this.#connection.output.command(0, '_error', command.transactionId, null, info);
  }
}

type CommandHandler = (commands: ServerCommands, command: RtmpCommand, streamId: number) => void;

const maxMessageStreams = 16;
const maxNameLength = 1024;

// Encoders look for a version of this form; the numbers are those that open servers have used for many years.
const serverProperties = { fmsVer: 'FMS/3,0,1,123', capabilities: 31 };

const connected = {
  level: 'status',
  code: 'NetConnection.Connect.Success',
  description: 'Connected.',
  objectEncoding: 0,
};

const started = { level: 'status', code: 'NetStream.Publish.Start', description: 'Publishing.' };

// The text stays out of the message: a stream name is often a secret key.
function checkLength(what: string, text: string): string {
  if (text.length <= maxNameLength) return text;
  throw refused(`${what} of ${text.length} characters, limit ${maxNameLength}`);
}

function refused(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_COMMAND', what);
}
