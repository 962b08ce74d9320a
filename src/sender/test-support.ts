import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { ManualClock } from '../testing/manual-clock.ts';
import { AsyncEventSender } from './async-event-sender.ts';
import type { SenderOptions } from './options.ts';
import type { EventTransport, TransportRequest, TransportResponse } from './types.ts';

/** One attempt that reached a {@link ScriptedTransport}. */
export interface ScriptedAttempt {
  readonly request: TransportRequest;
  readonly signal: AbortSignal;
  /** What the receiver gets. */
  readonly payload: { readonly type: string; readonly timestamp: string; readonly data: unknown };
  answer(response: TransportResponse): void;
  fail(error: unknown): void;
}

/** A transport whose answers a test gives, or `reply` when it returns one. */
export class ScriptedTransport implements EventTransport {
  readonly attempts: ScriptedAttempt[] = [];
  reply: (request: TransportRequest) => TransportResponse | Error | undefined = () => undefined;
  closes = 0;

  send(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const payload = JSON.parse(new TextDecoder().decode(request.body));
    this.attempts.push({ request, signal, payload, answer: resolve, fail: reject });
    const reply = this.reply(request);
    if (reply instanceof Error) reject(reply);
    else if (reply !== undefined) resolve(reply);
    return promise;
  }

  close(): void {
    this.closes++;
  }
}

/** Types of events and replies as loose as a test needs them. */
export type AnyEvents = Record<string, unknown>;

/** A sender with a scripted transport and a manual clock. */
export function createScripted(options: Partial<SenderOptions> = {}): {
  sender: AsyncEventSender<AnyEvents>;
  transport: ScriptedTransport;
  clock: ManualClock;
  /** Lets the event loop turn, so that what was sent starts, and then moves the clock. */
  run(durationMs?: number): Promise<void>;
  /** The data of every attempt so far, in order. */
  received(): unknown[];
} {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const transport = new ScriptedTransport();
  const sender = new AsyncEventSender<AnyEvents>({ transport, clock, ...options });
  return {
    sender,
    transport,
    clock,
    async run(durationMs = 0) {
      await eventLoopTurn();
      await clock.advance(durationMs);
    },
    received: () => transport.attempts.map(({ payload }) => payload.data),
  };
}

/** Lets everything run that is due now. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A server on a free port of this machine. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** Connections that are open. */
  readonly open: ReadonlySet<net.Socket>;
}

/** Starts an HTTP receiver. Its connections stay open until it is disposed of. */
export function listenHttp(onRequest: http.RequestListener): Promise<Receiver> {
  return listen(http.createServer({ keepAliveTimeout: 0 }, onRequest));
}

/** Starts a receiver that gets the raw text of each request, and its number on its connection, counted from 0. */
export function listenRaw(
  onRequest: (socket: net.Socket, nth: number, text: string) => void,
): Promise<Receiver> {
  const server = net.createServer((socket) => {
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', (data) => onRequest(socket, count++, data.toString()));
  });
  return listen(server);
}

async function listen(server: net.Server): Promise<Receiver> {
  const open = new Set<net.Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    open,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
