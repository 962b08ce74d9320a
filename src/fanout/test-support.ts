// What several tests of the fanout share: packets named by a word, `K…` being the resync points.
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { FanoutOptions, SubscribeOptions } from './options.ts';
import type { Gap, Subscription } from './types.ts';

export interface Packet {
  readonly id: string;
  readonly size: number;
}

export const packet = (id: string, size: number = 1): Packet => ({ id, size });
export const turn = (): Promise<void> => new ManualClock().settle();

export const streamOf = (options: FanoutOptions<Packet> = {}): BoundedFanout<Packet> =>
  new BoundedFanout<Packet>({ isResyncPoint: ({ id }) => id.startsWith('K'), ...options });

export function publishAll(fanout: BoundedFanout<Packet>, ids: string): void {
  for (const id of ids.split(' ')) fanout.publish(packet(id));
}

export function readAll(subscription: Subscription<Packet>): string {
  const ids: string[] = [];
  for (let item = subscription.read(); item !== undefined; item = subscription.read()) ids.push(item.id);
  return ids.join(' ');
}

/** Subscribes with every callback, and keeps a diary of what came in which order. */
export function follow(
  fanout: BoundedFanout<Packet>,
  options: SubscribeOptions<Packet> = {},
): { subscription: Subscription<Packet>; diary: string[] } {
  const diary: string[] = [];
  const subscription = fanout.subscribe({
    onItem: ({ id }) => void diary.push(id),
    onGap: ({ missed, reason }) => void diary.push(`gap ${missed} ${reason}`),
    onEnd: ({ reason }) => void diary.push(reason),
    ...options,
  });
  return { subscription, diary };
}

/** Subscribes without `onItem`, and keeps the gaps. */
export function puller(
  fanout: BoundedFanout<Packet>,
  options: SubscribeOptions<Packet> = {},
): { subscription: Subscription<Packet>; gaps: Gap[] } {
  const gaps: Gap[] = [];
  const subscription = fanout.subscribe({ onGap: (gap) => void gaps.push(gap), ...options });
  return { subscription, gaps };
}
