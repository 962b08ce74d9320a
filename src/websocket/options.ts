import { checkInteger, checkKnown, checkMs, refusal } from '../core/check.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { StreamDirectory } from '../media/stream-directory.ts';

/** Options of {@link WebSocketBroadcast}. */
export interface WebSocketBroadcastOptions {
  /** The streams that can be viewed. */
  readonly streams: StreamDirectory;
  /** Most viewers at the same time, 1 to 1 000 000; one more is refused with 503. Default 10 000. */
  readonly maxViewers?: number;
  /** How long a viewer's connection may take nothing before it is dropped, in ms. Default 10 000. */
  readonly stallTimeoutMs?: number;
  /** Time between WebSocket pings, in ms; a viewer that did not answer the last one is dropped. Default 45 000. */
  readonly pingIntervalMs?: number;
  /** Where drops are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

export function resolveBroadcastOptions(
  options: WebSocketBroadcastOptions,
): Required<WebSocketBroadcastOptions> {
  const known = ['streams', 'maxViewers', 'stallTimeoutMs', 'pingIntervalMs', 'logger', 'clock'];
  checkKnown('WebSocketBroadcast', options, known);
  if (!(options.streams instanceof StreamDirectory))
    throw refusal('streams', options.streams, 'a StreamDirectory');
  return {
    streams: options.streams,
    maxViewers: checkInteger('maxViewers', options.maxViewers ?? 10_000, 1, 1_000_000),
    stallTimeoutMs: checkMs('stallTimeoutMs', options.stallTimeoutMs ?? 10_000, 1),
    pingIntervalMs: checkMs('pingIntervalMs', options.pingIntervalMs ?? 45_000, 1),
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
  };
}
