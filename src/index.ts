/**
 * The primitives: supervised services, worker channels, bounded fan-out, and what they share.
 *
 * @module spillway
 */
export type { CallOptions } from './channel/calls.ts';
export type { WorkerExit, WorkerExitReason } from './channel/exit.ts';
export type { LaneOverflow, WriteOptions } from './channel/lane-writer.ts';
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
export {
  type CommandFailed,
  WorkerChannel,
  type WorkerChannelEvents,
  type WorkerChannelStats,
} from './channel/worker-channel.ts';
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
  SpillwayError,
  type SpillwayErrorCode,
  TimeoutError,
  WorkerExitError,
} from './core/errors.ts';
export { type LogFields, type Logger, silentLogger } from './core/logger.ts';
export { runAlone, type Service, type ServiceContext } from './core/service.ts';
export { BoundedFanout } from './fanout/bounded-fanout.ts';
export type { FanoutOptions, MaxLag, SubscribeOptions } from './fanout/options.ts';
export type {
  AbortedSubscription,
  EndedSubscription,
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
  PublishResult,
  StartPoint,
  SubscriberFailed,
  Subscription,
  SubscriptionEnd,
  SubscriptionStats,
} from './fanout/types.ts';
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
export type {
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
export type { ChildOptions, RestartType, SupervisorOptions } from './supervisor/options.ts';
export { Supervisor } from './supervisor/supervisor.ts';
