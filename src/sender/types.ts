/** The names of an event map, as strings. */
export type EventName<Events> = keyof Events & string;

/** What the receiver answers to an event of this type; `unknown` when the map of replies does not say. */
export type ReplyTo<Replies, Type> = Type extends keyof Replies ? Replies[Type] : unknown;

/** Where a delivery stands. */
export type DeliveryState =
  /** Waits for its turn. */
  | 'queued'
  /** An attempt is under way. */
  | 'sending'
  /** An attempt failed; the next one comes later. */
  | 'retrying'
  /** The receiver accepted the event. */
  | 'delivered'
  /** It will not be delivered; the result says why. */
  | 'failed';

/** Why an event was not delivered. */
export type FailureReason =
  /** The queue was full, and `overflow` chose this event. */
  | 'overflow'
  /** Its deadline passed, its attempts were used up, or the next attempt would have come after the deadline. */
  | 'expired'
  /** The receiver's answer is final (a redirect, or a status nobody retries), or the data cannot be written as JSON. */
  | 'rejected'
  /** The sender was closed. With `attempts` above 0 the receiver may have got it all the same. */
  | 'closed';

/** The receiver accepted the event. */
export interface DeliverySuccess<Reply> {
  /** Tells success from failure. */
  readonly ok: true;
  /** HTTP status, 200 to 299. */
  readonly status: number;
  /** The answer: parsed when it is JSON, else text; `undefined` when it is empty or `bodyError` is set. Not validated. */
  readonly body: Reply | undefined;
  /** Why there is no body although one was sent: it was too large, or no valid JSON. */
  readonly bodyError?: Error;
  /** Attempts it took, at least 1. */
  readonly attempts: number;
  /** Time from `send()` to the end of the answer, in ms. */
  readonly latencyMs: number;
}

/** No decision was made about the event itself: there was no room for it, or no more time. */
export interface DeliveryDropped {
  /** Tells success from failure. */
  readonly ok: false;
  /** Why it was not delivered. */
  readonly reason: 'overflow' | 'closed';
  /** Attempts that were started. */
  readonly attempts: number;
  /** Never there: the reason says it all. */
  readonly error?: undefined;
}

/** The event was given up after trying. */
export interface DeliveryFailed {
  /** Tells success from failure. */
  readonly ok: false;
  /** Why it was not delivered. */
  readonly reason: 'expired' | 'rejected';
  /** Attempts that were started. */
  readonly attempts: number;
  /** What went wrong. For `'expired'` its `cause` is the failure of the last attempt that ended. */
  readonly error: Error;
}

/** The event was not delivered. */
export type DeliveryFailure = DeliveryDropped | DeliveryFailed;

/** How a delivery ended. */
export type DeliveryResult<Reply> = DeliverySuccess<Reply> | DeliveryFailure;

/** The handle of one event. Dropping it costs nothing; the delivery goes on. */
export interface Delivery<Reply = unknown> {
  /** Names the event to the receiver in every attempt: `webhook-id` and `idempotency-key`. */
  readonly id: string;
  /** The event's type. */
  readonly type: string;
  /** What orders it: events of one key are sent one after the other. */
  readonly key: string | undefined;
  /** Where it stands now. */
  readonly state: DeliveryState;
  /** Resolves when it is settled. Never rejects, so it need not be awaited. */
  result(): Promise<DeliveryResult<Reply>>;
}

/** Options of {@link AsyncEventSender.send}. */
export interface SendOptions {
  /** Events of one key arrive in the order they were sent, across retries. 1 to 1024 characters. Default: no order. */
  readonly key?: string;
}

/** Options of {@link AsyncEventSender.flush} and {@link AsyncEventSender.close}. */
export interface WaitOptions {
  /** Longest wait, in ms. */
  readonly deadlineMs?: number;
}

/** What {@link AsyncEventSender.flush} resolves to. */
export interface FlushReport {
  /** Events sent before the flush that are not settled yet. */
  readonly pending: number;
}

/** An event that {@link AsyncEventSender.close} gave up. */
export interface LostEvent {
  /** Names the event to the receiver in every attempt. */
  readonly id: string;
  /** The event's type. */
  readonly type: string;
  /** The event's key, if it has one. */
  readonly key: string | undefined;
  /** Why it was given up. */
  readonly reason: 'closed';
  /** Attempts that were started. Above 0 the receiver may have got it all the same. */
  readonly attempts: number;
}

