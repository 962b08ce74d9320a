import { getEventListeners } from 'node:events';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { httpTransport } from './http-transport.ts';
import { listenHttp, listenRaw, type Receiver } from './test-support.ts';
import type { EventTransport, TransportRequest, TransportResponse } from './types.ts';

const okAnswer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('httpTransport', () => {
  it('posts the body and the header fields to the path of the endpoint', async () => {
    const seen: unknown[] = [];
    const response = await roundTrip(async (request, reply) => {
      const { method, url, headers } = request;
      seen.push(
        method,
        url,
        headers['webhook-id'],
        headers['content-length'],
        (await request.toArray()).join(''),
      );
      reply.end();
    });
    expect(seen).toEqual(['POST', '/events', 'id-1', '7', '{"a":1}']);
    expect(response).toEqual({ status: 200 });
  });

  it.each([
    {
      name: 'JSON',
      type: 'application/json; charset=utf-8',
      text: '{"stream_id":7}',
      body: { stream_id: 7 },
    },
    { name: 'JSON of a kind', type: 'application/problem+json', text: '[1]', body: [1] },
    { name: 'text', type: 'text/plain', text: '{"a":1}', body: '{"a":1}' },
    { name: 'something that is only called like JSON', type: 'text/x; v=/json', text: '1', body: '1' },
  ])('gives an answer of $name as such', async ({ type, text, body }) => {
    const response = await roundTrip((_, reply) => void reply.setHeader('content-type', type).end(text));
    expect(response).toEqual({ status: 200, body });
  });

  it('keeps the status and says so when an answer is no valid JSON', async () => {
    const response = await roundTrip(
      (_, reply) => void reply.setHeader('content-type', 'application/json').end('{'),
    );
    expect(response).toMatchObject({ status: 200, bodyError: { code: 'PROTOCOL_RESPONSE' } });
    expect(response.body).toBeUndefined();
  });

  it('reads an answer of exactly the limit', async () => {
    const response = await roundTrip((_, reply) => void reply.end('x'.repeat(1_000)), 1_000);
    expect(response.body).toHaveLength(1_000);
  });

  it('closes the connection on an answer that never ends, and keeps the status', async () => {
    const closed = Promise.withResolvers<void>();
    await using receiver = await listenHttp((_, reply) => {
      const pour = () => {
        while (!reply.destroyed && reply.write('x'.repeat(500)));
      };
      reply.once('close', closed.resolve).on('drain', pour);
      pour();
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url, maxAnswerBytes: 1_000 }));
    const response = await transport.send(request('a'), new AbortController().signal);
    expect(response).toMatchObject({ status: 200, bodyError: { code: 'PROTOCOL_RESPONSE' } });
    expect(response.bodyError?.message).toContain('1000 bytes');
    await closed.promise;
  });

  it('does not follow a redirect', async () => {
    let requests = 0;
    const response = await roundTrip((_, reply) => {
      requests++;
      reply.writeHead(307, { location: '/elsewhere', 'retry-after': '5' }).end();
    });
    expect(response).toEqual({ status: 307, retryAfter: '5' });
    expect(requests).toBe(1);
  });

  it('repeats a request at once when the receiver had closed the kept connection', async () => {
    const ids: string[] = [];
    await using receiver = await listenRaw((socket, nth, text) => {
      ids.push(/webhook-id: (\S+)/.exec(text)?.[1] ?? '');
      if (nth === 0) socket.write(okAnswer);
      else socket.destroy();
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url }));
    await transport.send(request('first'), new AbortController().signal);
    const response = await transport.send(request('second'), new AbortController().signal);
    expect(response.status).toBe(200);
    expect(ids).toEqual(['first', 'second', 'second']);
  });

  it('gives up after three stale connections', async () => {
    const waiting: (() => void)[] = [];
    await using receiver = await listenRaw((socket, nth) => {
      if (nth > 0) return void socket.destroy();
      waiting.push(() => socket.write(okAnswer));
      if (waiting.length === 4) for (const answer of waiting) answer();
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url, maxSockets: 4 }));
    const { signal } = new AbortController();
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => transport.send(request(id), signal)));
    await expect(transport.send(request('e'), signal)).rejects.toMatchObject({ code: 'DELIVERY_NETWORK' });
    await expect.poll(() => receiver.open.size).toBe(1);
  });

  it.each([
    { name: 'a new connection is reset', isKept: false, partial: '' },
    { name: 'a kept connection breaks after the first byte', isKept: true, partial: 'HTTP' },
    { name: 'a kept connection breaks within the answer', isKept: true, partial: okAnswer.slice(0, -1) },
  ])('fails and does not repeat the request when $name', async ({ isKept, partial }) => {
    let broken = 0;
    await using receiver = await listenRaw((socket, nth) => {
      if (isKept && nth === 0) return void socket.write(okAnswer);
      broken++;
      socket.end(partial);
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url }));
    const { signal } = new AbortController();
    if (isKept) await transport.send(request('first'), signal);
    await expect(transport.send(request('second'), signal)).rejects.toThrow();
    expect(broken).toBe(1);
  });

  it('fails when the receiver switches to a protocol nobody asked for', async () => {
    await using receiver = await listenRaw((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url }));
    await expect(transport.send(request('a'), new AbortController().signal)).rejects.toThrow();
  });

  it('uses no more sockets than it may, and keeps them', async () => {
    const ports = new Set<unknown>();
    await using receiver = await listenHttp((incoming, reply) => {
      ports.add(incoming.socket.remotePort);
      reply.end();
    });
    await using transport = disposable(httpTransport({ endpoint: receiver.url, maxSockets: 2 }));
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 20 }, () => transport.send(request('a'), signal)));
    expect(ports.size).toBe(2);
  });

  it.each(['before', 'during', 'within the answer of'] as const)(
    'stops when aborted %s a request',
    async (when) => {
      const abort = new AbortController();
      const reason = new Error('enough');
      await using receiver = await listenHttp((_, reply) => {
        if (when === 'within the answer of') reply.write('x');
        if (when !== 'before') setImmediate(() => abort.abort(reason));
      });
      await using transport = disposable(httpTransport({ endpoint: receiver.url }));
      if (when === 'before') abort.abort(reason);
      await expect(transport.send(request('a'), abort.signal)).rejects.toThrow();
      expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      await expect.poll(() => receiver.open.size).toBe(0);
    },
  );

  it('leaves no listener on the signal and, once closed, no socket', async () => {
    await using receiver = await listenHttp((_, reply) => void reply.end());
    const transport = httpTransport({ endpoint: receiver.url });
    const { signal } = new AbortController();
    await transport.send(request('a'), signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(receiver.open.size).toBe(1);
    transport.close();
    await expect.poll(() => receiver.open.size).toBe(0);
  });
});

async function roundTrip(
  onRequest: RequestListener,
  maxAnswerBytes: number = 65_536,
): Promise<TransportResponse> {
  await using receiver: Receiver = await listenHttp(onRequest);
  await using transport = disposable(httpTransport({ endpoint: receiver.url, maxAnswerBytes }));
  return await transport.send(request('id-1'), new AbortController().signal);
}

function request(id: string): TransportRequest {
  return {
    id,
    type: 't',
    key: undefined,
    attempt: 1,
    headers: { 'webhook-id': id },
    body: Buffer.from('{"a":1}'),
  };
}

function disposable(transport: EventTransport): EventTransport & AsyncDisposable {
  return Object.assign(transport, { [Symbol.asyncDispose]: async () => transport.close() });
}
