import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { checkInteger, checkKnown, refusal } from '../core/check.ts';
import { ConfigError } from '../core/errors.ts';
import { type Connector, exchange, StaleSocketError } from './http-exchange.ts';
import type { EventTransport, TransportRequest, TransportResponse } from './types.ts';

/** Options of {@link httpTransport}. */
export interface HttpTransportOptions {
  /** Where events are posted to: an `http:` or `https:` URL. */
  readonly endpoint: string | URL;
  /** Most sockets at a time, 1 to 1024. Default 8. */
  readonly maxSockets?: number;
  /** Most bytes of an answer that are read, 0 to 16 MiB. Default 65 536. */
  readonly maxAnswerBytes?: number;
}

// With a second stale socket the pool is likely full of them; a third one counts as a failed attempt.
const maxStaleSockets = 2;

/**
 * Posts events over HTTP/1.1 or HTTPS with connections that stay open. Redirects are not followed. Of an answer larger than
 * `maxAnswerBytes` only the status counts: its `body` is left out, `bodyError` says so, and the connection is closed. A
 * request that meets a kept connection just as the receiver closes it is repeated at once within the same attempt.
 *
 * @throws {ConfigError} when an option is out of range.
 */
export function httpTransport(options: HttpTransportOptions): EventTransport {
  checkKnown('httpTransport', options, ['endpoint', 'maxSockets', 'maxAnswerBytes']);
  return new HttpTransport(
    parseEndpoint(options.endpoint),
    checkInteger('maxSockets', options.maxSockets ?? 8, 1, 1_024),
    checkInteger('maxAnswerBytes', options.maxAnswerBytes ?? 65_536, 0, 16 << 20),
  );
}

class HttpTransport implements EventTransport {
  readonly #agent: http.Agent;
  readonly #connect: Connector;
  readonly #maxAnswerBytes: number;

  constructor(endpoint: URL, maxSockets: number, maxAnswerBytes: number) {
    const { Agent, request } = endpoint.protocol === 'https:' ? https : http;
    const agent = new Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets });
    const target = { ...urlToHttpOptions(endpoint), method: 'POST', agent };
    this.#agent = agent;
    this.#connect = (headers) => request({ ...target, headers });
    this.#maxAnswerBytes = maxAnswerBytes;
  }

  async send(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse> {
    for (let staleSockets = 0; ; staleSockets++) {
      signal.throwIfAborted();
      try {
        return await exchange(this.#connect, request, this.#maxAnswerBytes, signal);
      } catch (error) {
        if (!(error instanceof StaleSocketError) || staleSockets === maxStaleSockets) throw error;
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function parseEndpoint(endpoint: unknown): URL {
  const text = endpoint instanceof URL ? endpoint.href : endpoint;
  // The value stays out of the message: it may hold credentials.
  if (typeof text !== 'string' || !URL.canParse(text))
    throw new ConfigError('endpoint must be an absolute URL');
  const url = new URL(text);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw refusal('endpoint', url.protocol, 'an http: or https: URL');
}
