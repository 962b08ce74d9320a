/**
 * The primitives: supervised services, worker channels, bounded fan-out, and what they share.
 *
 * @module spillway
 */
export type { CallOptions } from './channel/calls.ts';
export type { CommandFailed, WorkerChannelEvents } from './channel/channel-events.ts';
export type { WorkerChannelStats } from './channel/channel-stats.ts';
export {
  type ConnectedLaneOptions,
  DirectLane,
  type DirectLaneOptions,
  type LaneWorker,
} from './channel/direct-lane.ts';
export type { WorkerExit, WorkerExitReason } from './channel/exit.ts';
export type { LaneOverflow } from './channel/lane-limits.ts';
export type { WriteOptions } from './channel/lane-writer.ts';
export type { WorkerChannelOptions } from './channel/options.ts';
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
} from './channel/protocol.ts';
export type { SupervisedWorkerEvents, WorkerEnded, WorkerIncarnation } from './channel/supervised-events.ts';
export type { SupervisedWorkerOptions } from './channel/supervised-options.ts';
export { SupervisedWorker, type SupervisedWorkerStats } from './channel/supervised-worker.ts';
export { WorkerChannel } from './channel/worker-channel.ts';
export type {
  DataLoop,
  DeliveryStats,
  Discontinuity,
  WorkerData,
  WorkerDelivery,
  WorkerItem,
} from './channel/worker-data.ts';
export type { HangKind } from './channel/worker-host.ts';
export { type Backoff, type ExponentialBackoffOptions, exponentialBackoff } from './core/backoff.ts';
export { type Clock, systemClock, type Timer } from './core/clock.ts';
export { Emitter, type EventMap, type Listener } from './core/emitter.ts';
export { describeError } from './core/error-transfer.ts';
export {
  ClosedError,
  ConfigError,
  ListenError,
  OverflowError,
  ProtocolError,
  RestartLimitError,
  ShutdownError,
  SpillwayError,
  type SpillwayErrorCode,
  StateError,
  TimeoutError,
  WorkerExitError,
  type WorkerExitErrorOptions,
} from './core/errors.ts';
export { type LogFields, type Logger, silentLogger } from './core/logger.ts';
export { announcesRestart, runAlone, type Service, type ServiceContext } from './core/service.ts';
export { BoundedFanout } from './fanout/bounded-fanout.ts';
export type { FanoutOptions, SubscribeOptions } from './fanout/options.ts';
export type {
  AbortedSubscription,
  CutOffSubscription,
  EndedSubscription,
  EndOptions,
  FailedSubscription,
  FanoutEvents,
  FanoutLag,
  FanoutRefused,
  FanoutStats,
  Gap,
  GapReason,
  LaggedSubscription,
  LagPolicy,
  LeftSubscription,
  MaxLag,
  PublishResult,
  StalledSubscription,
  StartPoint,
  SubscriberFailed,
  Subscription,
  SubscriptionEnd,
  SubscriptionStats,
} from './fanout/types.ts';
export type { ExecOptions, WorkerPoolOptions } from './pool/options.ts';
export type {
  Percentiles,
  PoolSaturated,
  ThreadEndReason,
  ThreadLost,
  ThreadReplaced,
  WorkerPoolEvents,
  WorkerPoolStats,
} from './pool/types.ts';
export { WorkerPool } from './pool/worker-pool.ts';
export { AsyncEventSender } from './sender/async-event-sender.ts';
export { type HttpTransportOptions, httpTransport } from './sender/http-transport.ts';
export type { OverflowPolicy, RateOptions, RetryOptions, SenderOptions } from './sender/options.ts';
export type {
  CloseReport,
  DeliveredNote,
  Delivery,
  DeliveryDropped,
  DeliveryFailed,
  DeliveryFailure,
  DeliveryNote,
  DeliveryResult,
  DeliveryState,
  DeliverySuccess,
  EventName,
  EventTransport,
  FailedNote,
  FailureReason,
  FlushReport,
  LostEvent,
  ReplyTo,
  RetryNote,
  SenderEvents,
  SenderStats,
  SendOptions,
  TransportRequest,
  TransportResponse,
  WaitOptions,
} from './sender/types.ts';
export type { ChildInfo, StartedChild } from './supervisor/child-info.ts';
export type { ChildCount } from './supervisor/child-table.ts';
export { type SupervisorDiagnostic, supervisorDiagnostics } from './supervisor/diagnostics.ts';
export type {
  AutoShutdownCause,
  ChildExited,
  ChildHung,
  ChildIncarnation,
  ChildReady,
  ChildRestarting,
  ChildStopTimeout,
  GaveUp,
  SupervisorEvents,
} from './supervisor/events.ts';
export type {
  ChildExit,
  ChildHealth,
  ChildState,
  ExitReason,
  HealthStatus,
  SupervisorHealth,
} from './supervisor/health.ts';
export type {
  AutoShutdown,
  ChildOptions,
  ResolvedChildOptions,
  RestartStrategy,
  RestartType,
  SupervisorOptions,
} from './supervisor/options.ts';
export { Supervisor } from './supervisor/supervisor.ts';
