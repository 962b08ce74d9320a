import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Timer } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { LiveStream } from '../media/live-stream.ts';
import { FlvViewer } from './flv-viewer.ts';
import { resolveBroadcastOptions, type WebSocketBroadcastOptions } from './options.ts';
import { httpSink, type ViewerSink, webSocketSink } from './viewer-sink.ts';

/** A viewer as it is at this moment. */
export interface ViewerStats {
  /** Number of the viewer, unique in this broadcast. */
  readonly id: number;
  /** The stream it watches. */
  readonly stream: string;
  /** How it is connected. */
  readonly transport: 'websocket' | 'http';
  /** Where it connects from. */
  readonly remoteAddress: string;
  /** Packets that were handed to its connection. */
  readonly delivered: number;
  /** Packets it skipped because it was too slow. */
  readonly missed: number;
  /** Packets that wait in the ring for it. */
  readonly lagItems: number;
  /** Age of the oldest of them, in ms. */
  readonly lagMs: number;
  /** Bytes handed to its connection. */
  readonly bytesSent: number;
}

/** Why a viewer left. */
export type ViewerEndReason =
  /** Its connection closed, from whichever side. */
  | 'closed'
  /** Its connection took nothing for the stall limit. */
  | 'stalled'
  /** It did not answer a ping. */
  | 'unresponsive';

/** Payload of `joined`. */
export interface ViewerJoined {
  /** Who. */
  readonly viewer: ViewerStats;
}

/** Payload of `left`. */
export interface ViewerLeft {
  /** Who, with the numbers of the end. */
  readonly viewer: ViewerStats;
  /** Why. */
  readonly reason: ViewerEndReason;
}

/** What a broadcast tells. */
export type WebSocketBroadcastEvents = {
  /** Somebody watches. */
  joined: [ViewerJoined];
  /** Somebody left. */
  left: [ViewerLeft];
};

interface Connection {
  readonly id: number;
  readonly stream: LiveStream;
  readonly transport: ViewerStats['transport'];
  readonly remoteAddress: string;
  readonly sink: ViewerSink;
  readonly viewer: FlvViewer;
  readonly ping: (() => void) | undefined;
  isAlive: boolean;
  endReason: ViewerEndReason;
}

// Viewers have nothing to say; a page's stray message is read and dropped, a large one closes its connection.
const maxMessageBytes = 4096;

/**
 * Serves live streams as FLV: `ws://host/NAME.flv` for players in pages (mpegts.js, WebCodecs) and `http://host/NAME.flv`
 * for ffplay, VLC and mpv. Both start at the newest keyframe, with the codec headers first. Mount it in any
 * `node:http` server.
 *
 * @example
 * ```ts
 * const broadcast = new WebSocketBroadcast({ streams });
 * server.on('request', (request, response) => broadcast.handleRequest(request, response) || notFound(response));
 * server.on('upgrade', (request, socket, head) => broadcast.handleUpgrade(request, socket, head) || socket.destroy());
 * ```
 */
