import { settledWithin } from '../core/abort.ts';
import { checkKnown, checkText } from '../core/check.ts';
import { Emitter } from '../core/emitter.ts';
import { Dispatcher } from './dispatcher.ts';
import {
  type ResolvedSenderOptions,
  resolveSenderOptions,
  resolveWaitMs,
  type SenderOptions,
} from './options.ts';
import { OutgoingEvent } from './outgoing-event.ts';
import type {
  CloseReport,
  Delivery,
  DeliveryNote,
  DeliveryResult,
  EventName,
  FlushReport,
  LostEvent,
  ReplyTo,
  SenderEvents,
  SenderStats,
  SendOptions,
  WaitOptions,
} from './types.ts';

// A supervisor gives a child 5 s to stop, and the report shall be there before.
const defaultCloseMs = 4_000;

/**
 * Sends events to a receiver in the background: `send()` returns at once, however slow, broken or far the receiver is.
 * Failed attempts are repeated, events of one key stay in order, every queue is bounded, and no loss is silent.
 *
 * An event is posted as `{ type, timestamp, data }` with the header fields `webhook-id` and `idempotency-key` (the same in
 * every attempt, so that the receiver can tell a repetition) and `webhook-timestamp` (Unix seconds of the attempt).
 * Statuses 408, 425, 429, 500, 502, 503 and 504, network errors and timeouts are retried; any other failure is final.
 *
 * @example
 * ```ts
 * const events = new AsyncEventSender<{ stream_started: { id: string } }>({ endpoint: 'https://example.org/events' });
 * events.send('stream_started', { id: 'live/camera' }, { key: 'live/camera' });
 * const { delivered, lost } = await events.close();
 * ```
 *
 * @typeParam Events - Event type to its data.
 * @typeParam Replies - Event type to the parsed answer of the receiver. Not validated.
 */
