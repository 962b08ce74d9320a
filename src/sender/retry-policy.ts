import type { Backoff } from '../core/backoff.ts';

/** What an HTTP status means for a delivery. */
export type Judgement = 'delivered' | 'retry' | 'rejected';

// RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4, RFC 9110 §15.6: the same request may succeed later.
const retriedStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Says what a status means. A redirect is final: following it could carry events to a host that nobody configured. */
export function judgeStatus(status: number): Judgement {
  if (status >= 200 && status < 300) return 'delivered';
  return retriedStatuses.has(status) ? 'retry' : 'rejected';
}

/** How failed attempts are repeated, with every default in place. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly backoff: Backoff;
  readonly maxRetryAfterMs: number;
}

/** How long to wait after the given number of failed attempts: the back-off, or longer when the receiver asked for it. */
export function retryDelayMs(
  policy: RetryPolicy,
  failedAttempts: number,
  retryAfter: string | undefined,
  wallMs: number,
): number {
  const floorMs = Math.min(policy.maxRetryAfterMs, parseRetryAfter(retryAfter, wallMs));
  return Math.max(floorMs, policy.backoff.delayMs(failedAttempts - 1));
}

/** Reads `retry-after`, RFC 9110 §10.2.3, as ms from now; 0 when it is absent, past or unreadable. */
export function parseRetryAfter(value: string | undefined, wallMs: number): number {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  // All three date forms begin with the day's name (§5.6.7). `Date.parse` alone would take much more for a date.
  if (!/^[A-Z][a-z]+,? /.test(text)) return 0;
  // The oldest form names no time zone, but GMT is meant.
  const dateMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - wallMs);
}
