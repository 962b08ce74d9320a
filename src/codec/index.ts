export {
  type Amf0Limits,
  type Amf0Object,
  type Amf0Value,
  readAmf0,
  readAmf0Values,
  writeAmf0Values,
} from './amf0.ts';
export { FlvReader, type FlvReaderOptions, flvFileHeader } from './flv.ts';
export { ChunkReader, type ChunkReaderOptions } from './rtmp/chunk-reader.ts';
export { ChunkWriter } from './rtmp/chunk-writer.ts';
export {
  type ClientCommand,
  type RtmpClientEvent,
  RtmpClientSession,
  type RtmpClientSessionOptions,
} from './rtmp/client-session.ts';
export { type RtmpCommand, readCommand, writeCommand } from './rtmp/command.ts';
export {
  type ControlBody,
  type ControlMessage,
  type PeerBandwidthLimit,
  readControl,
  writeControl,
} from './rtmp/control.ts';
export { type HandshakeStep, handshakeRandomBytes, RtmpHandshake } from './rtmp/handshake.ts';
export { messageTypes, type OutgoingMessage, type RtmpMessage } from './rtmp/message.ts';
export type { PublishRefusal, RtmpServerEvent, UnpublishReason } from './rtmp/server-events.ts';
export {
  RtmpServerSession,
  type RtmpServerSessionOptions,
  type RtmpServerStats,
} from './rtmp/server-session.ts';
