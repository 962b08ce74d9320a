import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { RtmpServerEvent } from '../codec/rtmp/server-events.ts';
import { RtmpServerSession } from '../codec/rtmp/server-session.ts';
import { ClosedError, ProtocolError, SpillwayError, TimeoutError } from '../core/errors.ts';
import type { IngestItem, IngestLimits, PublishDecision, PublishRequest } from './ingest-protocol.ts';

/** What a connection needs from the thread it lives in. */
export interface IngestHost {
  readonly limits: IngestLimits;
  /** Names that are being published, on any connection of this thread. */
  readonly names: Set<string>;
  nextId(): number;
  /** Hands an item over; `false`, and nothing taken, while the main thread is behind. */
  offer(item: IngestItem): boolean;
  /** Waits until an item would be taken. Rejects when the main thread takes nothing any more. */
  room(): Promise<void>;
  authorize(request: PublishRequest, signal: AbortSignal): Promise<PublishDecision>;
  rejected(name: string, reason: string, remoteAddress: string): void;
  failed(error: SpillwayError, remoteAddress: string): void;
}

interface Publish {
  /** Unique in the thread, unlike the session's own id. */
  readonly id: number;
  readonly name: string;
}

type EventOf<Type extends RtmpServerEvent['type']> = Extract<RtmpServerEvent, { readonly type: Type }>;

// A publisher that does not read its replies has this much of them waiting before it is closed.
const maxUnreadReplyBytes = 1 << 20;

/**
 * One accepted socket: reads continuously, feeds the session, answers in one write per read, and hands media over.
 * It stops reading only while the main thread is behind; TCP then holds the publisher, and nothing grows here.
 */
export class IngestConnection {
  readonly #socket: Socket;
  readonly #host: IngestHost;
  readonly #remoteAddress: string;
  readonly #session: RtmpServerSession;
  readonly #closed = new AbortController();
  /** Publishes by the session's id; `undefined` while it is being decided. */
  readonly #publishes = new Map<number, Publish | undefined>();
  #hasFailed = false;
  /** Items that found no room, oldest first. At most what one read of the socket brought. */
  #backlog: IngestItem[] = [];

