import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { ConfigError } from '../core/errors.ts';
import { createScripted, type ScriptedTransport } from './test-support.ts';

const ok = { status: 200 };
const busy = { status: 503 };
const steady = { backoff: exponentialBackoff({ baseMs: 100, jitter: 'none' }) };

describe('AsyncEventSender.send', () => {
  it('does nothing but queue in the turn of its caller', async () => {
    const { sender, received, run } = createScripted();
    const data = { isRead: false, toJSON: () => (data.isRead = true) };
    const delivery = sender.send('a', data);
    await Promise.resolve();
    expect([delivery.state, data.isRead, received().length]).toEqual(['queued', false, 0]);
    await run();
    expect([delivery.state, data.isRead, received().length]).toEqual(['sending', true, 1]);
  });

  it('gives every attempt the same bytes and id, and its own time', async () => {
    const { sender, transport, run } = createScripted({
      headers: { Authorization: 'Bearer x' },
      retry: steady,
    });
    await run(1_000);
    const delivery = sender.send('stream_started', { id: 'live' }, { key: 'channel-1' });
    await run();
    transport.attempts[0]!.answer({ status: 503, retryAfter: '10' });
    await run(10_000);
    const [first, second] = transport.attempts;
    expect(first!.payload).toEqual({
      type: 'stream_started',
      timestamp: '2026-01-01T00:00:01.000Z',
      data: { id: 'live' },
    });
    expect(second!.request.body).toBe(first!.request.body);
    expect([first!.request.attempt, second!.request.attempt]).toEqual([1, 2]);
    expect(first!.request).toMatchObject({ id: delivery.id, type: 'stream_started', key: 'channel-1' });
    expect(second!.request.headers).toEqual({
      authorization: 'Bearer x',
      'content-type': 'application/json',
      'webhook-id': delivery.id,
      'webhook-timestamp': String(Date.UTC(2026, 0, 1) / 1_000 + 11),
      'idempotency-key': delivery.id,
    });
  });

  it('dates an event by its send, however late its first attempt', async () => {
    const { sender, transport, run } = createScripted({ concurrency: 1 });
    sender.send('a', 1);
    sender.send('a', 2);
    await run(2_000);
    transport.attempts[0]!.answer(ok);
    await run();
    expect(transport.attempts[1]!.payload.timestamp).toBe('2026-01-01T00:00:00.000Z');
  });

  it.each(['asked before', 'asked after'])('tells how it went when %s it is settled', async (order) => {
    const { sender, transport, run } = createScripted();
    const delivery = sender.send('a', {});
    if (order === 'asked before') void delivery.result();
    await run(30);
    transport.attempts[0]!.answer({ status: 201, body: { stream_id: 7 } });
    await run();
    expect(delivery.state).toBe('delivered');
    const result = { ok: true, status: 201, body: { stream_id: 7 }, attempts: 1, latencyMs: 30 };
    await expect(delivery.result()).resolves.toEqual(result);
  });

  it('refuses an empty type, an empty key and an unknown option', () => {
    const { sender } = createScripted();
    expect(() => sender.send('', {})).toThrow(ConfigError);
    expect(() => sender.send('a', {}, { key: '' })).toThrow(ConfigError);
    expect(() => sender.send('a', {}, { kye: 'x' } as object)).toThrow("send has no option 'kye'");
    expect(sender.stats().sent).toBe(0);
  });

  it('rejects data that JSON cannot hold, and goes on with the key', async () => {
    const { sender, transport, run, received } = createScripted();
    transport.reply = () => ok;
    const bad = sender.send('a', { count: 1n }, { key: 'k' });
    sender.send('a', 'next', { key: 'k' });
    await run();
    const error = { code: 'DELIVERY_UNSERIALIZABLE' };
    await expect(bad.result()).resolves.toMatchObject({ ok: false, reason: 'rejected', attempts: 0, error });
    expect(received()).toEqual(['next']);
  });
});

