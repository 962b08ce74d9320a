/**
 * The worker's side of a `WorkerChannel`: import this in the worker's file.
 *
 * @module worker
 */
export type { CallOptions } from './channel/calls.ts';
export type {
  DirectLaneItem,
  DirectLaneReader,
  DirectLaneReaderStats,
  LaneDiscontinuity,
  LaneItem,
} from './channel/direct-lane-reader.ts';
export type {
  DirectLaneWriter,
  DirectLaneWriterEvents,
  DirectLaneWriterStats,
  ReaderReplaced,
} from './channel/direct-lane-writer.ts';
export type { WriteOptions } from './channel/lane-writer.ts';
export type {
  CallHandlers,
  Calls,
  CommandHandlers,
  Commands,
  Data,
  HandlerContext,
  Names,
  Params,
  ProtocolPart,
  Requests,
  Result,
  Statuses,
  WorkerProtocol,
} from './channel/protocol.ts';
export {
  ServedChannel,
  type ServedHandlers,
  type ServeOptions,
  serveChannel,
} from './channel/serve-channel.ts';

export type { LaneCounter } from './channel/state-page.ts';
