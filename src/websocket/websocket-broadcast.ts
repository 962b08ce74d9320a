import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import type { LiveStream } from '../media/live-stream.ts';
import {
  Admission,
  type ConnectionDecision,
  type ConnectionRole,
  type Place,
  type Refusal,
} from './admission.ts';
import { abortWhenClosed, answer, listenForClose, refuseUpgrade } from './http-answers.ts';
import {
  type ResolvedBroadcastOptions,
  resolveBroadcastOptions,
  type WebSocketBroadcastOptions,
} from './options.ts';
import { isStreamName, subprotocol } from './protocol.ts';
import { type Route, type RoutePaths, readRoute } from './routes.ts';
import { maxStreamerMessageBytes } from './streamer-options.ts';
import { StreamerRoster } from './streamer-roster.ts';
import type { StreamerInfo, ViewerStats, WebSocketBroadcastEvents } from './types.ts';
import { ViewerRoster } from './viewer-roster.ts';

// What viewers say is short. Above this their connection is closed with 1009.
const maxViewerMessageBytes = 4_096;

// What a peer may take to read the goodbye.
const closeGraceMs = 1_000;

/** Who may come in: its place is given back when its connection closes. */
interface Guest {
  readonly place: Place;
  readonly decision: ConnectionDecision;
}

/**
 * Serves live streams to any number of viewers, and takes pictures from browsers. Mount it in any `node:http` server.
 *
 * - `http://host/NAME.flv` and `ws://host/NAME.flv`: one stream for ffplay, VLC, mpv and mpegts.js;
 * - `ws://host/viewers`: any number of streams for pages, with control messages and acknowledgements;
 * - `ws://host/streamers/NAME`: JPEG, PNG or WebP pictures from a browser, with the option `streamers`.
 *
 * A viewer starts at the newest keyframe, with the codec headers first. One that cannot keep up skips to a keyframe and is
 * told; the others do not notice. The messages are described in `docs/broadcast.md`.
 *
 * @example
 * ```ts
 * const broadcast = new WebSocketBroadcast({ streams });
 * server.on('request', (request, response) => broadcast.handleRequest(request, response) || notFound(response));
 * server.on('upgrade', (request, socket, head) => broadcast.handleUpgrade(request, socket, head) || socket.destroy());
 * ```
 */
