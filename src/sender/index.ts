export { AsyncEventSender } from './async-event-sender.ts';
export { type HttpTransportOptions, httpTransport } from './http-transport.ts';
export type { OverflowPolicy, RateOptions, RetryOptions, SenderOptions } from './options.ts';
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
} from './types.ts';
