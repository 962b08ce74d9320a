import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Timer } from '../core/clock.ts';
import type { Gap } from '../fanout/types.ts';
import type { LiveStream } from '../media/live-stream.ts';
import type { Place } from './admission.ts';
import { BatchReport } from './batch-report.ts';
import { Flusher } from './flusher.ts';
import { FlvViewer } from './flv-viewer.ts';
import { Heartbeat, type Pinged } from './heartbeat.ts';
import { MessageEncoder } from './message-encoder.ts';
import type { ResolvedBroadcastOptions } from './options.ts';
import { closeCodes, subprotocol } from './protocol.ts';
import type { QualityLimits } from './quality.ts';
import type { SessionStats } from './session-types.ts';
import { SessionViewer } from './session-viewer.ts';
import { StreamNews } from './stream-news.ts';
import type { ViewerEndReason, ViewerJoined, ViewerLeft, ViewerStats } from './types.ts';
import { httpSink, type ViewerSink, webSocketSink } from './viewer-sink.ts';

/** A viewer's connection, whatever it speaks. */
interface Entry extends Pinged {
  readonly id: number;
  readonly transport: ViewerStats['transport'];
  readonly protocol: ViewerStats['protocol'];
  readonly address: string;
  readonly sink: ViewerSink;
  readonly viewer: { readonly isBusy: boolean; stats(): SessionStats; leave(): void };
  endReason: ViewerEndReason;
}

/** A WebSocket that was accepted, and what lies below it. */
export interface AcceptedSocket {
  readonly webSocket: WebSocket;
  readonly raw: Duplex;
  readonly place: Place;
}

/** What a viewer of many streams has asked for and is allowed. */
export interface SessionWishes {
  readonly follow: readonly string[];
  readonly images: 'binary' | 'json';
  readonly mayWatch: ((stream: string) => boolean) | undefined;
}

/** Who is told who comes and goes. */
export interface ViewerRosterHooks {
  joined(event: ViewerJoined): void;
  left(event: ViewerLeft): void;
}

/** Everybody who watches. */
export class ViewerRoster {
  readonly #options: ResolvedBroadcastOptions;
  readonly #hooks: ViewerRosterHooks;
  readonly #entries = new Map<number, Entry>();
  readonly #encoder = new MessageEncoder();
  readonly #flusher: Flusher;
  readonly #heartbeat: Heartbeat<Entry>;
  readonly #news: StreamNews;
  readonly #dropped: BatchReport;
  readonly #skipped: BatchReport;
  #progress: Timer | undefined;
  #closing: Timer | undefined;
  #lastId = 0;

