/**
 * Protocols as pure code: bytes in, events and bytes out. No socket, no timer, no randomness; it runs in a browser too.
 *
 * @module codec
 */
export {
  type Amf0Limits,
  type Amf0Object,
  type Amf0Value,
  readAmf0Values,
  writeAmf0Values,
} from './amf0.ts';
export { FlvReader, type FlvReaderOptions, flvFileHeader } from './flv.ts';
export {
  type ClientCommand,
  type RtmpClientEvent,
  RtmpClientSession,
  type RtmpClientSessionOptions,
  type RtmpHandshakeDone,
  type RtmpReply,
  type RtmpStatus,
} from './rtmp/client-session.ts';
export { handshakeRandomBytes } from './rtmp/handshake.ts';
export type {
  PublishRefusal,
  RtmpConnectEvent,
  RtmpPublishEvent,
  RtmpServerEvent,
  RtmpTagEvent,
  RtmpUnpublishEvent,
  UnpublishReason,
} from './rtmp/server-events.ts';
export {
  RtmpServerSession,
  type RtmpServerSessionOptions,
  type RtmpServerStats,
} from './rtmp/server-session.ts';
