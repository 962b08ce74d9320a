import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { createScripted } from './test-support.ts';

const ok = { status: 200 };
const busy = { status: 503 };
const steady = { backoff: exponentialBackoff({ baseMs: 100, jitter: 'none' }) };

describe('AsyncEventSender retries', () => {
  it('tells of each one and ends with the answer', async () => {
    const { sender, transport, run } = createScripted({ retry: steady });
    const seen: unknown[] = [];
    sender.on('retry', ({ attempts, delayMs, error }) => seen.push([attempts, delayMs, error.message]));
    sender.on('delivered', ({ attempts, status, latencyMs }) => seen.push([attempts, status, latencyMs]));
    const replies = [busy, new Error('connection refused'), ok];
    transport.reply = ({ attempt }) => replies[attempt - 1];
    sender.send('a', {});
    await run(100);
    expect(seen).toEqual([
      [1, 0, 'the receiver answered 503'],
      [2, 100, 'no answer: Error: connection refused'],
      [3, 200, 100],
    ]);
    expect(sender.stats()).toMatchObject({ attempts: 3, retries: 2, delivered: 1 });
  });

  it('gives up after the last attempt', async () => {
    const { sender, transport, run } = createScripted({ retry: { ...steady, maxAttempts: 3 } });
    const failed: unknown[] = [];
    sender.on('failed', ({ reason, attempts, error }) => failed.push([reason, attempts, error.message]));
    transport.reply = () => busy;
    const delivery = sender.send('a', {});
    await run(1_000);
    expect(failed).toEqual([['expired', 3, 'not delivered in 3 attempts']]);
    await expect(delivery.result()).resolves.toMatchObject({
      ok: false,
      reason: 'expired',
      error: { code: 'DELIVERY_EXPIRED', cause: { code: 'DELIVERY_STATUS' } },
    });
  });

  it.each([301, 400, 410])('does not repeat after %d', async (status) => {
    const { sender, transport, run } = createScripted();
    transport.reply = () => ({ status });
    const delivery = sender.send('a', {});
    await run(60_000);
    const error = { code: 'DELIVERY_STATUS', message: `the receiver answered ${status}` };
    await expect(delivery.result()).resolves.toMatchObject({
      ok: false,
      reason: 'rejected',
      attempts: 1,
      error,
    });
    expect(transport.attempts).toHaveLength(1);
  });

  it.each([
    { form: 'seconds', retryAfter: '7', delayMs: 7_000 },
    { form: 'a date', retryAfter: 'Thu, 01 Jan 2026 00:00:07 GMT', delayMs: 7_000 },
    { form: 'more seconds than allowed', retryAfter: '3600', delayMs: 20_000 },
  ])('waits as long as the receiver asks in $form', async ({ retryAfter, delayMs }) => {
    const { sender, transport, run } = createScripted({ retry: { ...steady, maxRetryAfterMs: 20_000 } });
    transport.reply = ({ attempt }) => (attempt === 1 ? { status: 429, retryAfter } : ok);
    sender.send('a', {});
    await run(delayMs - 1);
    expect(transport.attempts).toHaveLength(1);
    await run(1);
    expect(sender.stats().delivered).toBe(1);
  });

  it('repeats after a transport that throws rather than rejects', async () => {
    const { sender, transport, run } = createScripted();
    transport.reply = ({ attempt }) => {
      if (attempt === 1) throw new TypeError('bad socket');
      return ok;
    };
    sender.send('a', {});
    await run();
    expect(sender.stats()).toMatchObject({ delivered: 1, retries: 1 });
  });
});