  constructor(socket: Socket, host: IngestHost) {
    this.#socket = socket;
    this.#host = host;
    const { maxMessageBytes } = host.limits;
    this.#session = new RtmpServerSession({ random: randomBytes(1528), maxMessageBytes });
    this.#remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.setNoDelay(true);
    socket.setTimeout(host.limits.handshakeTimeoutMs, () => this.#onSilence());
    socket.on('data', (bytes) => this.#receive(bytes));
    socket.on('error', () => {}); // A reset is told by 'close', which follows.
    socket.on('close', () => this.#onClose());
  }

  /** Drops the connection; its publishes end as lost. Settles when that has been said. */
  async close(): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  /** Ends a publish that was let in, if it is one of this connection's. */
  refuse(id: number, reason: string): void {
    for (const [sessionId, publish] of this.#publishes) {
      if (publish?.id !== id) continue;
      this.#host.names.delete(publish.name);
      this.#refuse(sessionId, publish.name, 'NetStream.Publish.BadName', reason);
      this.#flush();
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#hasFailed) return;
    try {
      for (const event of this.#session.receive(bytes)) this.#on(event);
      this.#flush();
      if (this.#session.failure !== undefined) throw this.#session.failure;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return void this.#socket.destroy();
    this.#hasFailed = true;
    // Whatever a peer's bytes set off ends here, never as an uncaught exception of the thread.
    const failure =
      error instanceof SpillwayError
        ? error
        : new ProtocolError('PROTOCOL_COMMAND', `failed on what the peer sent: ${error}`, { cause: error });
    this.#host.failed(failure, this.#remoteAddress);
    this.#flush();
    this.#socket.destroySoon();
  }

  #flush(): void {
    const output = this.#session.takeOutput();
    if (output === undefined || this.#socket.destroyed) return;
    this.#socket.write(output);
    if (this.#socket.writableLength <= maxUnreadReplyBytes) return;
    this.#socket.destroy();
  }

  #on(event: RtmpServerEvent): void {
    IngestConnection.#handlers[event.type](this, event as never);
  }

  static readonly #handlers: {
    readonly [Type in RtmpServerEvent['type']]: (self: IngestConnection, event: EventOf<Type>) => void;
  } = {
    connect: () => {},
    publish: (self, event) => void self.#publish(event),
    tag: (self, { id, tag }) => self.#media(id, tag),
    unpublish: (self, { id }) => self.#unpublish(id, 'unpublished'),
  };

  async #publish(event: EventOf<'publish'>): Promise<void> {
    const { app, name: key, query } = event;
    this.#publishes.set(event.id, undefined);
    const request: PublishRequest = { app, key, query, remoteAddress: this.#remoteAddress };
    const decision = await this.#decide(request);
    if (!this.#publishes.has(event.id)) return; // The publisher left before the decision.
    const name = decision.name ?? `${app}/${key}`;
    // A refused key may be a secret that was mistyped: it is not named.
    if (!decision.allow)
      this.#refuse(event.id, app, 'NetStream.Publish.Denied', decision.reason ?? 'not allowed');
    else if (this.#host.names.has(name))
      this.#refuse(event.id, name, 'NetStream.Publish.BadName', `${name} is being published`);
    else this.#accept(event.id, name);
    this.#flush();
  }

  async #decide(request: PublishRequest): Promise<PublishDecision> {
    if (this.#host.limits.authorizeTimeoutMs === undefined) return { allow: true };
    try {
      return await this.#host.authorize(request, this.#closed.signal);
    } catch {
      return { allow: false, reason: 'the server could not decide' };
    }
  }

  #accept(sessionId: number, name: string): void {
    const publish = { id: this.#host.nextId(), name };
    this.#publishes.set(sessionId, publish);
    this.#host.names.add(name);
    this.#offer({ type: 'publish', id: publish.id, name, remoteAddress: this.#remoteAddress });
    this.#session.acceptPublish(sessionId);
    this.#socket.setTimeout(this.#host.limits.idleTimeoutMs);
  }

  #refuse(sessionId: number, name: string, code: string, description: string): void {
    this.#publishes.delete(sessionId);
    this.#session.rejectPublish(sessionId, { code, description });
    this.#host.rejected(name, description, this.#remoteAddress);
  }

  #media(sessionId: number, tag: Uint8Array<ArrayBuffer>): void {
    const publish = this.#publishes.get(sessionId);
    if (publish !== undefined) this.#offer({ type: 'tag', id: publish.id, tag });
  }

  #unpublish(sessionId: number, reason: 'unpublished' | 'lost'): void {
    const publish = this.#publishes.get(sessionId);
    this.#publishes.delete(sessionId);
    if (publish === undefined) return;
    this.#host.names.delete(publish.name);
    this.#offer({ type: 'unpublish', id: publish.id, reason });
  }

  #offer(item: IngestItem): void {
    if (this.#backlog.length === 0 && this.#host.offer(item)) return;
    this.#backlog.push(item);
    if (this.#backlog.length === 1) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#socket.pause();
    try {
      while (this.#backlog.length > 0) {
        await this.#host.room();
        const taken = this.#backlog.findIndex((item) => !this.#host.offer(item));
        this.#backlog = taken === -1 ? [] : this.#backlog.slice(taken);
      }
    } catch {
      return void this.#socket.destroy(); // Nobody takes anything any more: the thread is being stopped.
    }
    this.#socket.resume();
  }

  #onSilence(): void {
    const { idleTimeoutMs, handshakeTimeoutMs } = this.#host.limits;
    const limitMs = this.#publishes.size > 0 ? idleTimeoutMs : handshakeTimeoutMs;
    // While this side does not read, the peer's silence means nothing.
    if (this.#socket.isPaused()) this.#socket.setTimeout(limitMs);
    else this.#fail(new TimeoutError('PEER_SILENT', `the peer sent nothing for ${limitMs} ms`));
  }

  #onClose(): void {
    this.#closed.abort(new ClosedError('the publisher left'));
    for (const sessionId of [...this.#publishes.keys()]) this.#unpublish(sessionId, 'lost');
  }
}
