import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { RtmpServerEvent } from '../codec/rtmp/server-events.ts';
import { RtmpServerSession } from '../codec/rtmp/server-session.ts';
import { ClosedError, ProtocolError, SpillwayError, TimeoutError } from '../core/errors.ts';
import { Mailbox } from '../core/mailbox.ts';
import { type IngestLane, IngestOutbox } from './ingest-outbox.ts';
import type { IngestLimits, PublishDecision, PublishRequest } from './ingest-protocol.ts';

/** What a connection needs from the thread it lives in. */
export interface IngestHost extends IngestLane {
  readonly limits: IngestLimits;
  /** Names that are being published, on any connection of this thread. */
  readonly names: Set<string>;
  nextId(): number;
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

// A read is parsed in steps of this size, and no further while items wait: a read of the smallest tags makes 32 768.
const stepBytes = 8192;

// A step makes at most one item per byte; the publishes of a connection begin and end without one.
const maxWaitingItems = 2 * stepBytes;

// Node reads so much at once. Of a smaller read is known that nothing waits behind it.
const fullReadBytes = 65_536;
const quietMs = 20;

// Decisions a peer may ask for before one is made; it has no more message streams.
const maxUndecided = 16;

// How long a refused peer may take to read why.
const farewellMs = 1_000;

const nothing = new Uint8Array(0);

/**
 * One accepted socket: reads continuously, feeds the session, answers, and hands media over. It stops reading only while
 * the main thread is behind; TCP then holds the publisher, and nothing grows here.
 */
export class IngestConnection {
  /** Settles when the connection is closed and all it had for the main thread was taken. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #socket: Socket;
  readonly #host: IngestHost;
  readonly #remoteAddress: string;
  readonly #session: RtmpServerSession;
  readonly #outbox: IngestOutbox;
  readonly #closed = new AbortController();
  readonly #decisions = new Mailbox();
  /** Publishes by the session's id; `undefined` while it is being decided. */
  readonly #publishes = new Map<number, Publish | undefined>();
  #undecided = 0;
  #hasFailed = false;
  /** The end of the newest read, which is parsed when no items wait. */
  #unparsed: Uint8Array = nothing;
  /** Ends a connection that does not publish in time, and one that was refused and does not go. */
  #limit: NodeJS.Timeout;
  #quiet: NodeJS.Timeout | undefined;

