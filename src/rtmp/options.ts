import { checkFunction, checkInteger, checkKnown, checkMs, checkText, refusal } from '../core/check.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { StreamDirectory } from '../media/stream-directory.ts';
import type { PublishDecision, PublishRequest } from './ingest-protocol.ts';

/**
 * Decides, before `NetStream.Publish.Start`, whether somebody may publish. To throw, or to return anything else than a
 * decision, is to refuse; the logger is told.
 */
export type Authorize = (
  request: PublishRequest,
  context: { readonly signal: AbortSignal },
) => PublishDecision | Promise<PublishDecision>;

/** Options of {@link RtmpIngest}. */
export interface RtmpIngestOptions {
  /** Where published streams go. */
  readonly streams: StreamDirectory;
  /** What logs and a supervisor call it. Default `'rtmp'`. */
  readonly name?: string;
  /** Address to listen on. Default `'127.0.0.1'`: this machine only. `'0.0.0.0'` takes publishers from everywhere. */
  readonly host?: string;
  /** Port to listen on, 0 to 65 535. 0 takes a free one and keeps it over restarts. Default 1935. */
  readonly port?: number;
  /** Who may publish. It runs in this thread, so a publish waits while this thread is busy. Default: everybody. */
  readonly authorize?: Authorize;
  /** How long `authorize` may take before the publish is refused, in ms. Default 5000. */
  readonly authorizeTimeoutMs?: number;
  /** How long a connection may take until it asks to publish, in ms, also after a publish. Default 10 000. */
  readonly handshakeTimeoutMs?: number;
  /** How long a publisher may be silent before it is taken for dead, in ms. Default 15 000. */
  readonly idleTimeoutMs?: number;
  /** Most connections at the same time, 1 to 65 535; more are closed at once. Default 1000. */
  readonly maxConnections?: number;
  /** Largest RTMP message, 1 to 16 777 215 bytes. Default 16 777 215; keyframes of 4K streams exceed 1 MB. */
  readonly maxMessageBytes?: number;
  /** How long the ingest thread's loop may stand still before it is replaced, in ms; at least 100. Default 1000. */
  readonly heartbeatTimeoutMs?: number;
  /** Where refusals and failures are reported. Default: nowhere. */
  readonly logger?: Logger;
}

/** {@link RtmpIngestOptions} with every default in place. */
export type ResolvedIngestOptions = Required<Omit<RtmpIngestOptions, 'authorize'>> &
  Pick<RtmpIngestOptions, 'authorize'>;

const known = [
  ...[
    'streams',
    'name',
    'host',
    'port',
    'authorize',
    'authorizeTimeoutMs',
    'handshakeTimeoutMs',
    'idleTimeoutMs',
  ],
  ...['maxConnections', 'maxMessageBytes', 'heartbeatTimeoutMs', 'logger'],
];

export function resolveIngestOptions(options: RtmpIngestOptions): ResolvedIngestOptions {
  checkKnown('RtmpIngest', options, known);
  checkFunction('authorize', options.authorize);
  if (!(options.streams instanceof StreamDirectory))
    throw refusal('streams', options.streams, 'a StreamDirectory');
  return {
    ...options,
    streams: options.streams,
    name: checkText('name', options.name ?? 'rtmp'),
    host: checkText('host', options.host ?? '127.0.0.1'),
    port: checkInteger('port', options.port ?? 1935, 0, 65_535),
    authorizeTimeoutMs: checkMs('authorizeTimeoutMs', options.authorizeTimeoutMs ?? 5_000, 1),
    handshakeTimeoutMs: checkMs('handshakeTimeoutMs', options.handshakeTimeoutMs ?? 10_000, 1),
    idleTimeoutMs: checkMs('idleTimeoutMs', options.idleTimeoutMs ?? 15_000, 1),
    maxConnections: checkInteger('maxConnections', options.maxConnections ?? 1_000, 1, 65_535),
    maxMessageBytes: checkInteger('maxMessageBytes', options.maxMessageBytes ?? 0xff_ffff, 1, 0xff_ffff),
    heartbeatTimeoutMs: checkMs('heartbeatTimeoutMs', options.heartbeatTimeoutMs ?? 1_000, 100),
    logger: options.logger ?? silentLogger,
  };
}

/**
 * What `authorize` returned, as plain data for the ingest thread. Only a clear yes lets anybody in.
 *
 * @throws {ConfigError} when it is no decision.
 */
export function checkDecision(value: unknown): PublishDecision {
  const { allow, name, reason } = (value ?? {}) as Partial<Record<keyof PublishDecision, unknown>>;
  if (typeof allow !== 'boolean')
    throw refusal('what authorize returns', value, 'an object with a boolean allow');
  return {
    allow,
    ...(name !== undefined && { name: checkText('name of a decision', name) }),
    ...(reason !== undefined && { reason: checkText('reason of a decision', reason) }),
  };
}