describe('AsyncEventSender order', () => {
  it('sends the events of a key one after the other', async () => {
    const { sender, transport, received, run } = createScripted();
    for (const n of [1, 2, 3]) sender.send('a', n, { key: 'k' });
    await run();
    expect(received()).toEqual([1]);
    transport.attempts[0]!.answer(ok);
    await run();
    expect(received()).toEqual([1, 2]);
  });

  it('sends events without a key side by side, up to its concurrency', async () => {
    const { sender, transport, received, run } = createScripted({ concurrency: 3 });
    for (const n of [1, 2, 3, 4, 5]) sender.send('a', n);
    await run();
    expect(received()).toEqual([1, 2, 3]);
    expect(sender.stats()).toMatchObject({ sending: 3, pending: 5 });
    transport.attempts[1]!.answer(ok);
    await run();
    expect(received()).toEqual([1, 2, 3, 4]);
  });

  it('repeats a failed event in its place while other keys go on', async () => {
    const { sender, transport, received, run } = createScripted({ retry: steady });
    transport.reply = ({ attempt, key }) => (key === 'k' && attempt < 3 ? busy : ok);
    sender.send('a', 'k1', { key: 'k' });
    sender.send('a', 'k2', { key: 'k' });
    await run();
    sender.send('a', 'other', { key: 'l' });
    await run(50);
    expect(received()).toEqual(['k1', 'k1', 'other']);
    await run(150);
    expect(received()).toEqual(['k1', 'k1', 'other', 'k1', 'k2', 'k2', 'k2']);
  });

  it('gives the turn of a waiting retry to others', async () => {
    const { sender, transport, received, run } = createScripted({ concurrency: 1, retry: steady });
    transport.reply = ({ attempt, key }) => (key === 'k' && attempt < 3 ? busy : ok);
    const first = sender.send('a', 'k1', { key: 'k' });
    sender.send('a', 'l1', { key: 'l' });
    await run(50);
    expect(first.state).toBe('retrying');
    expect(received()).toContain('l1');
  });

  it('forgets a key when its last event is settled', async () => {
    const { sender, transport, run } = createScripted();
    transport.reply = () => ok;
    for (let n = 0; n < 50; n++) sender.send('a', n, { key: `key-${n}` });
    expect(sender.stats().keys).toBe(50);
    await run();
    expect(sender.stats()).toMatchObject({ keys: 0, delivered: 50, pending: 0 });
  });
});

