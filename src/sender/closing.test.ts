import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { createScripted } from './test-support.ts';
import type { DeliveryResult, TransportResponse } from './types.ts';

const ok = { status: 200 };

describe('AsyncEventSender.flush', () => {
  it('waits for what was sent before it and not for what comes later', async () => {
    const { sender, transport, run } = createScripted();
    sender.send('a', 1);
    const flushed = sender.flush();
    await run(10);
    sender.send('a', 2);
    await run();
    transport.attempts[0]!.answer(ok);
    await expect(flushed).resolves.toEqual({ pending: 0 });
    expect(sender.stats().pending).toBe(1);
  });

  it('says how much is left when its deadline passes', async () => {
    const { sender, transport, run } = createScripted();
    for (const n of [1, 2, 3]) sender.send('a', n);
    const flushed = sender.flush({ deadlineMs: 500 });
    await run(499);
    transport.attempts[1]!.answer(ok);
    await run(1);
    await expect(flushed).resolves.toEqual({ pending: 2 });
  });

  it('returns at once, and leaves no timer, when there is nothing to wait for', async () => {
    const { sender, clock } = createScripted();
    await expect(sender.flush()).resolves.toEqual({ pending: 0 });
    expect(clock.timers).toBe(0);
  });
});

describe('AsyncEventSender.close', () => {
  it('finishes what was accepted, retries included', async () => {
    const { sender, transport, clock, run } = createScripted();
    transport.reply = ({ attempt }) => (attempt === 1 ? { status: 503, retryAfter: '2' } : ok);
    for (const n of [1, 2, 3]) sender.send('a', n, { key: 'k' });
    const closed = sender.close({ deadlineMs: 10_000 });
    await run(10_000);
    await expect(closed).resolves.toEqual({ sent: 3, delivered: 3, failed: 0, dropped: 0, lost: [] });
    expect([clock.timers, transport.closes]).toEqual([0, 1]);
  });

  it('lists what it gave up when the deadline passes, and leaves nothing behind', async () => {
    const { sender, transport, clock, run } = createScripted({ concurrency: 2 });
    transport.reply = ({ key }) => (key === 'busy' ? { status: 503, retryAfter: '30' } : undefined);
    const sending = sender.send('a', 1, { key: 'k' });
    const queued = sender.send('b', 2, { key: 'k' });
    const retrying = sender.send('c', 3, { key: 'busy' });
    await run();
    expect([sending.state, queued.state, retrying.state]).toEqual(['sending', 'queued', 'retrying']);
    const closed = sender.close({ deadlineMs: 1_000 });
    await run(1_000);
    const { lost, ...counts } = await closed;
    expect(lost).toEqual([
      { id: sending.id, type: 'a', key: 'k', reason: 'closed', attempts: 1 },
      { id: queued.id, type: 'b', key: 'k', reason: 'closed', attempts: 0 },
      { id: retrying.id, type: 'c', key: 'busy', reason: 'closed', attempts: 1 },
    ]);
    expect(counts).toEqual({ sent: 3, delivered: 0, failed: 0, dropped: 0 });
    await expect(sending.result()).resolves.toEqual({ ok: false, reason: 'closed', attempts: 1 });
    expect(transport.attempts[0]!.signal.aborted).toBe(true);
    expect([clock.timers, transport.closes, transport.attempts.length]).toEqual([0, 1, 2]);
  });

  it('gives up at once with a deadline of 0', async () => {
    const { sender, transport, clock, run } = createScripted();
    sender.send('a', 1);
    const closed = sender.close({ deadlineMs: 0 });
    await run();
    expect((await closed).lost).toHaveLength(1);
    expect([clock.timers, transport.closes]).toEqual([0, 1]);
  });

  it('returns the same promise when it is called twice', async () => {
    const { sender, transport } = createScripted();
    const first = sender.close();
    expect(sender.close({ deadlineMs: 1 })).toBe(first);
    await sender[Symbol.asyncDispose]();
    await first;
    expect(transport.closes).toBe(1);
  });

  it.each(['closing', 'closed'])('refuses events when it is %s', async (when) => {
    const { sender, transport, run } = createScripted();
    sender.send('a', 1);
    await run();
    const closed = sender.close();
    if (when === 'closed') transport.attempts[0]!.answer(ok);
    if (when === 'closed') await closed;
    const late = sender.send('a', 2);
    expect(late.state).toBe('failed');
    await expect(late.result()).resolves.toEqual({ ok: false, reason: 'closed', attempts: 0 });
    await run(10_000);
    await expect(closed).resolves.toMatchObject({ sent: 1 });
    expect(sender.stats()).toMatchObject({ sent: 1, refused: 1 });
  });

  it('closes also when its transport cannot', async () => {
    const errors: string[] = [];
    const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) };
    const { sender, transport } = createScripted({ logger });
    transport.close = () => {
      throw new Error('stuck');
    };
    await expect(sender.close()).resolves.toMatchObject({ lost: [] });
    expect(errors).toEqual(['closing the transport failed']);
  });
});

