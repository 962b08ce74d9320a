import { checkFunction, checkKnown, checkMs, checkOneOf, refusal } from './check.ts';

/** How long to wait before an attempt. */
export interface Backoff {
  /** Delay before retry number `retry`, counted from 0, in milliseconds. */
  delayMs(retry: number): number;
  /** The longest delay `delayMs(retry)` can give. */
  maxDelayMs(retry: number): number;
}

/** Options of {@link exponentialBackoff}. */
export interface ExponentialBackoffOptions {
  /** Longest delay of the second retry, in ms. Default 100. */
  readonly baseMs?: number;
  /** What the longest delay is multiplied by from one retry to the next, at least 1. Default 2. */
  readonly factor?: number;
  /** Ceiling of every delay, in ms. Default 30 000. */
  readonly maxMs?: number;
  /** `'full'` draws each delay evenly from 0 up to its longest; `'none'` takes the longest. Default `'full'`. */
  readonly jitter?: 'full' | 'none';
  /** Source of numbers from 0 up to 1, for tests. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Retries at once the first time, then waits longer and longer: before retry `n` at most `baseMs * factor^(n - 1)`, and
 * never more than `maxMs`. Full jitter keeps many clients from returning in step
 * (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @throws {ConfigError} when an option is out of range.
 */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): Backoff {
  checkKnown('exponentialBackoff', options, ['baseMs', 'factor', 'maxMs', 'jitter', 'random']);
  const { baseMs = 100, factor = 2, maxMs = 30_000, jitter = 'full', random = Math.random } = options;
  checkMs('baseMs', baseMs);
  checkMs('maxMs', maxMs, baseMs);
  checkOneOf('jitter', jitter, ['full', 'none']);
  checkFunction('random', random);
  if (!(typeof factor === 'number' && factor >= 1)) throw refusal('factor', factor, 'a number of at least 1');
  // A base of 0 apart: 0 times a factor that has grown to Infinity is NaN.
  const maxDelayMs = (retry: number): number =>
    retry <= 0 || baseMs === 0 ? 0 : Math.min(maxMs, baseMs * factor ** (retry - 1));
  return {
    maxDelayMs,
    delayMs: (retry) => (jitter === 'full' ? random() * maxDelayMs(retry) : maxDelayMs(retry)),
  };
}