  constructor(options: ResolvedBroadcastOptions, hooks: ViewerRosterHooks) {
    const { clock, logger, coalesceMs, pingIntervalMs } = options;
    this.#options = options;
    this.#hooks = hooks;
    this.#flusher = new Flusher({ coalesceMs, clock });
    this.#heartbeat = new Heartbeat(clock, pingIntervalMs, (entry) => this.#giveUpSilent(entry));
    this.#news = new StreamNews(options.streams, this.#encoder);
    const remaining = () => ({ remaining: this.#entries.size });
    this.#dropped = new BatchReport(clock, logger, 'viewers dropped', remaining);
    this.#skipped = new BatchReport(clock, logger, 'viewers skipped', remaining);
  }

  /** Everybody who watches now. */
  list(): readonly ViewerStats[] {
    return [...this.#entries.values()].map(statsOf);
  }

  /** Takes a connection that gets one stream as plain FLV messages. */
  addFlvSocket(stream: LiveStream, { webSocket, raw, place }: AcceptedSocket): void {
    const sink = webSocketSink(webSocket, raw);
    const entry = this.#addFlv(stream, { sink, place, transport: 'websocket', ping: () => webSocket.ping() });
    this.#watch(entry, webSocket);
  }

  /** Takes a request that gets one stream as an FLV body. */
  addFlvResponse(stream: LiveStream, response: ServerResponse, place: Place): void {
    const entry = this.#addFlv(stream, {
      sink: httpSink(response),
      place,
      transport: 'http',
      ping: undefined,
    });
    response.on('error', () => {}); // 'close' follows and says it all.
    response.on('close', () => this.#remove(entry));
  }

  /** Takes a connection that follows streams by messages. */
  addSession({ webSocket, raw, place }: AcceptedSocket, { follow, images, mayWatch }: SessionWishes): void {
    const id = ++this.#lastId;
    const { clock, maxStreamsPerViewer: maxStreams, lagLimitMs, stallTimeoutMs, quality } = this.#options;
    const acknowledges = webSocket.protocol === subprotocol;
    const session = new SessionViewer({
      ...{ webSocket, raw, acknowledges, images, clock },
      ...{ encoder: this.#encoder, flusher: this.#flusher, runs: this.#news.runsFor(mayWatch) },
      limits: { maxStreams, lagLimitMs, stallTimeoutMs },
      quality: quality === 'auto' ? qualityLimits(this.#options) : undefined,
      hooks: { gap: (_stream, gap) => this.#noteGap(gap), giveUp: (reason) => this.#noteEnd(id, reason) },
    });
    const entry = this.#add({
      ...{ id, transport: 'websocket', address: place.address, viewer: session, endReason: 'closed' },
      protocol: acknowledges ? subprotocol : 'json',
      sink: webSocketSink(webSocket, raw),
      isAlive: true,
      ping() {
        webSocket.ping();
        session.ping();
      },
    });
    this.#watch(entry, webSocket);
    session.announce(this.#news.welcome(id, this.#options.pingIntervalMs, mayWatch));
    this.#news.add(session, mayWatch);
    webSocket.on('close', () => this.#news.remove(session));
    for (const name of follow) session.follow(name);
  }

  /** Says goodbye to everybody, and drops who has not left after `graceMs`. */
  close(graceMs: number): void {
    for (const { sink } of this.#entries.values()) sink.end(closeCodes.goingAway, 'the server closes');
    if (this.#entries.size > 0)
      this.#closing ??= this.#options.clock.setTimer(graceMs, () => this.#destroyAll());
  }

  #addFlv(
    stream: LiveStream,
    { sink, place, transport, ping }: Pick<Entry, 'sink' | 'transport' | 'ping'> & { readonly place: Place },
  ): Entry {
    const id = ++this.#lastId;
    const { clock, lagLimitMs, stallTimeoutMs } = this.#options;
    const viewer = new FlvViewer({
      ...{ stream, sink, clock, encoder: this.#encoder, flusher: this.#flusher },
      limits: { lagLimitMs, stallTimeoutMs },
      framing: transport,
      hooks: { gap: (gap) => this.#noteGap(gap), giveUp: (reason) => this.#noteEnd(id, reason) },
    });
    return this.#add({
      ...{ id, transport, sink, viewer, ping },
      ...{ protocol: 'flv', address: place.address, isAlive: true, endReason: 'closed' },
    });
  }

  #add(entry: Entry): Entry {
    this.#entries.set(entry.id, entry);
    this.#heartbeat.add(entry);
    if (this.#entries.size === 1) this.#scheduleProgress();
    this.#hooks.joined({ viewer: statsOf(entry) });
    return entry;
  }

  #watch(entry: Entry, webSocket: WebSocket): void {
    const isHeard = (): void => {
      entry.isAlive = true;
    };
    webSocket.on('message', isHeard);
    webSocket.on('pong', isHeard);
    webSocket.on('error', () => {}); // 'close' follows and says it all.
    webSocket.on('close', () => this.#remove(entry));
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry.id)) return;
    this.#heartbeat.remove(entry);
    const viewer = statsOf(entry);
    entry.viewer.leave();
    if (this.#entries.size === 0) this.#rest();
    this.#hooks.left({ viewer, reason: entry.endReason });
  }

  /** Nobody is left: no timer runs on. */
  #rest(): void {
    this.#dropped.flush();
    this.#skipped.flush();
    this.#progress?.cancel();
    this.#closing?.cancel();
    this.#closing = undefined;
  }

  /** Unless the ping waits behind megabytes on a slow link: then the stall limit decides. */
  #giveUpSilent({ id, viewer, sink }: Entry): void {
    if (viewer.isBusy) return;
    this.#noteEnd(id, 'unresponsive');
    sink.destroy();
  }

  #noteEnd(id: number, reason: ViewerEndReason): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.endReason !== 'closed') return;
    entry.endReason = reason;
    this.#dropped.add(reason);
  }

  #noteGap({ missed }: Gap): void {
    this.#skipped.add('gaps');
    this.#skipped.add('missed', missed);
  }

  #destroyAll(): void {
    for (const { sink } of this.#entries.values()) sink.destroy();
  }

  #scheduleProgress(): void {
    const { clock, progressIntervalMs } = this.#options;
    if (progressIntervalMs === 0) return;
    this.#progress = clock.setTimer(progressIntervalMs, () => {
      this.#scheduleProgress();
      this.#options.logger.info('broadcast progress', progressOf(this.list()));
    });
  }
}

function qualityLimits({ lagLimitMs, lowerStream }: ResolvedBroadcastOptions): QualityLimits {
  return { maxLatencyMs: lagLimitMs, ...(lowerStream && { lowerStream }) };
}

function statsOf({ id, transport, protocol, address, viewer }: Entry): ViewerStats {
  return { id, transport, protocol, address, ...viewer.stats() };
}

/** The sums of those who are there, and the slowest of them. */
function progressOf(viewers: readonly ViewerStats[]): Readonly<Record<string, unknown>> {
  const sum = (name: 'delivered' | 'skipped' | 'bytesSent') =>
    viewers.reduce((total, viewer) => total + viewer[name], 0);
  return {
    viewers: viewers.length,
    delivered: sum('delivered'),
    skipped: sum('skipped'),
    bytesSent: sum('bytesSent'),
    longestLagMs: viewers.reduce((longest, { lagMs }) => Math.max(longest, lagMs), 0),
  };
}
