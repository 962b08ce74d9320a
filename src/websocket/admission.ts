import type { IncomingMessage } from 'node:http';
import { orAbort } from '../core/abort.ts';
import { checkText, refusal } from '../core/check.ts';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import type { Logger } from '../core/logger.ts';

/** Who asks to come in: somebody who watches, or somebody who publishes pictures. */
export type ConnectionRole = 'viewer' | 'streamer';

/** What a connection asks for, before anything is decided. */
export interface ConnectionRequest {
  /** What it wants to do. */
  readonly role: ConnectionRole;
  /** The stream in its address; `undefined` for a viewer of many streams. */
  readonly stream: string | undefined;
  /** The request: headers, and the URL with its query, where a token may be. */
  readonly request: IncomingMessage;
  /** Where it connects from, as `addressOf` says. */
  readonly address: string;
}

/** Whether a connection may come in. */
export interface ConnectionDecision {
  /** Whether it may. */
  readonly allow: boolean;
  /** The public name of a streamer's stream. Default: the name in its address. */
  readonly name?: string;
  /** Which streams a viewer may know of and follow. Default: all. */
  readonly mayWatch?: (stream: string) => boolean;
}

/** Decides who comes in. A throw, a rejection and silence are a no. */
export type AuthorizeConnection = (
  request: ConnectionRequest,
  context: {
    /** Aborts when the connection closes or the time is up. */
    readonly signal: AbortSignal;
  },
) => ConnectionDecision | Promise<ConnectionDecision>;

/** Which pages may open a WebSocket: those of the server's own host, all, or those of the listed origins. */
export type AllowedOrigins = 'same' | 'any' | readonly string[];

/** What admission needs to know. */
export interface AdmissionOptions {
  readonly authorize: AuthorizeConnection | undefined;
  readonly authorizeTimeoutMs: number;
  readonly origins: AllowedOrigins;
  readonly maxViewers: number;
  readonly maxStreamers: number;
  readonly maxPerAddress: number;
  readonly addressOf: ((request: IncomingMessage) => string) | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A place that is taken; give it back when the connection has gone. */
export interface Place {
  readonly address: string;
  release(): void;
}

/** Why somebody is not let in, as an HTTP status. */
export type Refusal = 403 | 429 | 503;

/** Decides who may come in: origin, limits, and the application's own say. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #limits: Readonly<Record<ConnectionRole, number>>;
  readonly #counts = { viewer: 0, streamer: 0 };
  readonly #addresses = new Map<string, number>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#limits = { viewer: options.maxViewers, streamer: options.maxStreamers };
  }

  /** How many have a place. */
  count(role: ConnectionRole): number {
    return this.#counts[role];
  }

  /** Takes a place, or says why there is none. */
  enter(role: ConnectionRole, request: IncomingMessage): Place | Refusal {
    const address = this.addressOf(request);
    if (this.#counts[role] >= this.#limits[role]) return 503;
    const known = this.#addresses.get(address) ?? 0;
    if (known >= this.#options.maxPerAddress) return 429;
    this.#counts[role]++;
    this.#addresses.set(address, known + 1);
    let isTaken = true;
    const release = (): void => {
      if (isTaken) this.#leave(role, address);
      isTaken = false;
    };
    return { address, release };
  }

  /** Whether a page of the origin in the request may talk to this server. What is no browser names none. */
  isOriginAllowed({ headers: { origin, host } }: IncomingMessage): boolean {
    const { origins } = this.#options;
    if (origin === undefined || origins === 'any') return true;
    if (origins !== 'same') return origins.includes(origin);
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  }

  /** Asks the application; `undefined` is a no. Never rejects. */
  async authorize(request: ConnectionRequest, closed: AbortSignal): Promise<ConnectionDecision | undefined> {
    const { authorize, authorizeTimeoutMs, clock, logger } = this.#options;
    if (authorize === undefined) return { allow: true };
    const late = new AbortController();
    const timer = clock.setTimer(authorizeTimeoutMs, () => late.abort(new Error('authorize took too long')));
    const signal = AbortSignal.any([closed, late.signal]);
    try {
      const decided = checkDecision(await orAbort(callAuthorize(authorize, request, signal), signal));
      return decided.allow ? this.#guard(decided) : undefined;
    } catch (error) {
      // The name in a streamer's address may be a key, which `name` of the decision would have replaced.
      const { role, address } = request;
      if (!closed.aborted) logger.error('authorize failed', { role, address, error: describeError(error) });
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  /** Where a request comes from. */
  addressOf(request: IncomingMessage): string {
    const peer = request.socket.remoteAddress ?? 'unknown';
    try {
      return this.#options.addressOf?.(request) ?? peer;
    } catch (error) {
      this.#options.logger.error('addressOf failed', { address: peer, error: describeError(error) });
      return peer;
    }
  }

  /** A rule that throws hides the stream it was asked about. */
  #guard(decision: ConnectionDecision): ConnectionDecision {
    const { mayWatch } = decision;
    if (mayWatch === undefined) return decision;
    return {
      ...decision,
      mayWatch: (stream) => {
        try {
          return mayWatch(stream) === true;
        } catch (error) {
          this.#options.logger.error('mayWatch failed', { stream, error: describeError(error) });
          return false;
        }
      },
    };
  }

  #leave(role: ConnectionRole, address: string): void {
    this.#counts[role]--;
    const rest = (this.#addresses.get(address) ?? 1) - 1;
    if (rest === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, rest);
  }
}

/** Makes a throw a rejection. */
async function callAuthorize(
  authorize: AuthorizeConnection,
  request: ConnectionRequest,
  signal: AbortSignal,
): Promise<ConnectionDecision> {
  return authorize(request, { signal });
}

/** What `authorize` returned. Only a clear yes lets anybody in. */
function checkDecision(value: unknown): ConnectionDecision {
  const { allow, name, mayWatch } = (value ?? {}) as Partial<Record<keyof ConnectionDecision, unknown>>;
  if (typeof allow !== 'boolean')
    throw refusal('what authorize returns', value, 'an object with a boolean allow');
  if (mayWatch !== undefined && typeof mayWatch !== 'function')
    throw refusal('mayWatch of a decision', mayWatch, 'a function');
  return {
    allow,
    ...(name !== undefined && { name: checkText('name of a decision', name) }),
    ...(mayWatch !== undefined && { mayWatch: mayWatch as (stream: string) => boolean }),
  };
}
