import type { ExponentialBackoffOptions } from '../core/backoff.ts';
import type { SourceRequest } from './ffmpeg-command.ts';
import type { QueueLimits, QueueStats } from './media-queue.ts';
import type { SourceInfo } from './source-info.ts';

/** What the demux worker is told at its start. Plain data. */
export interface DemuxSettings {
  readonly ffmpegPath: string;
  readonly connectTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly stopGraceMs: number;
  readonly reconnectOnEnd: boolean | undefined;
  readonly goodSpellMs: number;
  readonly backoff: Omit<ExponentialBackoffOptions, 'random'>;
  readonly video: QueueLimits;
  readonly audio: QueueLimits;
}

/** Payload of `connecting`. */
export interface SourceConnecting {
  /** The source, without passwords, tokens and stream keys. */
  readonly url: string;
  /** 1 for the first attempt since `connect()` or since the worker was replaced, and one more for each. */
  readonly attempt: number;
}

/** Payload of `connected`. */
export interface SourceConnected extends SourceConnecting, SourceInfo {
  /** From the start of ffmpeg to the first frame, in ms. */
  readonly connectMs: number;
}

/** Why a source that was connected is so no more. */
export type DisconnectReason =
  /** `disconnect()`, `stop()` or another `connect()` was called. */
  | 'requested'
  /** It is over: a file was read to its end, a server closed the stream in good order. */
  | 'ended'
  /** It failed; a `failed` tells how. */
  | 'failed'
  /** The worker died, hung or was killed, and another one takes over. */
  | 'worker-lost';

/** Payload of `disconnected`. */
export interface SourceDisconnected {
  /** The source, without passwords, tokens and stream keys. */
  readonly url: string;
  /** Why. */
  readonly reason: DisconnectReason;
  /** Video packets that nobody had read and that are gone. */
  readonly clearedVideo: number;
  /** Audio packets that nobody had read and that are gone. */
  readonly clearedAudio: number;
  /** When the next attempt begins, in ms; `null` when there will be none. */
  readonly retryInMs: number | null;
}

/** Payload of `failed`. */
export interface SourceFailed extends SourceConnecting {
  /** A code of `docs/errors.md`. */
  readonly code: string;
  /** One sentence for a log, with ffmpeg's last words, without passwords. */
  readonly message: string;
  /** When the next attempt begins, in ms. */
  readonly retryInMs: number;
}

/** Payload of `progress`: packets that were processed. */
export interface SourceProgress {
  /** Video packets of this connection so far. */
  readonly videoPackets: number;
  /** Audio packets of this connection so far. */
  readonly audioPackets: number;
  /** Bytes of both so far. */
  readonly bytes: number;
  /** Decoding time of the newest packet, in ms. */
  readonly dtsMs: number;
  /** Video packets that wait in the worker because this thread is busy. */
  readonly workerVideo: QueueStats;
  /** Audio packets that wait in the worker because this thread is busy. */
  readonly workerAudio: QueueStats;
}

/** A packet on the data lane. `epoch` counts the disconnections that made earlier packets void. */
export interface DemuxPacket {
  readonly epoch: number;
  readonly tag: Uint8Array<ArrayBuffer>;
  /** When ffmpeg gave it to us, in ms since 1970. */
  readonly atMs: number;
}

/** Stands behind the last packet of a source that ended in good order: its status may be faster than its packets. */
export interface DemuxEnd {
  readonly epoch: number;
  /** Whether it is connected again, or over. */
  readonly end: 'lost' | 'over';
}

/** An item of the data lane. */
export type DemuxItem = DemuxPacket | DemuxEnd;

/** A source that is wanted. `id` tells one `connect()` from the next. */
export interface WantedSource extends SourceRequest {
  readonly id: number;
}

/** What the main thread and the demux worker say to each other. */
export interface DemuxProtocol {
  commands: { connect: WantedSource; disconnect: Record<never, never> };
  statuses: {
    connecting: SourceConnecting;
    connected: SourceConnected;
    disconnected: SourceDisconnected & { readonly id: number; readonly epoch: number };
    failed: SourceFailed;
    progress: SourceProgress;
  };
  data: DemuxItem;
}
