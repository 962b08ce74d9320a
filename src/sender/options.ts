import { validateHeaderName, validateHeaderValue } from 'node:http';
import { type Backoff, exponentialBackoff } from '../core/backoff.ts';
import { checkFunction, checkInteger, checkKnown, checkMs, checkOneOf, refusal } from '../core/check.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { httpTransport } from './http-transport.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { EventTransport } from './types.ts';

/** Which event goes when the queue is full. An event that is being sent is never dropped. */
export type OverflowPolicy =
  /** The oldest one that is not being sent. */
  | 'drop-oldest'
  /** The one that is just being added. */
  | 'drop-newest';

/** How failed attempts are repeated. */
export interface RetryOptions {
  /** Attempts per event, the first one included, 1 to 1000. Default 8. */
  readonly maxAttempts?: number;
  /** How long to wait before each retry. Default: at once, then up to 500 ms, 1 s, 2 s, … 30 s, with full jitter. */
  readonly backoff?: Backoff;
  /** Most that `retry-after` of an answer can ask for, in ms; more is cut to this. Default 300 000. */
  readonly maxRetryAfterMs?: number;
}

/** A limit on attempts per time. */
export interface RateOptions {
  /** Most attempts that start in any period of one second, 1 to 100 000. */
  readonly perSecond: number;
}

/** Options of {@link AsyncEventSender}. One of `endpoint` and `transport` is needed. */
export interface SenderOptions {
  /** Where events are posted to: an `http:` or `https:` URL. */
  readonly endpoint?: string | URL;
  /** What carries the events instead. It belongs to the sender from now on, which closes it. */
  readonly transport?: EventTransport;
  /** Most attempts under way at a time, and most sockets, 1 to 1024. Default 8. */
  readonly concurrency?: number;
  /** Most events that are not settled yet, those being sent included, 1 to 1 000 000. Default 10 000. */
  readonly maxQueue?: number;
  /**
   * Which event goes when the queue is full. Default `'drop-oldest'`: the oldest events are the next to expire anyhow, and
   * when the receiver is back it learns the present state rather than one long past.
   */
  readonly overflow?: OverflowPolicy;
  /** How long one attempt may take, the answer's body included, in ms. Default 5000. */
  readonly attemptTimeoutMs?: number;
  /** How long after `send()` an event may still be delivered, in ms. Default 60 000. */
  readonly deadlineMs?: number;
  /** How failed attempts are repeated. */
  readonly retry?: RetryOptions;
  /** Limits the attempts per second. Default: no limit. */
  readonly rate?: RateOptions;
  /** Header fields for every request, such as `authorization`. Those that the sender sets itself are refused. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where lost events and throwing listeners are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. The rate limit keeps to the system's. */
  readonly clock?: Clock;
}

/** {@link SenderOptions} with every default in place. */
export interface ResolvedSenderOptions
  extends Required<Omit<SenderOptions, 'endpoint' | 'transport' | 'retry' | 'rate'>> {
  readonly transport: EventTransport;
  readonly retry: RetryPolicy;
  readonly perSecond: number | undefined;
}

export function resolveSenderOptions(options: SenderOptions): ResolvedSenderOptions {
  checkKnown('AsyncEventSender', options, knownOptions);
  const concurrency = checkInteger('concurrency', options.concurrency ?? 8, 1, 1_024);
  return {
    concurrency,
    maxQueue: checkInteger('maxQueue', options.maxQueue ?? 10_000, 1, 1_000_000),
    overflow: checkOneOf('overflow', options.overflow ?? 'drop-oldest', ['drop-oldest', 'drop-newest']),
    attemptTimeoutMs: checkMs('attemptTimeoutMs', options.attemptTimeoutMs ?? 5_000, 1),
    deadlineMs: checkMs('deadlineMs', options.deadlineMs ?? 60_000, 1),
    retry: resolveRetry(options.retry ?? {}),
    perSecond: resolveRate(options.rate),
    headers: resolveHeaders(options.headers ?? {}),
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    transport: resolveTransport(options, concurrency),
  };
}

/** The longest wait of a flush or close. */
export function resolveWaitMs(
  owner: string,
  options: { readonly deadlineMs?: number },
  defaultMs: number,
): number {
  checkKnown(owner, options, ['deadlineMs']);
  return checkMs('deadlineMs', options.deadlineMs ?? defaultMs);
}

const knownOptions: readonly (keyof SenderOptions)[] = [
  ...(['endpoint', 'transport', 'concurrency', 'maxQueue', 'overflow', 'attemptTimeoutMs'] as const),
  ...(['deadlineMs', 'retry', 'rate', 'headers', 'logger', 'clock'] as const),
];

const ownHeaders: ReadonlySet<string> = new Set([
  ...['content-type', 'content-length', 'transfer-encoding', 'connection', 'host'],
  ...['webhook-id', 'webhook-timestamp', 'idempotency-key'],
]);

function resolveRetry(retry: RetryOptions): RetryPolicy {
  checkKnown('retry', retry, ['maxAttempts', 'backoff', 'maxRetryAfterMs']);
  const backoff = retry.backoff ?? exponentialBackoff({ baseMs: 500, maxMs: 30_000 });
  checkFunction('retry.backoff.delayMs', backoff.delayMs, 'required');
  return {
    maxAttempts: checkInteger('retry.maxAttempts', retry.maxAttempts ?? 8, 1, 1_000),
    backoff,
    maxRetryAfterMs: checkMs('retry.maxRetryAfterMs', retry.maxRetryAfterMs ?? 300_000),
  };
}

function resolveRate(rate: RateOptions | undefined): number | undefined {
  if (rate === undefined) return undefined;
  checkKnown('rate', rate, ['perSecond']);
  return checkInteger('rate.perSecond', rate.perSecond, 1, 100_000);
}

function resolveHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name, value] of entries) checkHeader(name, value);
  return Object.fromEntries(entries);
}

function checkHeader(name: string, value: string): void {
  if (ownHeaders.has(name)) throw new ConfigError(`headers must not hold '${name}': the sender sets it`);
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    // Neither value nor cause: they may be a token.
    throw new ConfigError(`headers must hold names and values that HTTP allows, '${name}' does not`);
  }
}

function resolveTransport({ endpoint, transport }: SenderOptions, concurrency: number): EventTransport {
  if ((endpoint === undefined) === (transport === undefined)) {
    throw new ConfigError('AsyncEventSender needs exactly one of endpoint and transport');
  }
  if (endpoint !== undefined) return httpTransport({ endpoint, maxSockets: concurrency });
  if (transport === null || typeof transport !== 'object') throw refusal('transport', transport, 'an object');
  checkFunction('transport.send', transport.send, 'required');
  checkFunction('transport.close', transport.close, 'required');
  return transport;
}
