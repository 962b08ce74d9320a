import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { judgeStatus, parseRetryAfter, retryDelayMs } from './retry-policy.ts';

describe('judgeStatus', () => {
  it.each([
    { judgement: 'delivered', statuses: [200, 201, 202, 204, 299] },
    { judgement: 'retry', statuses: [408, 425, 429, 500, 502, 503, 504] },
    {
      judgement: 'rejected',
      statuses: [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 410, 413, 501, 505, 600],
    },
  ])('says $judgement for $statuses', ({ judgement, statuses }) => {
    expect(statuses.map(judgeStatus)).toEqual(statuses.map(() => judgement));
  });
});

describe('parseRetryAfter', () => {
  const nowMs = Date.UTC(1994, 10, 6, 8, 49, 0);

  it.each([
    { value: '0', delayMs: 0 },
    { value: ' 120 ', delayMs: 120_000 },
    { value: 'Sun, 06 Nov 1994 08:49:37 GMT', delayMs: 37_000 },
    { value: 'Sunday, 06-Nov-94 08:49:37 GMT', delayMs: 37_000 },
    { value: 'Sun Nov  6 08:49:37 1994', delayMs: 37_000 },
    { value: 'Sun, 06 Nov 1994 08:48:00 GMT', delayMs: 0 },
  ])("reads '$value' as $delayMs ms", ({ value, delayMs }) => {
    expect(parseRetryAfter(value, nowMs)).toBe(delayMs);
  });

  it.each([undefined, '', '-1', '1.5', '1e3', 'soon', 'Sun, never', '1994-11-06'])(
    'takes %o for no wish',
    (value) => {
      expect(parseRetryAfter(value, nowMs)).toBe(0);
    },
  );
});

describe('retryDelayMs', () => {
  const backoff = exponentialBackoff({ baseMs: 100, jitter: 'none' });
  const policy = { maxAttempts: 8, backoff, maxRetryAfterMs: 10_000 };

  it.each([
    { failedAttempts: 1, retryAfter: undefined, delayMs: 0 },
    { failedAttempts: 2, retryAfter: undefined, delayMs: 100 },
    { failedAttempts: 3, retryAfter: undefined, delayMs: 200 },
    { failedAttempts: 1, retryAfter: '3', delayMs: 3_000 },
    { failedAttempts: 8, retryAfter: '1', delayMs: 6_400 },
    { failedAttempts: 1, retryAfter: '86400', delayMs: 10_000 },
  ])(
    'waits $delayMs ms after $failedAttempts failures when asked for $retryAfter s',
    ({ failedAttempts, retryAfter, delayMs }) => {
      expect(retryDelayMs(policy, failedAttempts, retryAfter, 0)).toBe(delayMs);
    },
  );
});