export class AsyncEventSender<Events extends object, Replies extends object = Record<never, never>>
  extends Emitter<SenderEvents>
  implements AsyncDisposable
{
  readonly #options: ResolvedSenderOptions;
  readonly #dispatcher: Dispatcher;
  readonly #counts = { sent: 0, delivered: 0, failed: 0, dropped: 0, lost: 0, refused: 0, retries: 0 };
  readonly #flushes = new Set<Flush>();
  #closing: Promise<CloseReport> | undefined;

  /** @throws {ConfigError} when an option is out of range. */
  constructor(options: SenderOptions) {
    const resolved = resolveSenderOptions(options);
    super(resolved.logger);
    this.#options = resolved;
    this.#dispatcher = new Dispatcher(resolved, {
      onSettled: (event, result) => this.#onSettled(event, result),
      onRetry: (event, { attempts }, delayMs, error) => {
        this.#counts.retries++;
        this.emit('retry', { ...note(event, attempts), delayMs, error });
      },
    });
  }

  /**
   * Queues an event and returns its handle. Nothing is written or sent before the calling code has had its turn, so `data`
   * must not change until the first attempt; it is read once. Never throws because of load: what became of the event,
   * be it dropped or refused, is in the handle's result.
   *
   * @throws {ConfigError} when the type or an option is out of range.
   */
  send<Type extends EventName<Events>>(
    type: Type,
    data: Events[Type],
    options: SendOptions = noOptions,
  ): Delivery<ReplyTo<Replies, Type>> {
    checkText('type', type);
    const event = new OutgoingEvent(type, resolveKey(options), data, this.#options.clock.nowMs());
    if (this.#closing === undefined) this.#accept(event);
    else this.#refuse(event);
    return event as Delivery<ReplyTo<Replies, Type>>;
  }

  /** Waits until every event sent before this call is settled, at most `deadlineMs`, by default that of the events. */
  async flush(options: WaitOptions = noOptions): Promise<FlushReport> {
    const waitMs = resolveWaitMs('flush', options, this.#options.deadlineMs);
    const untilMs = this.#options.clock.nowMs();
    await this.#settledUntil(untilMs, waitMs);
    return { pending: this.#dispatcher.backlog.countUntil(untilMs) };
  }

  /**
   * Takes no more events, gives those it has `deadlineMs` (default 4000), and then gives up the rest. Leaves no socket,
   * timer or listener. A second call returns the first one's promise, whatever its options.
   *
   * @throws {ConfigError} when the option is out of range.
   */
  close(options: WaitOptions = noOptions): Promise<CloseReport> {
    this.#closing ??= this.#close(resolveWaitMs('close', options, defaultCloseMs));
    return this.#closing;
  }

  /** Closes with the default deadline. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Counters since construction, and the present load. */
  stats(): SenderStats {
    const { backlog, attempts, sending } = this.#dispatcher;
    return { ...this.#counts, attempts, pending: backlog.size, sending, keys: backlog.keyCount };
  }

  // In before another one goes: a listener of `dropped` that sends again finds the bound kept.
  #accept(event: OutgoingEvent): void {
    const { backlog } = this.#dispatcher;
    this.#counts.sent++;
    this.#dispatcher.add(event);
    if (backlog.size <= this.#options.maxQueue) return;
    const oldest = this.#options.overflow === 'drop-oldest' ? backlog.oldestIdle() : undefined;
    this.#giveUp(oldest ?? event, 'overflow');
  }

  #refuse(event: OutgoingEvent): void {
    this.#counts.refused++;
    event.settle({ ok: false, reason: 'closed', attempts: 0 });
  }

  #giveUp(event: OutgoingEvent, reason: 'overflow' | 'closed'): void {
    this.#dispatcher.end(event, { ok: false, reason, attempts: event.flight?.attempts ?? 0 });
  }

  #onSettled(event: OutgoingEvent, result: DeliveryResult<unknown>): void {
    this.#counts[result.ok ? 'delivered' : countedAs[result.reason]]++;
    this.#announce(event, result);
    for (const flush of this.#flushes) {
      if (this.#isSettledUntil(flush.untilMs)) flush.resolve();
    }
  }

  #announce(event: OutgoingEvent, result: DeliveryResult<unknown>): void {
    const { attempts } = result;
    if (result.ok) {
      const { status, latencyMs } = result;
      this.emit('delivered', { ...note(event, attempts), status, latencyMs });
    } else if (result.error !== undefined) {
      this.emit('failed', { ...note(event, attempts), reason: result.reason, error: result.error });
    } else if (result.reason === 'overflow' && this.listenerCount('dropped') > 0) {
      // Only when somebody listens: an event dropped before its first attempt has no id yet.
      this.emit('dropped', note(event, attempts));
    }
  }

  async #close(waitMs: number): Promise<CloseReport> {
    await this.#settledUntil(Number.POSITIVE_INFINITY, waitMs);
    const lost = this.#giveUpAll();
    await this.#dispatcher.stop();
    const { sent, delivered, failed, dropped } = this.#counts;
    return { sent, delivered, failed, dropped, lost };
  }

  #giveUpAll(): LostEvent[] {
    const { backlog } = this.#dispatcher;
    const lost: LostEvent[] = [];
    for (let event = backlog.oldest; event !== undefined; event = backlog.oldest) {
      lost.push({ ...note(event, event.flight?.attempts ?? 0), reason: 'closed' });
      this.#giveUp(event, 'closed');
    }
    return lost;
  }

  async #settledUntil(untilMs: number, waitMs: number): Promise<void> {
    if (this.#isSettledUntil(untilMs)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const flush = { untilMs, resolve };
    this.#flushes.add(flush);
    await settledWithin(this.#options.clock, waitMs, promise);
    this.#flushes.delete(flush);
  }

  #isSettledUntil(untilMs: number): boolean {
    const oldest = this.#dispatcher.backlog.oldest;
    return oldest === undefined || oldest.acceptedMs > untilMs;
  }
}

/** Somebody waits until everything accepted until a moment is settled. */
interface Flush {
  readonly untilMs: number;
  readonly resolve: () => void;
}

const noOptions = {};

const countedAs = { overflow: 'dropped', closed: 'lost', expired: 'failed', rejected: 'failed' } as const;

function resolveKey(options: SendOptions): string | undefined {
  if (options === noOptions) return undefined;
  checkKnown('send', options, ['key']);
  return options.key === undefined ? undefined : checkText('key', options.key);
}

function note({ id, type, key }: OutgoingEvent, attempts: number): DeliveryNote {
  return { id, type, key, attempts };
}