describe('AsyncEventSender time limits', () => {
  it('ends an attempt exactly at its limit and repeats it', async () => {
    const { sender, transport, run } = createScripted({ attemptTimeoutMs: 200 });
    const codes: unknown[] = [];
    sender.on('retry', ({ error }) => codes.push((error as { code?: unknown }).code));
    sender.send('a', {});
    await run(199);
    expect(transport.attempts[0]!.signal.aborted).toBe(false);
    await run(1);
    expect(transport.attempts[0]!.signal.aborted).toBe(true);
    expect(transport.attempts).toHaveLength(2);
    expect(codes).toEqual(['DELIVERY_TIMEOUT']);
  });

  it('keeps the limit of each attempt, however many overlap', async () => {
    const { sender, transport, run, clock } = createScripted({
      attemptTimeoutMs: 100,
      retry: { maxAttempts: 1 },
    });
    const ends: number[] = [];
    sender.on('failed', () => ends.push(clock.nowMs()));
    for (let n = 0; n < 4; n++) {
      sender.send('a', n);
      await run(30);
    }
    transport.attempts[1]!.answer(ok);
    await run(1_000);
    expect(ends).toEqual([100, 160, 190]);
  });

  it('goes on when a transport does not notice the abort, and ignores its late answer', async () => {
    const { sender, transport, run } = createScripted({ attemptTimeoutMs: 100, concurrency: 1 });
    const stuck = sender.send('a', 'stuck', { key: 'k' });
    await run(100);
    transport.attempts[0]!.answer({ status: 400 });
    transport.attempts[1]!.answer(ok);
    await run();
    await expect(stuck.result()).resolves.toMatchObject({ ok: true, attempts: 2 });
  });

  it('expires an event at its deadline while it is being sent', async () => {
    const { sender, transport, received, run } = createScripted({
      deadlineMs: 1_000,
      attemptTimeoutMs: 5_000,
    });
    const delivery = sender.send('a', 1, { key: 'k' });
    await run(500);
    sender.send('a', 2, { key: 'k' });
    await run(499);
    expect(delivery.state).toBe('sending');
    await run(1);
    expect(transport.attempts[0]!.signal.aborted).toBe(true);
    await expect(delivery.result()).resolves.toMatchObject({ ok: false, reason: 'expired', attempts: 1 });
    await run();
    expect(received()).toEqual([1, 2]);
  });

  it('expires an event at its deadline while it waits behind its key', async () => {
    const { sender, run, received } = createScripted({ deadlineMs: 1_000, concurrency: 1 });
    sender.send('a', 1, { key: 'k' });
    const behind = sender.send('a', 2, { key: 'k' });
    await run(1_000);
    await expect(behind.result()).resolves.toMatchObject({ ok: false, reason: 'expired', attempts: 0 });
    expect(received()).toEqual([1]);
    expect(sender.stats()).toMatchObject({ failed: 2, pending: 0, keys: 0 });
  });

  it('gives up at once when the next attempt would come after the deadline', async () => {
    const { sender, transport, received, run } = createScripted({ deadlineMs: 5_000 });
    transport.reply = ({ attempt, type }) =>
      type === 'a' && attempt === 1 ? { status: 503, retryAfter: '6' } : ok;
    sender.send('a', 1, { key: 'k' });
    sender.send('b', 2, { key: 'k' });
    await run();
    expect(sender.stats()).toMatchObject({ failed: 1, delivered: 1 });
    expect(received()).toEqual([1, 2]);
  });

  it('has one timer at most, and none when idle', async () => {
    const { sender, transport, clock, run } = createScripted({ retry: steady });
    for (let n = 0; n < 20; n++) sender.send('a', n, { key: `k${n % 7}` });
    await run();
    expect(clock.timers).toBe(1);
    for (const attempt of transport.attempts) attempt.answer(busy);
    await run();
    expect(clock.timers).toBe(1);
    transport.reply = () => ok;
    for (const attempt of transport.attempts) attempt.answer(ok);
    await run(1_000);
    expect(sender.stats()).toMatchObject({ delivered: 20, pending: 0 });
    expect(clock.timers).toBe(0);
  });

  it('logs its losses at most once a second', async () => {
    const lines: unknown[] = [];
    const logger: Logger = { ...silentLogger, warn: (_, fields) => lines.push(fields) };
    const { sender, run, clock } = createScripted({ logger, maxQueue: 1, deadlineMs: 10_000 });
    for (let n = 0; n < 5; n++) sender.send('a', n);
    expect(lines).toEqual([{ overflow: 1 }]);
    await run(1_000);
    expect(lines.slice(1)).toEqual([{ overflow: 3 }]);
    await run(10_000);
    expect(lines).toHaveLength(3);
    expect(clock.timers).toBe(0);
  });
});
