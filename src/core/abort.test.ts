import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { onAbort, orAbort, settledWithin, sleep } from './abort.ts';

const reason = new Error('enough');
const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;
const never = (): Promise<never> => new Promise(() => {});

describe('onAbort', () => {
  it('calls back at once when the signal has aborted before, and adds no listener', () => {
    const { calls, signal } = watch(AbortSignal.abort(reason));
    expect([calls(), listenersOf(signal)]).toEqual([1, 0]);
  });

  it('calls back once when the signal aborts', () => {
    const abort = new AbortController();
    const { calls, signal } = watch(abort.signal);
    expect([calls(), listenersOf(signal)]).toEqual([0, 1]);
    abort.abort();
    abort.abort();
    expect([calls(), listenersOf(signal)]).toEqual([1, 0]);
  });

  it('calls back no more once it is released, which may be said twice', () => {
    const abort = new AbortController();
    const { calls, release } = watch(abort.signal);
    release();
    release();
    expect(listenersOf(abort.signal)).toBe(0);
    abort.abort();
    expect(calls()).toBe(0);
  });

  it('does nothing without a signal', () => {
    const { calls, release } = watch(undefined);
    release();
    expect(calls()).toBe(0);
  });
});

describe('orAbort', () => {
  it('gives what the promise gives', async () => {
    const { signal } = new AbortController();
    await expect(orAbort(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(orAbort(Promise.reject(reason), signal)).rejects.toBe(reason);
    await expect(orAbort(Promise.resolve(2), undefined)).resolves.toBe(2);
    expect(listenersOf(signal)).toBe(0);
  });

  it('rejects with the reason of a signal that has aborted before', async () => {
    await expect(orAbort(never(), AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('rejects with the reason as soon as the signal aborts', async () => {
    const abort = new AbortController();
    const outcome = orAbort(never(), abort.signal);
    expect(listenersOf(abort.signal)).toBe(1);
    abort.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    expect(listenersOf(abort.signal)).toBe(0);
  });

  it('keeps its result when the signal aborts afterwards', async () => {
    const abort = new AbortController();
    const outcome = orAbort(Promise.resolve('done'), abort.signal);
    await outcome;
    abort.abort(reason);
    await expect(outcome).resolves.toBe('done');
  });

  it('swallows the failure of a promise that it gave up', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const late = Promise.withResolvers<void>();
    await expect(orAbort(late.promise, AbortSignal.abort(reason))).rejects.toBe(reason);
    late.reject(new Error('too late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('sleep', () => {
  it('ends when its time is over, not earlier', async () => {
    const { clock, signal, outcome } = asleep();
    await clock.advance(99);
    expect(outcome()).toBe('asleep');
    await clock.advance(1);
    expect([outcome(), clock.timers, listenersOf(signal)]).toEqual(['elapsed', 0, 0]);
  });

  it('ends at once when the signal aborts, and cancels its timer', async () => {
    const { clock, signal, abort, outcome } = asleep();
    await clock.advance(50);
    abort();
    await clock.settle();
    expect([outcome(), clock.timers, listenersOf(signal)]).toEqual(['aborted', 0, 0]);
  });

  it('does not begin when the signal has aborted before', async () => {
    const clock = new ManualClock();
    expect(await sleep(clock, 100, AbortSignal.abort())).toBe('aborted');
    expect(clock.timers).toBe(0);
  });

  it('needs no signal', async () => {
    const clock = new ManualClock();
    const slept = sleep(clock, 100);
    await clock.advance(100);
    expect(await slept).toBe('elapsed');
  });

  it('keeps its outcome when the signal aborts afterwards', async () => {
    const { clock, abort, outcome } = asleep();
    await clock.advance(100);
    abort();
    await clock.settle();
    expect(outcome()).toBe('elapsed');
  });
});

describe('settledWithin', () => {
  it.each([
    { name: 'a promise that resolved', promise: () => Promise.resolve(1) },
    { name: 'a promise that rejected', promise: () => Promise.reject(reason) },
  ])('tells $name from one that did not settle', async ({ promise }) => {
    const clock = new ManualClock();
    expect(await settledWithin(clock, 100, promise())).toBe('settled');
    expect(clock.timers).toBe(0);
  });

  it('gives up after the limit and leaves no timer', async () => {
    const clock = new ManualClock();
    const waited = settledWithin(clock, 100, never());
    await clock.advance(100);
    expect(await waited).toBe('elapsed');
    expect(clock.timers).toBe(0);
  });

  it('sees a promise that settles just within the limit', async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waited = settledWithin(clock, 100, promise);
    await clock.advance(99);
    resolve();
    await clock.advance(1);
    expect(await waited).toBe('settled');
  });
});

function watch<Signal extends AbortSignal | undefined>(signal: Signal) {
  let count = 0;
  const release = onAbort(signal, () => count++);
  return { signal, release, calls: () => count };
}

function asleep() {
  const clock = new ManualClock();
  const controller = new AbortController();
  let outcome = 'asleep';
  void sleep(clock, 100, controller.signal).then((said) => {
    outcome = said;
  });
  return { clock, signal: controller.signal, abort: () => controller.abort(), outcome: () => outcome };
}