  constructor(socket: Socket, host: IngestHost) {
    this.#socket = socket;
    this.#host = host;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    const { maxMessageBytes, handshakeTimeoutMs } = host.limits;
    this.#session = new RtmpServerSession({ random: randomBytes(1528), maxMessageBytes });
    this.#remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#outbox = new IngestOutbox(host, maxWaitingItems, {
      full: () => void socket.pause(),
      emptied: () => this.#receive(this.#unparsed),
      drained: () => this.#readOn(),
      lost: () => this.#end(),
    });
    this.#limit = setTimeout(() => this.#onLimit(), handshakeTimeoutMs);
    socket.setNoDelay(true);
    socket.on('timeout', () => this.#onSilence());
    socket.on('data', (bytes) => this.#onData(bytes));
    socket.on('error', () => {}); // A reset is told by 'close', which follows.
    socket.on('close', () => this.#onClose());
  }

  /** Drops the connection; its publishes end as lost. Settles as `ended` does. */
  close(): Promise<void> {
    this.#socket.destroy();
    return this.ended;
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

  // A client that has said everything closes at once, and what arrives there afterwards resets the connection: a reply
  // in mid-stream would destroy what is still on its way. So nothing is said while more waits to be read.
  #onData(bytes: Uint8Array): void {
    this.#receive(bytes);
    if (bytes.length >= fullReadBytes) this.#flushWhenQuiet();
    else if (!this.#outbox.isDraining) this.#flush();
  }

  #flushWhenQuiet(): void {
    if (this.#quiet !== undefined) return void this.#quiet.refresh();
    this.#quiet = setTimeout(() => {
      if (!this.#outbox.isDraining) this.#flush();
    }, quietMs);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#hasFailed) return;
    try {
      this.#unparsed = bytes.subarray(this.#parse(bytes));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Returns how many of the bytes are parsed. */
  #parse(bytes: Uint8Array): number {
    let offset = 0;
    for (; offset < bytes.length && !this.#outbox.hasItems; offset += stepBytes) {
      for (const event of this.#session.receive(bytes.subarray(offset, offset + stepBytes))) this.#on(event);
      if (this.#session.failure !== undefined) throw this.#session.failure;
    }
    return Math.min(offset, bytes.length);
  }

  #readOn(): void {
    if (this.#closed.signal.aborted) return this.#end();
    this.#socket.resume();
    this.#flushWhenQuiet();
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    // Whatever a peer's bytes set off ends here, never as an uncaught exception of the thread.
    const failure =
      error instanceof SpillwayError
        ? error
        : new ProtocolError('PROTOCOL_COMMAND', `failed on what the peer sent: ${error}`, { cause: error });
    this.#host.failed(failure, this.#remoteAddress);
    this.#flush();
    this.#socket.destroySoon();
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#socket.destroy(), farewellMs);
  }

  #flush(): void {
    const output = this.#session.takeOutput();
    if (output === undefined || this.#socket.destroyed) return;
    this.#socket.write(output);
    const { writableLength } = this.#socket;
    if (writableLength <= maxUnreadReplyBytes) return;
    this.#fail(
      new ProtocolError('PROTOCOL_COMMAND', `the peer did not read ${writableLength} bytes of replies`),
    );
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
    unpublish: (self, { id }) => self.#onUnpublish(id),
  };

  async #publish(event: EventOf<'publish'>): Promise<void> {
    this.#publishes.set(event.id, undefined);
    const decision = await this.#decide(event);
    // The publisher left before the decision, or broke the protocol.
    if (!this.#publishes.has(event.id) || this.#hasFailed || this.#closed.signal.aborted) return;
    try {
      this.#conclude(event, decision);
      this.#flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #conclude({ id, app, name: key }: EventOf<'publish'>, decision: PublishDecision): void {
    const name = decision.name ?? `${app}/${key}`;
    // A refused key may be a secret that was mistyped: it is not named.
    if (!decision.allow) this.#refuse(id, app, 'NetStream.Publish.Denied', decision.reason ?? 'not allowed');
    else if (this.#host.names.has(name))
      this.#refuse(id, name, 'NetStream.Publish.BadName', `${name} is being published`);
    else this.#accept(id, name);
  }

  // One after the other, so that a peer with many publishes does not keep the others waiting.
  async #decide({ id, app, name: key, query }: EventOf<'publish'>): Promise<PublishDecision> {
    if (this.#host.limits.authorizeTimeoutMs === undefined) return { allow: true };
    if (this.#undecided >= maxUndecided) return { allow: false, reason: 'too many publishes at once' };
    this.#undecided++;
    const request: PublishRequest = { app, key, query, remoteAddress: this.#remoteAddress };
    try {
      return await this.#decisions.post(() => this.#authorize(id, request));
    } catch {
      return { allow: false, reason: 'the server could not decide' };
    } finally {
      this.#undecided--;
    }
  }

  async #authorize(sessionId: number, request: PublishRequest): Promise<PublishDecision> {
    if (!this.#publishes.has(sessionId)) return { allow: false }; // It was taken back meanwhile.
    return this.#host.authorize(request, this.#closed.signal);
  }

  #accept(sessionId: number, name: string): void {
    const publish = { id: this.#host.nextId(), name };
    this.#publishes.set(sessionId, publish);
    this.#host.names.add(name);
    this.#outbox.offer({ type: 'publish', id: publish.id, name, remoteAddress: this.#remoteAddress });
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
    if (publish !== undefined) this.#outbox.offer({ type: 'tag', id: publish.id, tag });
  }

  #onUnpublish(sessionId: number): void {
    this.#unpublish(sessionId, 'unpublished');
    if (!this.#closed.signal.aborted) this.#limit.refresh(); // So long it may take until it publishes again.
  }

  #unpublish(sessionId: number, reason: 'unpublished' | 'lost'): void {
    const publish = this.#publishes.get(sessionId);
    this.#publishes.delete(sessionId);
    if (publish === undefined) return;
    this.#host.names.delete(publish.name);
    this.#outbox.offer({ type: 'unpublish', id: publish.id, reason });
  }

  // While this side does not read, the peer's silence means nothing.
  #onSilence(): void {
    const { idleTimeoutMs } = this.#host.limits;
    if (this.#publishes.size === 0) return;
    if (this.#outbox.isDraining) this.#socket.setTimeout(idleTimeoutMs);
    else this.#fail(new TimeoutError('PEER_SILENT', `the peer sent nothing for ${idleTimeoutMs} ms`));
  }

  #onLimit(): void {
    if (this.#publishes.size > 0 || this.#outbox.isDraining) return void this.#limit.refresh();
    const { handshakeTimeoutMs } = this.#host.limits;
    this.#fail(new TimeoutError('PEER_SILENT', `the peer did not publish within ${handshakeTimeoutMs} ms`));
  }

  #onClose(): void {
    this.#closed.abort(new ClosedError('the publisher left'));
    clearTimeout(this.#limit);
    clearTimeout(this.#quiet);
    if (!this.#outbox.isDraining) this.#end();
  }

  #end(): void {
    this.#socket.destroy();
    for (const sessionId of [...this.#publishes.keys()]) this.#unpublish(sessionId, 'lost');
    if (!this.#outbox.isDraining) this.#resolveEnded();
  }
}
