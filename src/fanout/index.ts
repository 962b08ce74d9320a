export { BoundedFanout } from './bounded-fanout.ts';
export type { FanoutOptions, MaxLag, SubscribeOptions } from './options.ts';
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
} from './types.ts';
