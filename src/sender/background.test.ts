import { execFile } from 'node:child_process';
import type { RequestListener } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exponentialBackoff } from '../core/backoff.ts';
import { AsyncEventSender } from './async-event-sender.ts';
import { type AnyEvents, eventLoopTurn, listenHttp } from './test-support.ts';

describe('AsyncEventSender over HTTP', () => {
  it('gives the parsed answer to whoever asks for it', async () => {
    await using receiver = await listenHttp(async (request, reply) => {
      const { type, data } = await readEvent(request);
      reply
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ stream_id: `${type} ${data}` }));
    });
    await using events = new AsyncEventSender<
      { stream_started: string },
      { stream_started: { stream_id: string } }
    >({
      endpoint: new URL(receiver.url),
    });
    const result = await events.send('stream_started', 'live').result();
    expect(result.ok && result.body?.stream_id).toBe('stream_started live');
  });

  it('keeps the order of 100 keys while 30 % of the answers are 503, and a dead key delays no other', async () => {
    const [keys, perKey] = [100, 10];
    const received = new Map<string, number[]>();
    let seen = 0;
    await using receiver = await listenHttp(async (request, reply) => {
      const { data } = await readEvent(request);
      const [key, n] = data as [string, number];
      if (key === 'dead') return; // Never answers.
      if (seen++ % 10 < 3) return void reply.writeHead(503).end();
      received.set(key, [...(received.get(key) ?? []), n]);
      reply.end();
    });
    const events = new AsyncEventSender<AnyEvents>({
      endpoint: receiver.url,
      retry: { maxAttempts: 100, backoff: exponentialBackoff({ baseMs: 1, maxMs: 4 }) },
    });
    const dead = [1, 2].map((n) => events.send('e', ['dead', n], { key: 'dead' }));
    const alive = Array.from({ length: keys * perKey }, (_, index) => {
      const key = `key-${index % keys}`;
      return events.send('e', [key, Math.floor(index / keys)], { key });
    });
    await Promise.all(alive.map((delivery) => delivery.result()));
    const inOrder = Array.from({ length: perKey }, (_, n) => n);
    expect([...received.values()]).toEqual(Array.from({ length: keys }, () => inOrder));
    expect(dead.map(({ state }) => state)).toEqual(['sending', 'queued']);
    const { delivered, failed, lost } = await events.close({ deadlineMs: 0 });
    expect([delivered, failed, lost.map(({ id }) => id)]).toEqual([1_000, 0, dead.map(({ id }) => id)]);
  });

  it('delivers in one attempt although the receiver keeps closing idle connections', async () => {
    let requests = 0;
    await using receiver = await listenHttp(({ socket }, reply) => {
      // The third request on a connection finds it closed.
      const count = (counts.get(socket) ?? 0) + 1;
      counts.set(socket, count);
      requests++;
      if (count < 3) reply.end();
      else socket.destroy();
    });
    const counts = new Map<unknown, number>();
    await using events = new AsyncEventSender<AnyEvents>({ endpoint: receiver.url });
    for (let n = 0; n < 20; n++)
      expect(await events.send('e', n).result()).toMatchObject({ ok: true, attempts: 1 });
    expect(requests).toBeGreaterThan(20);
    expect(events.stats()).toMatchObject({ delivered: 20, attempts: 20, retries: 0 });
  });

  it('rejects a redirect without following it', async () => {
    const paths: unknown[] = [];
    await using receiver = await listenHttp(({ url }, reply) => {
      paths.push(url);
      reply.writeHead(302, { location: '/other' }).end();
    });
    await using events = new AsyncEventSender<AnyEvents>({ endpoint: receiver.url });
    await expect(events.send('e', 1).result()).resolves.toMatchObject({
      ok: false,
      reason: 'rejected',
      attempts: 1,
    });
    expect(paths).toEqual(['/events']);
  });

  it('delivers an event whose answer is too large to read', async () => {
    await using receiver = await listenHttp((_, reply) => void reply.end('x'.repeat(100_000)));
    await using events = new AsyncEventSender<AnyEvents>({ endpoint: receiver.url });
    await expect(events.send('e', 1).result()).resolves.toMatchObject({
      ok: true,
      body: undefined,
      bodyError: { code: 'PROTOCOL_RESPONSE' },
    });
  });

  it('opens no more sockets than its concurrency, and close() leaves none', async () => {
    const hang: RequestListener = () => {};
    await using receiver = await listenHttp(hang);
    const events = new AsyncEventSender<AnyEvents>({ endpoint: receiver.url, concurrency: 3 });
    for (let n = 0; n < 100; n++) events.send('e', n);
    await expect.poll(() => receiver.open.size).toBe(3);
    const { lost } = await events.close({ deadlineMs: 10 });
    expect(lost).toHaveLength(100);
    await expect.poll(() => receiver.open.size).toBe(0);
    await eventLoopTurn();
    expect(events.stats()).toMatchObject({ pending: 0, sending: 0, keys: 0 });
  });

  it('delivers before the process ends by itself, and does not keep it alive when idle', async () => {
    const received: unknown[] = [];
    await using receiver = await listenHttp(async (request, reply) => {
      received.push((await readEvent(request)).data);
      reply.end();
    });
    const script = `
      const { AsyncEventSender } = await import(${JSON.stringify(new URL('./async-event-sender.ts', import.meta.url).href)});
      new AsyncEventSender({ endpoint: ${JSON.stringify(receiver.url)} }).send('e', 'last words');`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 10_000,
    });
    expect(received).toEqual(['last words']);
  });
});

async function readEvent(request: AsyncIterable<Buffer>): Promise<{ type: string; data: unknown }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
