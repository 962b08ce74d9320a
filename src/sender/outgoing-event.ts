import { randomUUID } from 'node:crypto';
import type { Due } from './due-heap.ts';
import type { Delivery, DeliveryResult, DeliveryState } from './types.ts';

/** What an event needs from its first attempt on. The backlog may be long, so an event that waits does without. */
export class Flight implements Due {
  readonly event: OutgoingEvent;
  /** The event as JSON: written once, the same bytes for every attempt. */
  readonly body: Uint8Array;
  attempts = 0;
  /** Ends the attempt under way. */
  controller: AbortController | undefined = undefined;
  lastError: Error | undefined = undefined;
  /** While sending: when the attempt times out. While retrying: when the next one may start. */
  dueMs = 0;
  heapIndex = -1;

  constructor(event: OutgoingEvent, body: Uint8Array) {
    this.event = event;
    this.body = body;
  }
}

/**
 * One event, from `send()` until it is settled. It is the caller's handle and, through its six neighbours, also its own
 * place in the lists of the backlog: a hundred thousand of them may wait, so there is one object each.
 */
export class OutgoingEvent implements Delivery {
  readonly type: string;
  readonly key: string | undefined;
  /** When `send()` took it, on the clock that never goes back. */
  readonly acceptedMs: number;
  /** The caller's data, until it is written as JSON. */
  data: unknown;
  state: DeliveryState = 'queued';
  flight: Flight | undefined = undefined;
  older: OutgoingEvent | undefined = undefined;
  newer: OutgoingEvent | undefined = undefined;
  laneBefore: OutgoingEvent | undefined = undefined;
  laneBehind: OutgoingEvent | undefined = undefined;
  readyBefore: OutgoingEvent | undefined = undefined;
  readyBehind: OutgoingEvent | undefined = undefined;
  #id: string | undefined = undefined;
  // The result, or who waits for it. Most callers never ask, and a promise is three times the size of all the rest.
  #outcome: DeliveryResult<unknown> | PromiseWithResolvers<DeliveryResult<unknown>> | undefined = undefined;

  constructor(type: string, key: string | undefined, data: unknown, acceptedMs: number) {
    this.type = type;
    this.key = key;
    this.data = data;
    this.acceptedMs = acceptedMs;
  }

  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  get isSettled(): boolean {
    return this.state === 'delivered' || this.state === 'failed';
  }

  result(): Promise<DeliveryResult<unknown>> {
    if (this.#outcome !== undefined && 'ok' in this.#outcome) return Promise.resolve(this.#outcome);
    this.#outcome ??= Promise.withResolvers<DeliveryResult<unknown>>();
    return this.#outcome.promise;
  }

  /** Ends the delivery, and lets go of everything but the result. */
  settle(result: DeliveryResult<unknown>): void {
    const waiting = this.#outcome;
    this.state = result.ok ? 'delivered' : 'failed';
    this.data = undefined;
    this.flight = undefined;
    if (waiting !== undefined && 'promise' in waiting) waiting.resolve(result);
    else this.#outcome = result;
  }
}
