/**
 * Viewers over WebSocket and HTTP. Needs the package `ws`.
 *
 * @module websocket
 */
export type { WebSocketBroadcastOptions } from './options.ts';
export {
  type ViewerEndReason,
  type ViewerJoined,
  type ViewerLeft,
  type ViewerStats,
  WebSocketBroadcast,
  type WebSocketBroadcastEvents,
} from './websocket-broadcast.ts';
