import PQueue from 'p-queue';
import { orAbort } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import { SpillwayError, TimeoutError } from '../core/errors.ts';
import { Alarm } from './alarm.ts';
import { Backlog } from './backlog.ts';
import { DueHeap } from './due-heap.ts';
import { LossLog } from './loss-log.ts';
import type { ResolvedSenderOptions } from './options.ts';
import { Flight, type OutgoingEvent } from './outgoing-event.ts';
import { judgeStatus, retryDelayMs } from './retry-policy.ts';
import type { DeliveryResult, TransportRequest, TransportResponse } from './types.ts';

/** What the owner of a dispatcher learns. Both are called after the fact, when the dispatcher is in order again. */
export interface DispatcherHooks {
  onSettled(event: OutgoingEvent, result: DeliveryResult<unknown>): void;
  onRetry(event: OutgoingEvent, flight: Flight, delayMs: number, error: Error): void;
}

/**
 * Brings events from the backlog to the transport: attempts, retries, deadlines.
 *
 * The queue library bounds concurrency and rate, but knows neither keys nor a bound of its own. So at most `concurrency`
 * tasks are ever inside, and a task is no event but a turn: it takes whichever event is first in the ready line when it
 * starts. Events that wait stay in the backlog, where they can be dropped, and a waiting retry takes up no turn.
 */
export class Dispatcher {
  readonly backlog: Backlog = new Backlog();
  readonly #options: ResolvedSenderOptions;
  readonly #hooks: DispatcherHooks;
  readonly #clock: Clock;
  readonly #turns: PQueue;
  readonly #alarm: Alarm;
  readonly #losses: LossLog;
  /** Attempts under way by their limit, and retries by their time. */
  readonly #due = new DueHeap<Flight>();
  #isPumpSet = false;
  #attempts = 0;
  #sending = 0;

  constructor(options: ResolvedSenderOptions, hooks: DispatcherHooks) {
    const { concurrency, perSecond, clock, logger } = options;
    const limit = perSecond === undefined ? {} : { intervalCap: perSecond, interval: 1_000, strict: true };
    this.#options = options;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#turns = new PQueue({ concurrency, ...limit });
    this.#turns.addEventListener('next', () => this.#pump());
    this.#alarm = new Alarm(clock, () => this.#onAlarm());
    this.#losses = new LossLog(logger);
  }

  /** Attempts started. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Attempts under way. */
  get sending(): number {
    return this.#sending;
  }

  /** Takes an event in. Its first attempt starts in a later turn of the event loop: the caller's own comes first. */
  add(event: OutgoingEvent): void {
    this.backlog.add(event);
    // With all turns taken, the end of one of them looks for the next event.
    if (this.#isPumpSet || this.#freeTurns() === 0) return;
    this.#isPumpSet = true;
    setImmediate(() => {
      this.#isPumpSet = false;
      this.#pump();
    });
  }

  /** Settles an event in whatever state it is. */
  end(event: OutgoingEvent, result: DeliveryResult<unknown>): void {
    const flight = event.flight;
    if (flight !== undefined) this.#due.remove(flight);
    this.backlog.remove(event);
    event.settle(result);
    if (!result.ok) this.#losses.count(result.reason, result.error, this.#clock.nowMs());
    flight?.controller?.abort();
    this.#hooks.onSettled(event, result);
  }

  /** Releases timers and sockets. Every event must have been settled. */
  async stop(): Promise<void> {
    this.#turns.clear();
    await this.#turns.onIdle();
    this.#losses.write(this.#clock.nowMs());
    this.#alarm.cancel();
    try {
      this.#options.transport.close();
    } catch (error) {
      this.#options.logger.error('closing the transport failed', { error: describeError(error) });
    }
  }

  #freeTurns(): number {
    return this.#options.concurrency - this.#turns.pending - this.#turns.size;
  }

