export { BoundedFanout } from './bounded-fanout.ts';
export type { FanoutOptions, MaxLag, SubscribeOptions } from './options.ts';
export type {
  FanoutEvents,
  FanoutStats,
  Gap,
  GapReason,
  LagPolicy,
  PublishResult,
  StartPoint,
  Subscription,
  SubscriptionEnd,
  SubscriptionStats,
} from './types.ts';
