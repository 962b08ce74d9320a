import type { WebSocket } from 'ws';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { StreamDirectory } from '../media/stream-directory.ts';
import type { StreamerEndReason } from './streamer-endings.ts';
import type { ResolvedStreamerOptions } from './streamer-options.ts';

/** What a `Streamer` works with. */
export interface StreamerSetup {
  /** Number of the streamer, unique in its broadcast. */
  readonly id: number;
  /** The stream it publishes. */
  readonly name: string;
  /** Its connection, opened with `maxStreamerMessageBytes` as the size limit. */
  readonly webSocket: WebSocket;
  /** Where the stream is published. */
  readonly streams: StreamDirectory;
  /** Its bounds. */
  readonly options: ResolvedStreamerOptions;
  /** Source of time. */
  readonly clock: Clock;
  /** Where its progress and its failures are reported. */
  readonly logger: Logger;
  /** How many watch its stream, for the log. */
  readonly viewers: () => number;
  /** What it tells its owner. */
  readonly hooks: {
    /** It is about to publish its first picture: now is the time to `replace` who publishes under this name. */
    readonly claims: () => void;
    /** The connection has gone. Called once, after the stream has ended or waits for its publisher. */
    readonly closed: (reason: StreamerEndReason) => void;
  };
}