export class WebSocketBroadcast extends Emitter<WebSocketBroadcastEvents> {
  readonly #options: ResolvedBroadcastOptions;
  readonly #paths: RoutePaths;
  readonly #admission: Admission;
  readonly #viewers: ViewerRoster;
  readonly #streamers: StreamerRoster;
  readonly #viewerServer = createServer(maxViewerMessageBytes);
  readonly #streamerServer: WebSocketServer | undefined;
  #isClosed = false;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: WebSocketBroadcastOptions) {
    const resolved = resolveBroadcastOptions(options);
    super(resolved.logger);
    const { viewersPath, streamersPath, streamers } = resolved;
    this.#options = resolved;
    this.#paths = { viewersPath, streamersPath: streamers && streamersPath };
    this.#admission = new Admission(resolved);
    this.#viewers = new ViewerRoster(resolved, {
      joined: (event) => this.emit('joined', event),
      left: (event) => this.emit('left', event),
    });
    this.#streamers = new StreamerRoster(resolved, {
      joined: (event) => this.emit('streamerJoined', event),
      left: (event) => this.emit('streamerLeft', event),
    });
    this.#streamerServer = streamers && createServer(maxStreamerMessageBytes(streamers));
  }

  /** Everybody who watches now. */
  viewers(): readonly ViewerStats[] {
    return this.#viewers.list();
  }

  /** Everybody who publishes pictures now. */
  streamers(): readonly StreamerInfo[] {
    return this.#streamers.list();
  }

  /**
   * Answers `GET /NAME.flv` with the stream, 404 when there is none, and 426 at the addresses of WebSockets.
   *
   * @returns `false`, and nothing done, when the path is none of the broadcast's.
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const route = readRoute(request.url, this.#paths);
    if (route === undefined) return false;
    if (route.kind !== 'flv') answer(response, 426, { connection: 'upgrade', upgrade: 'websocket' });
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      answer(response, 405, { allow: 'GET, HEAD' });
    else this.#contain(this.#request(route.stream, request, response), response);
    return true;
  }

  /**
   * Takes a WebSocket; refuses it when the path names no stream, the page's origin is not allowed, there are too many,
   * or `authorize` says no.
   *
   * @returns `false`, and nothing done, when the path is none of the broadcast's.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const route = readRoute(request.url, this.#paths);
    if (route === undefined) return false;
    socket.on('error', () => {}); // 'close' follows and says it all.
    this.#contain(this.#upgrade(route, request, socket, head), socket);
    return true;
  }

  /**
   * Takes nobody any more, says goodbye to all who are there, and drops who has not left a second later. Streams of
   * streamers end. May be called again.
   */
  close(): void {
    this.#isClosed = true;
    this.#streamers.close();
    this.#viewers.close(closeGraceMs);
  }

  /** What goes wrong with one connection, such as a socket that was given twice, ends that one. */
  #contain(work: Promise<void>, connection: Duplex | ServerResponse): void {
    work.catch((error: unknown) => {
      this.#options.logger.error('connection failed', { error: describeError(error) });
      connection.destroy();
    });
  }

  async #request(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const guest = await this.#admit({ kind: 'flv', stream: name }, request, response);
    if (guest === undefined) return;
    if (typeof guest === 'number') return answer(response, guest);
    const stream = this.#find(name, guest);
    if (stream === undefined) return answer(response, 404);
    response.writeHead(200, { ...this.#crossOrigin(request), ...flvHeaders });
    if (request.method === 'HEAD') return void response.end();
    response.socket?.setNoDelay(true);
    response.flushHeaders();
    this.#viewers.addFlvResponse(stream, response, guest.place);
  }

  async #upgrade(route: Route, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const release = listenForClose(socket);
    const guest = this.#admission.isOriginAllowed(request)
      ? await this.#admit(route, request, socket)
      : this.#refuse(roleOf(route), request, 403);
    release();
    if (guest === undefined) return;
    if (typeof guest === 'number') return refuseUpgrade(socket, guest);
    const stream = route.kind === 'flv' ? this.#find(route.stream, guest) : undefined;
    if (route.kind === 'flv' && stream === undefined) return refuseUpgrade(socket, 404);
    if (route.kind === 'streamer' && !isPublishable(guest.decision.name ?? route.stream))
      return refuseUpgrade(socket, 404);
    const server = (route.kind === 'streamer' && this.#streamerServer) || this.#viewerServer;
    // A handshake that is not well-formed is answered and closed by `ws`.
    server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#accept(route, webSocket, socket, guest, stream),
    );
  }

  #accept(
    route: Route,
    webSocket: WebSocket,
    raw: Duplex,
    { place, decision }: Guest,
    stream: LiveStream | undefined,
  ): void {
    const { streamers } = this.#options;
    const socket = { webSocket, raw, place };
    if (route.kind === 'viewers') this.#viewers.addSession(socket, { ...route, mayWatch: decision.mayWatch });
    else if (stream !== undefined) this.#viewers.addFlvSocket(stream, socket);
    else if (streamers !== undefined)
      this.#streamers.add(decision.name ?? route.stream, webSocket, place, streamers);
  }

  /** Lets somebody in, or says why not; `undefined` when the connection has closed meanwhile. */
  async #admit(
    route: Route,
    request: IncomingMessage,
    connection: Duplex | ServerResponse,
  ): Promise<Guest | Refusal | undefined> {
    const role = roleOf(route);
    const closed = abortWhenClosed(connection);
    if (closed.aborted) return undefined;
    const place = this.#isClosed ? 503 : this.#admission.enter(role, request);
    if (typeof place === 'number') return this.#refuse(role, request, place);
    connection.once('close', () => place.release());
    const stream = route.kind === 'viewers' ? undefined : route.stream;
    const asked = { role, stream, request, address: place.address } as const;
    const decision = await this.#admission.authorize(asked, closed);
    if (closed.aborted) return undefined;
    if (decision === undefined) return this.#refuse(role, request, 403);
    return this.#isClosed ? this.#refuse(role, request, 503) : { place, decision };
  }

  #refuse(role: ConnectionRole, request: IncomingMessage, status: Refusal): Refusal {
    this.emit('refused', { role, address: this.#admission.addressOf(request), status });
    return status;
  }

  #find(name: string, { decision }: Guest): LiveStream | undefined {
    return decision.mayWatch?.(name) === false ? undefined : this.#options.streams.get(name);
  }

  /** Lets pages of the allowed origins read a stream with `fetch`. */
  #crossOrigin(request: IncomingMessage): Readonly<Record<string, string>> {
    const { origin } = request.headers;
    if (this.#options.origins === 'same' || origin === undefined) return {};
    if (!this.#admission.isOriginAllowed(request)) return { vary: 'origin' };
    return { vary: 'origin', 'access-control-allow-origin': origin };
  }
}

const flvHeaders = {
  'content-type': 'video/x-flv',
  'cache-control': 'no-store',
  connection: 'close',
};

/** Whether viewers can follow a stream of this name; `*` means all. */
function isPublishable(name: string): boolean {
  return isStreamName(name) && name !== '*';
}

function roleOf({ kind }: Route): ConnectionRole {
  return kind === 'streamer' ? 'streamer' : 'viewer';
}

function createServer(maxPayload: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // A deflated frame costs memory and time per viewer and gains nothing on compressed pictures.
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  });
}