export class WebSocketBroadcast extends Emitter<WebSocketBroadcastEvents> {
  readonly #options: Required<WebSocketBroadcastOptions>;
  // A deflated frame costs memory and time per viewer and gains nothing on compressed video.
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  readonly #connections = new Map<number, Connection>();
  #lastId = 0;
  #pinging: Timer | undefined;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: WebSocketBroadcastOptions) {
    const resolved = resolveBroadcastOptions(options);
    super(resolved.logger);
    this.#options = resolved;
  }

  /** Everybody who watches now. */
  viewers(): readonly ViewerStats[] {
    return [...this.#connections.values()].map(viewerStats);
  }

  /**
   * Answers `GET /NAME.flv` with the stream, 404 when there is none.
   *
   * @returns `false`, and nothing done, when the path does not end in `.flv`.
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const target = this.#target(request);
    if (target === undefined) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') reply(response, 405, { allow: 'GET, HEAD' });
    else if (target.stream === undefined) reply(response, 404);
    else if (this.#isFull) reply(response, 503);
    else this.#serve(request, response, target.stream);
    return true;
  }

  /**
   * Takes a WebSocket for `/NAME.flv`; refuses it with 404 when there is no such stream.
   *
   * @returns `false`, and nothing done, when the path does not end in `.flv`.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const target = this.#target(request);
    if (target === undefined) return false;
    const { stream } = target;
    if (stream === undefined) refuseUpgrade(socket, '404 Not Found');
    else if (this.#isFull) refuseUpgrade(socket, '503 Service Unavailable');
    else
      this.#server.handleUpgrade(request, socket, head, (webSocket) =>
        this.#join(request, webSocket, socket, stream),
      );
    return true;
  }

  /** Drops all viewers. May be called again. */
  close(): void {
    this.#pinging?.cancel();
    this.#pinging = undefined;
    for (const { sink } of this.#connections.values()) sink.destroy();
  }

  get #isFull(): boolean {
    return this.#connections.size >= this.#options.maxViewers;
  }

  #target(request: IncomingMessage): { readonly stream: LiveStream | undefined } | undefined {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (!path.endsWith('.flv')) return undefined;
    const name = decode(path.slice(1, -'.flv'.length));
    return { stream: name === undefined ? undefined : this.#options.streams.get(name) };
  }

  #serve(request: IncomingMessage, response: ServerResponse, stream: LiveStream): void {
    if (response.destroyed) return; // It left while somebody asked who it is; no 'close' would follow.
    response.writeHead(200, {
      'content-type': 'video/x-flv',
      'cache-control': 'no-store',
      connection: 'close',
    });
    if (request.method === 'HEAD') return void response.end();
    response.socket?.setNoDelay(true);
    response.flushHeaders();
    const id = this.#add(request, stream, 'http', httpSink(response), undefined);
    response.on('error', () => {}); // 'close' follows and says it all.
    response.on('close', () => this.#remove(id));
  }

  #join(request: IncomingMessage, webSocket: WebSocket, socket: Duplex, stream: LiveStream): void {
    const id = this.#add(request, stream, 'websocket', webSocketSink(webSocket, socket), () =>
      webSocket.ping(),
    );
    webSocket.on('pong', () => this.#alive(id));
    webSocket.on('error', () => {}); // 'close' follows and says it all.
    webSocket.on('close', () => this.#remove(id));
  }

  #add(
    request: IncomingMessage,
    stream: LiveStream,
    transport: ViewerStats['transport'],
    sink: ViewerSink,
    ping: Connection['ping'],
  ): number {
    const { clock, stallTimeoutMs } = this.#options;
    const id = ++this.#lastId;
    const viewer = new FlvViewer(stream, sink, clock, stallTimeoutMs, {
      gap: ({ missed, reason }) => this.#log('viewer skipped', id, { missed, reason }),
      stalled: () => this.#giveUp(id, 'stalled'),
    });
    const remoteAddress = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    const connection: Connection = {
      ...{ id, stream, transport, remoteAddress, sink, viewer, ping },
      isAlive: true,
      endReason: 'closed',
    };
    this.#connections.set(id, connection);
    this.#pinging ??= clock.setTimer(this.#options.pingIntervalMs, () => this.#pingAll());
    this.emit('joined', { viewer: viewerStats(connection) });
    return id;
  }

  #remove(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    const viewer = viewerStats(connection);
    connection.viewer.leave();
    if (this.#connections.size === 0) this.close();
    this.emit('left', { viewer, reason: connection.endReason });
  }

  #pingAll(): void {
    this.#pinging = this.#options.clock.setTimer(this.#options.pingIntervalMs, () => this.#pingAll());
    for (const connection of this.#connections.values()) {
      if (connection.ping === undefined) continue;
      if (!connection.isAlive) this.#giveUp(connection.id, 'unresponsive');
      else connection.ping();
      connection.isAlive = false;
    }
  }

  #alive(id: number): void {
    const connection = this.#connections.get(id);
    if (connection !== undefined) connection.isAlive = true;
  }

  #giveUp(id: number, reason: ViewerEndReason): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    connection.endReason = reason;
    this.#log('viewer dropped', id, { reason });
    connection.sink.destroy();
  }

  #log(message: string, id: number, fields: Record<string, unknown>): void {
    const connection = this.#connections.get(id);
    const { stream, remoteAddress } = connection ?? {};
    this.#options.logger.warn(message, { viewer: id, stream: stream?.name, remoteAddress, ...fields });
  }
}

function viewerStats({ id, stream, transport, remoteAddress, viewer }: Connection): ViewerStats {
  const { delivered, missed, lagItems, lagMs, bytesSent } = viewer.stats();
  return { id, stream: stream.name, transport, remoteAddress, delivered, missed, lagItems, lagMs, bytesSent };
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // Badly escaped: this names no stream.
  }
}

function reply(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy()); // Its other side may never close, and node:http watches it no more.
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
