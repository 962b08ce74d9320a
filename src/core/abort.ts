import type { Clock } from './clock.ts';

/**
 * Calls `callback` when `signal` aborts, at once if it already has. Returns the function that takes the listener off
 * again; call it in a `finally`, or a long-lived signal collects one listener per wait.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    callback();
    return () => {};
  }
  signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/** Settles like `promise`, or rejects with the signal's reason as soon as it aborts. Leaves no listener behind. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const release = onAbort(signal, () => aborted.reject(signal?.reason));
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    release();
  }
}

/** Waits `delayMs`. Resolves to `'elapsed'`, or to `'aborted'` as soon as the signal aborts; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<'elapsed' | 'aborted'> {
  const { promise, resolve } = Promise.withResolvers<'elapsed' | 'aborted'>();
  const timer = clock.setTimer(delayMs, () => resolve('elapsed'));
  const release = onAbort(signal, () => resolve('aborted'));
  return promise.finally(() => {
    timer.cancel();
    release();
  });
}

/** Waits for `promise` at most `limitMs`: `'settled'` when it settled, however, and `'elapsed'` when it did not. */
export async function settledWithin(
  clock: Clock,
  limitMs: number,
  promise: Promise<unknown>,
): Promise<'settled' | 'elapsed'> {
  const elapsed = Promise.withResolvers<'elapsed'>();
  const timer = clock.setTimer(limitMs, () => elapsed.resolve('elapsed'));
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  try {
    return await Promise.race([settled, elapsed.promise]);
  } finally {
    timer.cancel();
  }
}
