import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from '../core/clock.ts';
import type { Gap } from '../fanout/types.ts';
import type { LiveStream } from '../media/live-stream.ts';
import type { Flusher } from './flusher.ts';
import type { MessageEncoder } from './message-encoder.ts';
import type { QualityLimits } from './quality.ts';

/** Which streams run now. */
export interface StreamRuns {
  /** The run of that name, if there is one. */
  find(name: string): LiveStream | undefined;
  /** All runs, for viewers that follow `*`. */
  all(): Iterable<LiveStream>;
}

/** Bounds of one viewer. */
export interface SessionLimits {
  /** Most streams it follows, those that do not run yet included. */
  readonly maxStreams: number;
  /** How far it may fall behind before it skips, in ms; its measured round trip comes on top. */
  readonly lagLimitMs: number;
  /** How long its connection may take nothing before it is dropped, in ms; longer where only the kernel tells. */
  readonly stallTimeoutMs: number;
}

/** Why a viewer is given up: it took nothing, broke the protocol, sent too much, or a callback failed here. */
export type GiveUpReason = 'stalled' | 'protocol' | 'flooded' | 'failed';

/** What a viewer's owner is told. */
interface SessionHooks {
  /** It was too slow and skipped packets of this stream. */
  gap(stream: string, gap: Gap): void;
  /** Its connection is being closed, for this reason. `'close'` of the WebSocket follows. Called once. */
  giveUp(reason: GiveUpReason): void;
}

/** What a {@link SessionViewer} is made of. */
export interface SessionViewerOptions {
  /** Its connection, open. */
  readonly webSocket: WebSocket;
  /** What lies below it: the socket that `handleUpgrade` was given. */
  readonly raw: Duplex;
  /** Whether it acknowledges: it has offered `spillway.v1`. */
  readonly acknowledges: boolean;
  /** How it gets pictures. */
  readonly images: 'binary' | 'json';
  /** Makes the messages; one for all viewers. */
  readonly encoder: MessageEncoder;
  /** Says when to write; one for all viewers. */
  readonly flusher: Flusher;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Which streams there are. */
  readonly runs: StreamRuns;
  /** Its bounds. */
  readonly limits: SessionLimits;
  /** When to send fewer pictures to a slow viewer that has not chosen itself; `undefined`: never. */
  readonly quality: QualityLimits | undefined;
  /** Who is told. */
  readonly hooks: SessionHooks;
}

/** What one followed stream amounts to for one viewer. */
export interface FollowedStats {
  /** Name of the stream. */
  readonly stream: string;
  /** Number of its run; `null` while there is none. */
  readonly id: number | null;
  /** Packets that were there for it: `delivered` and `skipped`. */
  readonly offered: number;
  /** Packets handed to its connection. */
  readonly delivered: number;
  /** Packets left out: missed by lag, or for a lower quality. */
  readonly skipped: number;
  /** `skipped` of `offered`, in percent. */
  readonly lossPercent: number;
  /** Gaps it was told of. */
  readonly gaps: number;
  /** Age of the oldest packet that waits for it, in ms. */
  readonly lagMs: number;
  /** `full`, a `lower` stream in its place, or `keyframes`: every n-th resync point, see `every`. */
  readonly quality: 'full' | 'lower' | 'keyframes';
  /** Which resync points it gets: each, every second… */
  readonly every: number;
}

/** What one viewer amounts to. Totals include streams that it follows no more. */
export interface SessionStats {
  /** Packets that were there for it: `delivered` and `skipped`. */
  readonly offered: number;
  /** Packets handed to its connection. */
  readonly delivered: number;
  /** Packets left out: missed by lag, or for a lower quality. */
  readonly skipped: number;
  /** `skipped` of `offered`, in percent. */
  readonly lossPercent: number;
  /** Gaps it was told of. */
  readonly gaps: number;
  /** Age of the oldest packet that waits for it, over all its streams, in ms. */
  readonly lagMs: number;
  /** From publish to acknowledgement, smoothed, in ms; `null` before the first. */
  readonly latencyMs: number | null;
  /** The same of the last acknowledgement. */
  readonly lastLatencyMs: number | null;
  /** How late the viewer says it shows pictures, in ms; `null` when it has not said. */
  readonly latenessMs: number | null;
  /** Round trip of the bare path, without the queues its own data makes, in ms; `null` before it is known. */
  readonly roundTripMs: number | null;
  /** Most bytes that may be under way now; `null` for a viewer that does not acknowledge. */
  readonly windowBytes: number | null;
  /** Bytes written and not acknowledged. */
  readonly unacknowledgedBytes: number;
  /** Bytes handed to its connection. */
  readonly bytesSent: number;
  /** The same per stream it follows now. */
  readonly streams: readonly FollowedStats[];
}
