export type { CallOptions } from './calls.ts';
export type { WorkerExit, WorkerExitReason } from './exit.ts';
export type { LaneOverflow, WriteOptions } from './lane-writer.ts';
export type { WorkerChannelOptions } from './options.ts';
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
  StatusEvent,
  Statuses,
  StatusOf,
  WorkerProtocol,
} from './protocol.ts';
export {
  type CommandFailed,
  WorkerChannel,
  type WorkerChannelEvents,
  type WorkerChannelStats,
} from './worker-channel.ts';
