import type { StatusEvent } from '../channel/protocol.ts';
import { WorkerChannel } from '../channel/worker-channel.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import type { Service, ServiceContext } from '../core/service.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { Publication } from '../media/stream-directory.ts';
import type {
  ConnectionFailure,
  IngestItem,
  IngestLimits,
  IngestProtocol,
  PublishDecision,
  PublishRequest,
} from './ingest-protocol.ts';
import {
  checkDecision,
  type ResolvedIngestOptions,
  type RtmpIngestOptions,
  resolveIngestOptions,
} from './options.ts';
import { ReportBudget } from './report-budget.ts';

/** Where an ingest listens. */
export interface IngestAddress {
  /** The address it is bound to. */
  readonly host: string;
  /** The port, also when 0 was asked for. */
  readonly port: number;
}

/** Payload of `publish`. */
export interface PublishStarted {
  /** The stream's public name. */
  readonly name: string;
  /** Where the publisher connects from. */
  readonly remoteAddress: string;
}

/** Payload of `unpublish`. */
export interface PublishEnded {
  /** The stream's public name. */
  readonly name: string;
  /** `'unpublished'` by the publisher's own command; `'lost'` with its connection or the ingest thread. */
  readonly reason: 'unpublished' | 'lost';
  /** FLV tags that came from this publisher. */
  readonly tags: number;
}

/** Payload of `rejected`. */
export interface PublishRejected {
  /** The name that was asked for; only the application when `authorize` refused, since a wrong key may be a secret. */
  readonly name: string;
  /** What the publisher was told. */
  readonly reason: string;
  /** Where it connected from. */
  readonly remoteAddress: string;
  /** Reports of failures and refusals that were left out before this one: at most 100 a second are made. */
  readonly suppressed: number;
}

/** What an {@link RtmpIngest} tells. */
export type RtmpIngestEvents = {
  /** The port is open. Told again after a restart of the ingest thread. */
  listening: [IngestAddress];
  /** A publisher was let in. */
  publish: [PublishStarted];
  /** A publisher ended. */
  unpublish: [PublishEnded];
  /** A publisher was refused. */
  rejected: [PublishRejected];
  /** A connection broke the protocol or fell silent and was closed. */
  connectionFailed: [ConnectionFailure];
};

interface ActivePublish {
  readonly name: string;
  readonly publication: Publication;
  tags: number;
}

// What a main thread that is blocked for 3 s must not lose of a 4K stream with audio. When it is full, TCP holds them all.
const lane = { capacity: 1024, maxBytes: 64 << 20 } as const;

/**
 * Takes RTMP publishers (ffmpeg, OBS, GStreamer) in a worker thread of its own and hands their streams to a
 * `StreamDirectory`. The thread owns the sockets, so an application that blocks for seconds delays viewers, not publishers.
 * When the thread fails or hangs, `run` rejects and a supervisor starts a fresh one on the same port; streams wait for
 * their publishers meanwhile.
 *
 * @example
 * ```ts
 * const streams = new StreamDirectory();
 * const ingest = new RtmpIngest({ streams, authorize: async ({ key }) => ({ allow: await mayPublish(key) }) });
 * await new Supervisor({ name: 'app' }).add(ingest).run({ signal });
 * ```
 */
