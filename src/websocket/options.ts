import type { IncomingMessage } from 'node:http';
import {
  checkFunction,
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  checkText,
  refusal,
} from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import { StreamDirectory } from '../media/stream-directory.ts';
import type { AllowedOrigins, AuthorizeConnection } from './admission.ts';
import { safeLowerStream } from './lower-stream.ts';
import {
  type ResolvedStreamerOptions,
  resolveStreamerOptions,
  type StreamerOptions,
} from './streamer-options.ts';

/** Options of {@link WebSocketBroadcast}. */
export interface WebSocketBroadcastOptions {
  /** The streams that can be viewed, and where streamers publish. */
  readonly streams: StreamDirectory;
  /** Where viewers of many streams connect. Default `'/viewers'`. */
  readonly viewersPath?: string;
  /** Lets browsers publish pictures below `streamersPath`. Default: nobody may. `{}` takes all defaults. */
  readonly streamers?: StreamerOptions;
  /** Where streamers connect, followed by the name of their stream. Default `'/streamers/'`. */
  readonly streamersPath?: string;
  /** Who may watch and publish. Runs once per connection, before it is accepted. Default: everybody. */
  readonly authorize?: AuthorizeConnection;
  /** How long `authorize` may take before the connection is refused, in ms. Default 5000. */
  readonly authorizeTimeoutMs?: number;
  /**
   * Which pages may open a WebSocket: those of the host the request names, all, or those of the listed origins, such as
   * `'https://example.com'`. The same pages may read `.flv` over HTTP. Programs that are no browsers name no origin and
   * may always. Default `'same'`.
   */
  readonly origins?: AllowedOrigins;
  /** Most viewers at the same time, 1 to 1 000 000; one more is refused with 503. Default 10 000. */
  readonly maxViewers?: number;
  /** Most streamers at the same time, 1 to 100 000; one more is refused with 503. Default 100. */
  readonly maxStreamers?: number;
  /** Most connections from one address, 1 to 1 000 000; one more is refused with 429. Default 1000. */
  readonly maxPerAddress?: number;
  /** The address of a request, for that limit and for logs. Default: the peer's; behind a proxy that is the proxy's. */
  readonly addressOf?: (request: IncomingMessage) => string;
  /** Most streams that one viewer follows, 1 to 10 000. Default 64. */
  readonly maxStreamsPerViewer?: number;
  /**
   * How far a viewer may lag behind before it skips to a keyframe, in ms. The round trip that was measured is allowed on
   * top. Default 1000.
   */
  readonly lagLimitMs?: number;
  /**
   * How long a viewer that acknowledges may take nothing before it is dropped, in ms. Of others only the kernel tells
   * whether they take something, and in large steps, so they have twelve times as long. Default 10 000.
   */
  readonly stallTimeoutMs?: number;
  /** Time between pings, in ms; a viewer that did not answer the last one is dropped. Default 45 000. */
  readonly pingIntervalMs?: number;
  /**
   * How long a packet may wait for others that go out in the same write, in ms. 0 collects what comes in one turn of
   * the event loop. Default 0.
   */
  readonly coalesceMs?: number;
  /** Whether slow viewers get fewer pictures until they keep up (`'auto'`) or all they can take (`'full'`). Default `'full'`. */
  readonly quality?: 'auto' | 'full';
  /** The stream that a slow viewer of this stream gets instead, with `quality: 'auto'`. Default: none. */
  readonly lowerStream?: (stream: string) => string | undefined;
  /** Time between the lines that tell how it goes, while somebody watches, in ms; 0 for none. Default 10 000. */
  readonly progressIntervalMs?: number;
  /** Where drops, refusals and the progress are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** {@link WebSocketBroadcastOptions} with everything decided. */
export type ResolvedBroadcastOptions = Required<
  Omit<WebSocketBroadcastOptions, 'streamers' | 'authorize' | 'addressOf' | 'lowerStream'>
> & {
  readonly streamers: ResolvedStreamerOptions | undefined;
  readonly authorize: AuthorizeConnection | undefined;
  readonly addressOf: WebSocketBroadcastOptions['addressOf'];
  readonly lowerStream: WebSocketBroadcastOptions['lowerStream'];
};

const known = [
  ...['streams', 'viewersPath', 'streamers', 'streamersPath', 'authorize', 'authorizeTimeoutMs', 'origins'],
  ...['maxViewers', 'maxStreamers', 'maxPerAddress', 'addressOf', 'maxStreamsPerViewer', 'lagLimitMs'],
  ...['stallTimeoutMs', 'pingIntervalMs', 'coalesceMs', 'quality', 'lowerStream', 'progressIntervalMs'],
  ...['logger', 'clock'],
];

/** Fills in and checks the options of a broadcast. */
export function resolveBroadcastOptions(options: WebSocketBroadcastOptions): ResolvedBroadcastOptions {
  checkKnown('WebSocketBroadcast', options, known);
  const { streams, streamers, authorize, addressOf, lowerStream } = options;
  if (!(streams instanceof StreamDirectory)) throw refusal('streams', streams, 'a StreamDirectory');
  for (const name of ['authorize', 'addressOf', 'lowerStream'] as const) checkFunction(name, options[name]);
  const { logger = silentLogger, clock = systemClock } = options;
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  const safe = safeLogger(logger);
  return {
    ...{ streams, authorize, addressOf, clock, logger: safe },
    lowerStream: lowerStream && safeLowerStream(lowerStream, clock, safe),
    ...paths(options),
    ...limits(options),
    streamers: streamers && resolveStreamerOptions(streamers),
    origins: checkOrigins(options.origins ?? 'same'),
    quality: checkOneOf('quality', options.quality ?? 'full', ['auto', 'full']),
  };
}

function paths({ viewersPath = '/viewers', streamersPath = '/streamers/' }: WebSocketBroadcastOptions) {
  if (!checkText('viewersPath', viewersPath).startsWith('/'))
    throw refusal('viewersPath', viewersPath, "a path that begins with '/'");
  if (!/^\/(.*\/)?$/.test(checkText('streamersPath', streamersPath)))
    throw refusal('streamersPath', streamersPath, "a path that begins and ends with '/'");
  return { viewersPath, streamersPath };
}

function limits(options: WebSocketBroadcastOptions) {
  return {
    authorizeTimeoutMs: checkMs('authorizeTimeoutMs', options.authorizeTimeoutMs ?? 5_000, 1),
    maxViewers: checkInteger('maxViewers', options.maxViewers ?? 10_000, 1, 1_000_000),
    maxStreamers: checkInteger('maxStreamers', options.maxStreamers ?? 100, 1, 100_000),
    maxPerAddress: checkInteger('maxPerAddress', options.maxPerAddress ?? 1_000, 1, 1_000_000),
    maxStreamsPerViewer: checkInteger('maxStreamsPerViewer', options.maxStreamsPerViewer ?? 64, 1, 10_000),
    lagLimitMs: checkMs('lagLimitMs', options.lagLimitMs ?? 1_000, 1),
    stallTimeoutMs: checkMs('stallTimeoutMs', options.stallTimeoutMs ?? 10_000, 1),
    pingIntervalMs: checkMs('pingIntervalMs', options.pingIntervalMs ?? 45_000, 1),
    coalesceMs: checkMs('coalesceMs', options.coalesceMs ?? 0),
    progressIntervalMs: checkMs('progressIntervalMs', options.progressIntervalMs ?? 10_000),
  };
}

function checkOrigins(origins: AllowedOrigins): AllowedOrigins {
  if (origins === 'same' || origins === 'any') return origins;
  if (!Array.isArray(origins) || !origins.every((origin) => typeof origin === 'string'))
    throw refusal('origins', origins, "'same', 'any' or a list of origins");
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new ConfigError(`origins: ${JSON.stringify(origin)} is no origin such as 'https://example.com'`);
  }
  return origins;
}
