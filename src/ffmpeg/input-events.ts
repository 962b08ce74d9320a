import type {
  SourceConnected,
  SourceConnecting,
  SourceDisconnected,
  SourceFailed,
  SourceProgress,
} from './demux-protocol.ts';
import type { MediaOutputStats } from './media-output.ts';

/** What a {@link MediaInput} is doing. */
export type MediaInputState =
  /** It does not run. */
  | 'stopped'
  /** No source is wanted. */
  | 'idle'
  /** The worker is not there yet, or not there again. */
  | 'starting'
  /** ffmpeg opens the source. */
  | 'connecting'
  /** Frames come. */
  | 'connected'
  /** The source failed; the next attempt has its time. */
  | 'waiting';

/** When something happened, and in which life of the worker. */
export interface InputMoment {
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** Which life of the worker; 0 before the first. */
  readonly incarnation: number;
}

/** Payload of `heartbeat`. */
export interface InputHeartbeat extends InputMoment {
  /** What the input is doing. */
  readonly state: MediaInputState;
  /** Time since the last packet arrived, in ms; `null` before the first. */
  readonly lastPacketAgeMs: number | null;
  /** Time since the worker's loop was last seen to turn, in ms; `null` while none lives. */
  readonly workerBeatAgeMs: number | null;
  /** Video packets that wait to be read. */
  readonly videoDepth: number;
  /** Audio packets that wait to be read. */
  readonly audioDepth: number;
}

/** Payload of `dropped`. */
export interface PacketsDropped extends InputMoment {
  /** Video packets since the last report. */
  readonly video: number;
  /** Audio packets since the last report. */
  readonly audio: number;
}

/** Payload of `workerLost`. */
export interface WorkerLost extends InputMoment {
  /** A code of `docs/errors.md`. */
  readonly code: string;
  /** One sentence for a log. */
  readonly message: string;
}

/** What a {@link MediaInput} tells. */
export type MediaInputEvents = {
  /** Once a second while it runs, whatever ffmpeg, the source or the worker do. */
  heartbeat: [InputHeartbeat];
  /** ffmpeg opens the source. */
  connecting: [SourceConnecting & InputMoment];
  /** The first frame is here. */
  connected: [SourceConnected & InputMoment];
  /** A source that was connected is so no more. */
  disconnected: [SourceDisconnected & InputMoment];
  /** An attempt failed, and another one follows. */
  failed: [SourceFailed & InputMoment];
  /** Packets were processed; once a second while the source is connected. */
  progress: [SourceProgress & InputMoment];
  /** Packets were dropped because nobody read them in time; at most once a second. */
  dropped: [PacketsDropped];
  /** The worker died or hung. Another one starts and connects again. */
  workerLost: [WorkerLost];
};

/** A moment of a {@link MediaInput}. */
export interface MediaInputStats {
  /** What it is doing. */
  readonly state: MediaInputState;
  /** The source that is wanted, without passwords, tokens and stream keys. */
  readonly url: string | null;
  /** How often a source was connected again after it had been lost. */
  readonly reconnects: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** Lives of the worker so far. */
  readonly incarnation: number;
  /** How often a worker died or hung. */
  readonly workerRestarts: number;
  /** Time since the last packet arrived, in ms; `null` before the first. */
  readonly lastPacketAgeMs: number | null;
  /** The picture. */
  readonly video: MediaOutputStats;
  /** The sound. */
  readonly audio: MediaOutputStats;
  /** Video packets the worker dropped because this thread was busy. */
  readonly workerDroppedVideo: number;
  /** Audio packets the worker dropped because this thread was busy. */
  readonly workerDroppedAudio: number;
}
