import type { SessionStats } from './session-types.ts';
import type { StreamerEndReason } from './streamer-endings.ts';
import type { StreamerStats } from './streamer-stats.ts';

/** A viewer as it is at this moment. What does not exist for a viewer that does not acknowledge is `null`. */
export interface ViewerStats extends SessionStats {
  /** Number of the viewer, unique in this broadcast. */
  readonly id: number;
  /** How it is connected. */
  readonly transport: 'websocket' | 'http';
  /** What it speaks: one stream as plain FLV, many without and with acknowledgements. */
  readonly protocol: 'flv' | 'json' | 'spillway.v1';
  /** Where it connects from. */
  readonly address: string;
}

/** Why a viewer left. */
export type ViewerEndReason =
  /** Its connection closed, from whichever side. */
  | 'closed'
  /** Its connection took nothing for the stall limit. */
  | 'stalled'
  /** It did not answer a ping. */
  | 'unresponsive'
  /** It acknowledged what was never sent, or said what cannot be read. */
  | 'protocol'
  /** It sent more messages than a viewer has to send. */
  | 'flooded'
  /** A callback of the application failed. */
  | 'failed';

/** Payload of `joined`. */
export interface ViewerJoined {
  /** Who. */
  readonly viewer: ViewerStats;
}

/** Payload of `left`. */
export interface ViewerLeft {
  /** Who, with the numbers of the end. */
  readonly viewer: ViewerStats;
  /** Why. */
  readonly reason: ViewerEndReason;
}

/** A streamer as it is at this moment, and where it is. */
export interface StreamerInfo extends StreamerStats {
  /** Where it connects from. */
  readonly address: string;
}

/** Payload of `streamerJoined`. */
export interface StreamerJoined {
  /** Who. */
  readonly streamer: StreamerInfo;
}

/** Payload of `streamerLeft`. */
export interface StreamerLeft {
  /** Who, with the numbers of the end. */
  readonly streamer: StreamerInfo;
  /** Why. */
  readonly reason: StreamerEndReason;
}

/** Payload of `refused`. */
export interface ConnectionRefused {
  /** What it wanted. */
  readonly role: 'viewer' | 'streamer';
  /** Where it connected from. */
  readonly address: string;
  /** The HTTP status it got: 403 not allowed, 429 too many from there, 503 too many or closing. */
  readonly status: 403 | 429 | 503;
}

/** What a broadcast tells. */
export type WebSocketBroadcastEvents = {
  /** Somebody watches. */
  joined: [ViewerJoined];
  /** Somebody left. */
  left: [ViewerLeft];
  /** Somebody may publish pictures, and has not sent one yet. */
  streamerJoined: [StreamerJoined];
  /** Somebody publishes no more. */
  streamerLeft: [StreamerLeft];
  /** Somebody was not let in. */
  refused: [ConnectionRefused];
};