  #pump(): void {
    while (this.#freeTurns() > 0 && this.#turns.size < this.backlog.readyCount) {
      void this.#turns.add(() => this.#takeTurn());
    }
    this.#alarm.setBy(this.#nextDueMs());
  }

  async #takeTurn(): Promise<void> {
    const event = this.backlog.takeReady();
    if (event === undefined) return; // It was dropped or expired while this turn waited for the rate limit.
    const flight = event.flight ?? this.#write(event);
    if (flight === undefined) return;
    const outcome = await this.#attempt(event, flight);
    if (event.isSettled) return; // Its deadline passed, or the sender was closed.
    this.#due.remove(flight);
    flight.controller = undefined;
    if (outcome instanceof Error) this.#retry(event, flight, outcome, undefined);
    else this.#judge(event, flight, outcome);
  }

  async #attempt(event: OutgoingEvent, flight: Flight): Promise<TransportResponse | Error> {
    const controller = new AbortController();
    flight.controller = controller;
    flight.attempts++;
    this.#attempts++;
    this.#sending++;
    this.#schedule(flight, this.#options.attemptTimeoutMs);
    try {
      const sending = this.#options.transport.send(this.#request(event, flight), controller.signal);
      return await orAbort(sending, controller.signal);
    } catch (error) {
      if (error instanceof SpillwayError) return error;
      return new SpillwayError('DELIVERY_NETWORK', `no answer: ${describeError(error)}`, { cause: error });
    } finally {
      this.#sending--;
    }
  }

  #judge(event: OutgoingEvent, flight: Flight, response: TransportResponse): void {
    const { status, body, bodyError, retryAfter } = response;
    const { attempts } = flight;
    const judgement = judgeStatus(status);
    if (judgement === 'delivered') {
      const latencyMs = this.#clock.nowMs() - event.acceptedMs;
      const error = bodyError === undefined ? {} : { bodyError };
      return this.end(event, { ok: true, status, body, ...error, attempts, latencyMs });
    }
    const error = new SpillwayError('DELIVERY_STATUS', `the receiver answered ${status}`);
    if (judgement === 'retry') return this.#retry(event, flight, error, retryAfter);
    this.end(event, { ok: false, reason: 'rejected', attempts, error });
  }

  #retry(event: OutgoingEvent, flight: Flight, error: Error, retryAfter: string | undefined): void {
    const { retry, deadlineMs } = this.#options;
    const { attempts } = flight;
    flight.lastError = error;
    if (attempts >= retry.maxAttempts) return this.#expire(event, `not delivered in ${attempts} attempts`);
    const delayMs = retryDelayMs(retry, attempts, retryAfter, this.#clock.wallMs());
    if (this.#clock.nowMs() + delayMs >= event.acceptedMs + deadlineMs) {
      // Waiting for the deadline would only hold up the events behind this one.
      return this.#expire(event, `the next attempt would come after the deadline of ${deadlineMs} ms`);
    }
    event.state = 'retrying';
    this.#schedule(flight, delayMs);
    this.#hooks.onRetry(event, flight, delayMs, error);
  }

  #expire(event: OutgoingEvent, why: string): void {
    const cause = event.flight?.lastError;
    const error = new TimeoutError('DELIVERY_EXPIRED', why, cause && { cause });
    this.end(event, { ok: false, reason: 'expired', attempts: event.flight?.attempts ?? 0, error });
  }

  #onAlarm(): void {
    const nowMs = this.#clock.nowMs();
    this.#endExpired(nowMs);
    for (let flight = this.#due.first; flight !== undefined; flight = this.#due.first) {
      if (flight.dueMs > nowMs) break;
      this.#due.remove(flight);
      this.#onDue(flight);
    }
    if (this.#losses.dueMs <= nowMs) this.#losses.write(nowMs);
    this.#pump();
  }

  #endExpired(nowMs: number): void {
    const { deadlineMs } = this.#options;
    for (let event = this.backlog.oldest; event !== undefined; event = this.backlog.oldest) {
      if (event.acceptedMs + deadlineMs > nowMs) return;
      this.#expire(event, `not delivered within ${deadlineMs} ms`);
    }
  }

  #onDue({ event, controller }: Flight): void {
    if (event.state === 'retrying') return this.backlog.makeReady(event);
    const limitMs = this.#options.attemptTimeoutMs;
    controller?.abort(new TimeoutError('DELIVERY_TIMEOUT', `no complete answer within ${limitMs} ms`));
  }

  #schedule(flight: Flight, delayMs: number): void {
    flight.dueMs = this.#clock.nowMs() + delayMs;
    this.#due.add(flight);
    this.#alarm.setBy(flight.dueMs); // Nobody else does when the rate limit, not the pump, started the turn.
  }

  #nextDueMs(): number {
    const oldest = this.backlog.oldest;
    const deadlineMs =
      oldest === undefined ? Number.POSITIVE_INFINITY : oldest.acceptedMs + this.#options.deadlineMs;
    return Math.min(deadlineMs, this.#due.first?.dueMs ?? Number.POSITIVE_INFINITY, this.#losses.dueMs);
  }

  /** Writes an event as JSON. One that cannot be written is settled. */
  #write(event: OutgoingEvent): Flight | undefined {
    const acceptedWallMs = this.#clock.wallMs() - (this.#clock.nowMs() - event.acceptedMs);
    try {
      const { type, data } = event;
      const text = JSON.stringify({ type, timestamp: new Date(acceptedWallMs).toISOString(), data });
      event.flight = new Flight(event, Buffer.from(text));
      event.data = undefined;
      return event.flight;
    } catch (cause) {
      const error = new SpillwayError('DELIVERY_UNSERIALIZABLE', 'the data cannot be written as JSON', {
        cause,
      });
      this.end(event, { ok: false, reason: 'rejected', attempts: 0, error });
      return undefined;
    }
  }

  #request({ id, type, key }: OutgoingEvent, { attempts, body }: Flight): TransportRequest {
    const headers = {
      ...this.#options.headers,
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(this.#clock.wallMs() / 1_000)),
      'idempotency-key': id,
    };
    return { id, type, key, attempt: attempts, headers, body };
  }
}
