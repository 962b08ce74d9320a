import { once } from 'node:events';
import {
  createServer,
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { FlvReader } from '../codec/flv.ts';
import type { Clock } from '../core/clock.ts';
import type { LogFields } from '../core/logger.ts';
import { type Publication, StreamDirectory } from '../media/stream-directory.ts';
import type { StreamFanoutOptions } from '../media/stream-fanout.ts';
import { nameOf } from '../media/test-support.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { images } from './fixtures/images.ts';
import type { WebSocketBroadcastOptions } from './options.ts';
import { subprotocol } from './protocol.ts';
import { WebSocketBroadcast } from './websocket-broadcast.ts';

/** Waits for what other events bring about. A condition that never comes true ends with the test's own limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Lets everything that has arrived be handled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a viewer has received so far, read as FLV. */
class Received {
  readonly #reader = new FlvReader();
  readonly #pieces: Uint8Array[] = [];
  /** A word for each tag, such as `'keyframe 40'`. */
  readonly names: string[] = [];

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.names.push(...this.#reader.push(bytes).map(nameOf));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Waits for a tag. */
  until(name: string): Promise<void> {
    return eventually(() => this.names.includes(name));
  }
}

/** A viewer that came by WebSocket. */
export interface SocketViewer {
  readonly socket: WebSocket;
  readonly received: Received;
  /** Settles when the connection has closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** A JSON message. */
export type Said = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A viewer that follows streams by messages. */
export class SessionClient {
  readonly socket: WebSocket;
  /** Text messages in the order they came. */
  readonly said: Said[] = [];
  /** What came in which order: types of text messages, and words for tags with the number of the stream in front. */
  readonly diary: string[] = [];
  /** Settles when the connection has closed. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #received = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('error', () => {}); // 'close' follows.
    socket.on('message', (bytes: Buffer, isBinary) => this.#take(bytes, isBinary));
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  /** Sends a message. */
  say(message: Said): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits for a line in the diary, such as `'stream_ended'` or `'1 keyframe 40'`. */
  until(line: string): Promise<void> {
    return eventually(() => this.diary.includes(line));
  }

  /** Waits until the server has handled all that was sent. */
  async barrier(): Promise<void> {
    const t = `barrier ${this.diary.length}`;
    this.say({ type: 'ping', t });
    await eventually(() => this.said.some((message) => message.type === 'pong' && message.t === t));
  }

  /** The newest message of a type. */
  last(type: string): Said | undefined {
    return this.said.findLast((message) => message.type === type);
  }

  #take(bytes: Buffer, isBinary: boolean): void {
    if (isBinary) return this.#takeTag(bytes);
    const message = JSON.parse(bytes.toString()) as Said;
    this.said.push(message);
    if (message.type !== 'clock') this.diary.push(message.type);
  }

  #takeTag(bytes: Buffer): void {
    this.diary.push(`${bytes.readUInt32BE(0)} ${nameOf(new Uint8Array(bytes.subarray(4)))}`);
    const acknowledgement = Buffer.alloc(8, 0xff);
    acknowledgement.writeUInt32BE(++this.#received, 0);
    if (this.socket.protocol === subprotocol) this.socket.send(acknowledgement);
  }
}

/** A viewer that came by HTTP. */
export interface HttpViewer {
  readonly response: IncomingMessage;
  readonly received: Received;
  /** Settles when the body has ended, in good order or not. */
  readonly closed: Promise<{ readonly isComplete: boolean }>;
}

/** A broadcast in a real server, with the stream `live/camera`, and viewers for it. Dispose of it after the test. */
export class TestSite implements AsyncDisposable {
  readonly streams: StreamDirectory;
  readonly broadcast: WebSocketBroadcast;
  readonly server: Server = createServer();
  readonly #sockets: WebSocket[] = [];

  constructor(
    clock: Clock,
    options: Partial<WebSocketBroadcastOptions> = {},
    fanout: StreamFanoutOptions = {},
  ) {
    this.streams = new StreamDirectory({ clock, fanout });
    this.broadcast = new WebSocketBroadcast({ streams: this.streams, clock, ...options });
    this.server.on('request', (message, response) => {
      if (!this.broadcast.handleRequest(message, response)) response.writeHead(418).end();
    });
    this.server.on('upgrade', (message, socket, head) => {
      if (!this.broadcast.handleUpgrade(message, socket, head)) socket.destroy();
    });
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Everybody who follows the stream. */
  get subscribers(): number {
    return this.streams.get('live/camera')?.fanout.subscribers.size ?? 0;
  }

  /** Opens a WebSocket, and waits until it watches. */
  async watch(path: string = '/live/camera.flv', options: ClientOptions = {}): Promise<SocketViewer> {
    const socket = new WebSocket(`ws://${this.address}${path}`, options);
    this.#sockets.push(socket);
    const received = new Received();
    socket.on('message', (bytes: Buffer) => received.push(bytes));
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    await once(socket, 'open');
    socket.on('error', () => {}); // 'close' follows.
    return { socket, received, closed };
  }

  /** Opens a WebSocket for streams by messages, and waits for the welcome. */
  async join(
    query: string = '',
    { speaks = subprotocol, ...options }: ClientOptions & { speaks?: typeof subprotocol | 'json' } = {},
  ): Promise<SessionClient> {
    const protocols = speaks === 'json' ? [] : [speaks];
    const socket = new WebSocket(`ws://${this.address}/viewers${query}`, protocols, options);
    this.#sockets.push(socket);
    const client = new SessionClient(socket);
    await once(socket, 'open');
    await client.until('viewer_connected');
    return client;
  }

  /** Opens a WebSocket that publishes. */
  async publish(path: string, options: ClientOptions = {}): Promise<SessionClient> {
    const socket = new WebSocket(`ws://${this.address}${path}`, options);
    this.#sockets.push(socket);
    const client = new SessionClient(socket);
    await once(socket, 'open');
    await client.until('streamer_connected');
    return client;
  }

  /** Asks for a stream by HTTP, and waits for the head of the answer. */
  async fetch(path: string = '/live/camera.flv'): Promise<HttpViewer> {
    const asked = get(`http://${this.address}${path}`, { agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const received = new Received();
    response.on('data', (bytes: Buffer) => received.push(bytes));
    response.on('error', () => {}); // 'close' follows.
    const closed = new Promise<{ isComplete: boolean }>((resolve) =>
      response.on('close', () => resolve({ isComplete: response.complete })),
    );
    return { response, received, closed };
  }

  /** Cuts a connection, counted from the first one that was opened. */
  hangUp(index: number): void {
    this.#sockets[index]?.terminate();
  }

  /** Asks for something and reads the whole answer. */
  async ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status?: number; headers: IncomingHttpHeaders; body: string }> {
    const asked = request(`http://${this.address}${path}`, { method, headers, agent: false }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let body = '';
    for await (const bytes of response) body += bytes;
    return { ...(response.statusCode && { status: response.statusCode }), headers: response.headers, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    this.broadcast.close();
    this.streams.close();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** A site with a manual clock, a publisher for `live/camera`, and a log. Dispose of it after the test. */
export interface LiveSite extends AsyncDisposable {
  readonly site: TestSite;
  readonly clock: ManualClock;
  readonly publication: Publication;
  /** Lines of the broadcast's log. */
  readonly lines: readonly (LogFields & { readonly message: string })[];
  /** A small valid picture. */
  readonly jpeg: Buffer;
  /** Publishes tags. */
  write(...tags: readonly Uint8Array<ArrayBuffer>[]): void;
}

/** Opens a {@link LiveSite}. */
export async function liveSite(options: Partial<WebSocketBroadcastOptions> = {}): Promise<LiveSite> {
  const clock = new ManualClock();
  const lines: (LogFields & { readonly message: string })[] = [];
  const log = (message: string, fields?: LogFields): void => void lines.push({ message, ...fields });
  const logger = { debug: log, info: log, warn: log, error: log };
  const site = await new TestSite(clock, { logger, ...options }).listen();
  const publication = site.streams.publish('live/camera')!;
  return {
    ...{ site, clock, publication, lines, jpeg: Buffer.from(images.jpeg.bytes) },
    write(...tags) {
      for (const tag of tags) publication.write(tag);
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}