describe('AsyncEventSender overflow', () => {
  it.each([
    { overflow: 'drop-oldest', kept: ['sent', 3, 4], gone: [1, 2] },
    { overflow: 'drop-newest', kept: ['sent', 1, 2], gone: [3, 4] },
  ] as const)('with $overflow keeps $kept', async ({ overflow, kept, gone }) => {
    const { sender, transport, received, run } = createScripted({ maxQueue: 3, concurrency: 1, overflow });
    const dropped: string[] = [];
    sender.on('dropped', ({ id }) => dropped.push(id));
    const first = sender.send('a', 'sent');
    await run();
    const others = [1, 2, 3, 4].map((n) => sender.send('a', n));
    const lost = others.filter((_, index) => (gone as readonly number[]).includes(index + 1));
    expect(dropped).toEqual(lost.map(({ id }) => id));
    await expect(lost[0]!.result()).resolves.toEqual({ ok: false, reason: 'overflow', attempts: 0 });
    expect(first.state).toBe('sending');
    transport.reply = () => ok;
    transport.attempts[0]!.answer(ok);
    await run();
    expect(received()).toEqual(kept);
    expect(sender.stats()).toMatchObject({ sent: 5, delivered: 3, dropped: 2, pending: 0 });
  });

  it('drops the newest when all others are being sent', async () => {
    const { sender, run } = createScripted({ maxQueue: 2 });
    const sending = [sender.send('a', 1), sender.send('a', 2)];
    await run();
    expect(sender.send('a', 3).state).toBe('failed');
    expect(sending.map(({ state }) => state)).toEqual(['sending', 'sending']);
  });

  it('drops an event that waits for a retry, and sends the next of its key', async () => {
    const { sender, transport, clock, received, run } = createScripted({ maxQueue: 2, retry: steady });
    transport.reply = ({ attempt }) => (attempt < 3 ? busy : ok);
    const first = sender.send('a', 1, { key: 'k' });
    sender.send('a', 2, { key: 'k' });
    await run(50);
    expect(first.state).toBe('retrying');
    transport.reply = () => ok;
    sender.send('a', 3, { key: 'k' });
    await run();
    await expect(first.result()).resolves.toEqual({ ok: false, reason: 'overflow', attempts: 2 });
    expect(received()).toEqual([1, 1, 2, 3]);
    await run(10);
    expect(clock.nowMs()).toBeLessThan(100);
    expect(clock.timers).toBe(0);
  });

  it('keeps its bound when a listener sends again', () => {
    const { sender } = createScripted({ maxQueue: 2 });
    let again = 3;
    sender.on('dropped', () => {
      if (again-- > 0) sender.send('a', 'again');
    });
    for (const n of [1, 2, 3]) sender.send('a', n);
    expect(sender.stats()).toMatchObject({ sent: 6, dropped: 4, pending: 2 });
  });
});

describe('AsyncEventSender rate', () => {
  // The rate is kept by the system's clock, which no test waits for.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('counts retries as attempts', async () => {
    const { sender, transport, run } = createScripted({ rate: { perSecond: 3 }, retry: steady });
    failFirst(transport, 1);
    for (let n = 0; n < 5; n++) sender.send('a', n);
    await run(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(transport.attempts).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(sender.stats()).toMatchObject({ attempts: 6, delivered: 5 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is kept in any second, not only from one full second to the next', async () => {
    const { sender, transport, run } = createScripted({ rate: { perSecond: 2 } });
    transport.reply = () => ok;
    sender.send('a', 0);
    await run();
    await vi.advanceTimersByTimeAsync(900);
    for (let n = 1; n < 5; n++) sender.send('a', n);
    await run();
    expect(transport.attempts).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(100);
    expect(transport.attempts).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(899);
    expect(transport.attempts).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.attempts).toHaveLength(4);
  });

  it('lets an event that waits for it be dropped', async () => {
    const { sender, transport, received, run } = createScripted({ rate: { perSecond: 1 }, maxQueue: 2 });
    transport.reply = () => ok;
    sender.send('a', 1);
    await run();
    for (const n of [2, 3, 4]) sender.send('a', n);
    await run();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(received()).toEqual([1, 3, 4]);
  });

  it('does not loosen the limit of an attempt that had to wait for it', async () => {
    const { sender, transport, run } = createScripted({ rate: { perSecond: 1 }, attemptTimeoutMs: 100 });
    transport.reply = () => (transport.attempts.length === 1 ? ok : undefined);
    for (let n = 0; n < 2; n++) sender.send('a', n);
    await run(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await run(99);
    expect(transport.attempts[1]?.signal.aborted).toBe(false);
    await run(1);
    expect(transport.attempts[1]?.signal.aborted).toBe(true);
  });

  it('does not hold up close()', async () => {
    const { sender, transport, run } = createScripted({ rate: { perSecond: 1 } });
    transport.reply = () => ok;
    for (let n = 0; n < 3; n++) sender.send('a', n);
    await run();
    const closed = sender.close({ deadlineMs: 0 });
    await run();
    expect((await closed).lost).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Answers the first attempts with 503 and the others with 200. */
function failFirst(transport: ScriptedTransport, count: number): void {
  let left = count;
  transport.reply = () => (left-- > 0 ? busy : ok);
}
