/**
 * Viewers over WebSocket and HTTP, and browsers that publish pictures. Needs the package `ws`.
 *
 * @module websocket
 */
export type {
  AllowedOrigins,
  AuthorizeConnection,
  ConnectionDecision,
  ConnectionRequest,
  ConnectionRole,
} from './admission.ts';
export type { ImageType } from './image-frame.ts';
export type { ImageRefusalCode } from './image-refusal.ts';
export type { WebSocketBroadcastOptions } from './options.ts';
export type { FollowedStats, SessionStats } from './session-types.ts';
export type { StreamerEndReason } from './streamer-endings.ts';
export type {
  InspectedFrame,
  InspectFrame,
  InspectionRefusal,
  InspectionVerdict,
  StreamerOptions,
} from './streamer-options.ts';
export type { FrameRefusalCode, StreamerState, StreamerStats } from './streamer-stats.ts';
export type {
  ConnectionRefused,
  StreamerInfo,
  StreamerJoined,
  StreamerLeft,
  ViewerEndReason,
  ViewerJoined,
  ViewerLeft,
  ViewerStats,
  WebSocketBroadcastEvents,
} from './types.ts';
export { WebSocketBroadcast } from './websocket-broadcast.ts';