describe('AsyncEventSender accounting', () => {
  it('accounts for every event once, whatever happens to it', async () => {
    await fc.assert(fc.asyncProperty(scenarios, accountsForAll), { numRuns: 60 });
  });
});

interface Step {
  readonly keys: readonly (string | undefined)[];
  readonly waitMs: number;
}

interface Scenario {
  readonly steps: readonly Step[];
  readonly outcomes: readonly (TransportResponse | 'fail' | 'hang')[];
  readonly overflow: 'drop-oldest' | 'drop-newest';
  readonly maxQueue: number;
  readonly concurrency: number;
  readonly closeMs: number;
}

const outcome = fc.oneof(
  fc.constantFrom<'fail' | 'hang'>('fail', 'hang'),
  fc.constantFrom(200, 204, 400, 503).map((status) => ({ status })),
  fc.nat(8).map((seconds) => ({ status: 429, retryAfter: String(seconds) })),
);

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  steps: fc.array(
    fc.record({
      keys: fc.array(fc.constantFrom(undefined, 'a', 'b', 'c'), { maxLength: 6 }),
      waitMs: fc.constantFrom(0, 1, 150, 700, 3_000),
    }),
    { maxLength: 6 },
  ),
  outcomes: fc.array(outcome, { minLength: 1, maxLength: 8 }),
  overflow: fc.constantFrom('drop-oldest', 'drop-newest'),
  maxQueue: fc.integer({ min: 1, max: 8 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  closeMs: fc.constantFrom(0, 100, 4_000, 20_000),
});

async function accountsForAll({ steps, outcomes, closeMs, ...limits }: Scenario): Promise<void> {
  const retry = { maxAttempts: 4, backoff: exponentialBackoff({ baseMs: 100, jitter: 'none' }) };
  const { sender, transport, clock, run } = createScripted({
    ...limits,
    retry,
    attemptTimeoutMs: 200,
    deadlineMs: 5_000,
  });
  transport.reply = () => {
    const next = outcomes[(transport.attempts.length - 1) % outcomes.length];
    if (next === 'hang') return undefined;
    return next === 'fail' ? new Error('refused') : next;
  };
  const results: Promise<DeliveryResult<unknown>>[] = [];
  for (const { keys, waitMs } of steps) {
    for (const key of keys) results.push(sender.send('e', 0, key === undefined ? {} : { key }).result());
    await run(waitMs);
    expect(sender.stats().pending).toBeLessThanOrEqual(limits.maxQueue);
    expect(sender.stats().sending).toBeLessThanOrEqual(limits.concurrency);
  }
  const closed = sender.close({ deadlineMs: closeMs });
  await run(closeMs);
  const { sent, delivered, failed, dropped, lost } = await closed;
  expect(sent).toBe(results.length);
  expect(delivered + failed + dropped + lost.length).toBe(sent);
  const reasons = (await Promise.all(results)).map((result) => (result.ok ? 'ok' : result.reason));
  const count = (...wanted: string[]) => reasons.filter((reason) => wanted.includes(reason)).length;
  expect([count('ok'), count('expired', 'rejected'), count('overflow'), count('closed')]).toEqual([
    ...[delivered, failed, dropped, lost.length],
  ]);
  expect(sender.stats()).toMatchObject({ pending: 0, sending: 0, keys: 0 });
  expect([clock.timers, transport.closes]).toEqual([0, 1]);
}
