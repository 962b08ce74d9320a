import type { MessagePort } from 'node:worker_threads';
import type { ErrorRecord } from '../core/error-transfer.ts';
import type { LaneLimits } from './lane-limits.ts';

/** What the two ends of a channel say on the control lane, either way unless noted. */
export type ControlMessage =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorRecord }
  /** Parent to worker. */
  | { readonly type: 'command'; readonly name: string; readonly params: unknown }
  | { readonly type: 'stop' }
  /** Worker to parent. */
  | { readonly type: 'ready' }
  | { readonly type: 'status'; readonly name: string; readonly detail: unknown; readonly atMs: number }
  | { readonly type: 'command-failed'; readonly name: string; readonly error: ErrorRecord };

/** What a worker is told at its start. */
export interface StartRecord {
  readonly lane: LaneLimits;
  readonly heartbeatIntervalMs: number;
  readonly userData: unknown;
}

/** What the parent hands to a worker thread at its start, under the key {@link bootKey} of `workerData`. */
export interface BootRecord extends StartRecord {
  readonly control: MessagePort;
  readonly data: MessagePort;
  readonly page: SharedArrayBuffer;
}

/** Where the {@link BootRecord} lies in `workerData`. */
export const bootKey = 'spillway:channel';

/** Control messages sent and not yet taken by the other end; one more is refused, since nothing may be dropped here. */
export const maxControlBacklog = 4096;

/** Calls without an answer, per direction. */
export const maxPendingCalls = 1024;

/** What starts nothing but follows from an earlier message. A full lane still takes as many as calls can wait for one. */
export const replies: readonly ControlMessage['type'][] = [
  'answer',
  'refusal',
  'command-failed',
  'cancel',
  'stop',
];

/** Name of the call by which a worker gets its end of a direct lane. */
export const laneCall = 'spillway:lane';

/** A worker's end of a direct lane. */
export interface LaneOffer {
  readonly name: string;
  /** Whether the worker writes (`'from'`) or reads. */
  readonly end: 'from' | 'to';
  readonly limits: LaneLimits;
  readonly link:
    | { readonly kind: 'port'; readonly port: MessagePort }
    /** Path of a local socket. */
    | { readonly kind: 'listen' | 'connect'; readonly path: string }
    /** The lane is over. */
    | { readonly kind: 'end' };
}

/** Direct lanes of one worker. */
export const maxLanes = 64;

/** What the writer of a data lane posts: the items of one tick, or the end. */
export type LaneBatch = { readonly items: readonly unknown[] } | { readonly end: true };

/** What the reader posts back: how many items were taken. */
export interface LaneCredit {
  readonly taken: number;
}