export class RtmpIngest extends Emitter<RtmpIngestEvents> implements Service {
  readonly name: string;
  readonly #options: ResolvedIngestOptions;
  readonly #publishes = new Map<number, ActivePublish>();
  readonly #reports = new ReportBudget();
  #address: IngestAddress | undefined;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: RtmpIngestOptions) {
    const resolved = resolveIngestOptions(options);
    super(resolved.logger);
    this.name = resolved.name;
    this.#options = resolved;
  }

  /** Where it listens; `undefined` before the first `listening`. */
  get address(): IngestAddress | undefined {
    return this.#address;
  }

  /**
   * Listens until `signal` aborts. Calls `ready()` when the port is open and `beat()` as the ingest thread lives.
   *
   * @throws {ListenError} when the port cannot be had.
   * @throws {WorkerExitError} when the ingest thread fails or hangs.
   */
  async run(context: ServiceContext): Promise<void> {
    try {
      await this.#serve(context);
    } catch (error) {
      if (!context.signal.aborted) throw error;
    }
  }

  async #serve({ signal, ready, beat }: ServiceContext): Promise<void> {
    const channel = await this.#open(signal);
    channel.on('beat', beat);
    channel.on('status', (event) => this.#onStatus(event));
    try {
      await this.#listen(channel);
      ready();
      for await (const item of channel.data) this.#take(channel, item);
    } finally {
      await channel.close();
      for (const id of [...this.#publishes.keys()]) this.#unpublish(id, 'lost');
    }
  }

  #open(signal: AbortSignal): Promise<WorkerChannel<IngestProtocol>> {
    const { name, logger, heartbeatTimeoutMs } = this.#options;
    return WorkerChannel.open<IngestProtocol>(siblingModule('ingest.worker', import.meta.url), {
      ...lane,
      ...{ name, logger, heartbeatTimeoutMs, signal },
      workerData: this.#limits(),
      requests: { authorize: (request, context) => this.#authorize(request, context) },
    });
  }

  async #authorize(
    request: PublishRequest,
    context: { readonly signal: AbortSignal },
  ): Promise<PublishDecision> {
    try {
      return checkDecision(await this.#options.authorize?.(request, context));
    } catch (error) {
      if (!context.signal.aborted) this.#reportAuthorize(error);
      throw error;
    }
  }

  #reportAuthorize(error: unknown): void {
    this.#reports.add((suppressed) => {
      this.#options.logger.error('authorize failed', {
        ingest: this.name,
        error: describeError(error),
        suppressed,
      });
    });
  }

  #limits(): IngestLimits {
    const {
      handshakeTimeoutMs,
      idleTimeoutMs,
      maxConnections,
      maxMessageBytes,
      authorize,
      authorizeTimeoutMs,
    } = this.#options;
    return {
      handshakeTimeoutMs,
      idleTimeoutMs,
      maxConnections,
      maxMessageBytes,
      authorizeTimeoutMs: authorize === undefined ? undefined : authorizeTimeoutMs,
    };
  }

  async #listen(channel: WorkerChannel<IngestProtocol>): Promise<void> {
    const { host } = this.#options;
    // Publishers come back to the port they know, so a free one that was found once is kept.
    const port = this.#address?.port ?? this.#options.port;
    this.#address = await channel.call('listen', { host, port });
    this.emit('listening', this.#address);
  }

  #onStatus(event: StatusEvent<IngestProtocol>): void {
    this.#options.logger.warn(`rtmp ${event.status}`, { ...event.detail });
    if (event.status === 'rejected') this.emit('rejected', event.detail);
    else this.emit('connectionFailed', event.detail);
  }

  #take(channel: WorkerChannel<IngestProtocol>, item: IngestItem): void {
    if (item.type === 'publish') return this.#publish(channel, item);
    if (item.type === 'unpublish') return this.#unpublish(item.id, item.reason);
    const publish = this.#publishes.get(item.id);
    if (publish === undefined) return;
    publish.tags++;
    publish.publication.write(item.tag);
  }

  #publish(
    channel: WorkerChannel<IngestProtocol>,
    { id, name, remoteAddress }: IngestItem & { type: 'publish' },
  ): void {
    const publication = this.#register(name);
    // The thread knows its own publishers only: another ingest may have the name, or there are too many streams.
    if (publication instanceof Error) return refuse(channel, id, publication.message);
    this.#publishes.set(id, { name, publication, tags: 0 });
    this.emit('publish', { name, remoteAddress });
  }

  #register(name: string): Publication | Error {
    try {
      return this.#options.streams.publish(name) ?? new Error(`${name} is being published`);
    } catch (error) {
      return error as Error;
    }
  }

  #unpublish(id: number, reason: 'unpublished' | 'lost'): void {
    const publish = this.#publishes.get(id);
    if (publish === undefined) return;
    this.#publishes.delete(id);
    publish.publication.end(reason);
    this.emit('unpublish', { name: publish.name, reason, tags: publish.tags });
  }
}

function refuse(channel: WorkerChannel<IngestProtocol>, id: number, reason: string): void {
  try {
    channel.send('refuse', { id, reason });
  } catch {} // The thread is gone and its publishers with it; the data lane tells why.
}