/** What became of every event: `sent` is the sum of `delivered`, `failed`, `dropped` and the length of `lost`. */
export interface CloseReport {
  /** Calls of `send()` before `close()`. */
  readonly sent: number;
  /** Accepted by the receiver. */
  readonly delivered: number;
  /** Expired or rejected. */
  readonly failed: number;
  /** Dropped because the queue was full. */
  readonly dropped: number;
  /** Not settled when the deadline passed, oldest first. */
  readonly lost: readonly LostEvent[];
}

/** Counters since construction, and the present load. `sent` is the sum of the next four and `pending`. */
export interface SenderStats {
  /** Calls of `send()` before `close()`. */
  readonly sent: number;
  /** Accepted by the receiver. */
  readonly delivered: number;
  /** Expired or rejected. */
  readonly failed: number;
  /** Dropped because the queue was full. */
  readonly dropped: number;
  /** Given up by `close()`. */
  readonly lost: number;
  /** Calls of `send()` after `close()`. Not part of `sent`. */
  readonly refused: number;
  /** Attempts started. */
  readonly attempts: number;
  /** Attempts that failed and are followed by another one. */
  readonly retries: number;
  /** Events that are not settled: queued, being sent or waiting for a retry. */
  readonly pending: number;
  /** Attempts under way. */
  readonly sending: number;
  /** Keys with at least one pending event. */
  readonly keys: number;
}

/** What every event of the sender says about the delivery. */
export interface DeliveryNote {
  /** Names the event to the receiver in every attempt. */
  readonly id: string;
  /** The event's type. */
  readonly type: string;
  /** The event's key, if it has one. */
  readonly key: string | undefined;
  /** Attempts that were started. */
  readonly attempts: number;
}

/** Payload of `delivered`. */
export interface DeliveredNote extends DeliveryNote {
  /** HTTP status. */
  readonly status: number;
  /** Time from `send()` to the end of the answer, in ms. */
  readonly latencyMs: number;
}

/** Payload of `retry`. */
export interface RetryNote extends DeliveryNote {
  /** Time until the next attempt may start, in ms. */
  readonly delayMs: number;
  /** Why the attempt failed. */
  readonly error: Error;
}

/** Payload of `failed`. */
export interface FailedNote extends DeliveryNote {
  /** Why it was not delivered. */
  readonly reason: 'expired' | 'rejected';
  /** What went wrong. For `'expired'` its `cause` is the failure of the last attempt that ended. */
  readonly error: Error;
}

/** Events of {@link AsyncEventSender}. */
export type SenderEvents = {
  /** The receiver accepted an event. */
  delivered: [DeliveredNote];
  /** An attempt failed and another one follows. */
  retry: [RetryNote];
  /** An event expired or was rejected. */
  failed: [FailedNote];
  /** An event was dropped because the queue was full. Emitted inside `send()`. */
  dropped: [DeliveryNote];
};

/** One attempt, as a transport gets it. */
export interface TransportRequest {
  /** Names the event to the receiver in every attempt. */
  readonly id: string;
  /** The event's type. */
  readonly type: string;
  /** The event's key, if it has one. */
  readonly key: string | undefined;
  /** Number of the attempt; 1 is the first. */
  readonly attempt: number;
  /** Header fields, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The event as JSON. The same bytes in every attempt; not to be changed. */
  readonly body: Uint8Array;
}

/** What came back. */
export interface TransportResponse {
  /** HTTP status, or the one that means the same. 200 to 299 is success. */
  readonly status: number;
  /** Value of `retry-after`: seconds or an HTTP date. */
  readonly retryAfter?: string;
  /** The parsed answer. */
  readonly body?: unknown;
  /** Why there is no body although one was sent. */
  readonly bodyError?: Error;
}

/** Carries events to their receiver. */
export interface EventTransport {
  /**
   * Makes one attempt. Resolves with the answer whatever its status; rejects when there is none, which is retried. Soon
   * after `signal` aborts it must stop, and the receiver get nothing more: the next event of the key may follow at once.
   */
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse>;
  /** Releases everything. Called once, by {@link AsyncEventSender.close}, when no attempt is under way. */
  close(): void;
}
