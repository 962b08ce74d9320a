import type { Transferable } from 'node:worker_threads';
import { onAbort } from '../core/abort.ts';
import { checkMs } from '../core/check.ts';
import type { Clock } from '../core/clock.ts';
import { fromErrorRecord, toErrorRecord } from '../core/error-transfer.ts';
import { ClosedError, OverflowError, SpillwayError, TimeoutError } from '../core/errors.ts';
import type { HandlerContext } from './protocol.ts';
import { type ControlMessage, maxPendingCalls } from './wire.ts';

/** Options of one call. */
export interface CallOptions {
  /** How long to wait for the answer, in ms; at least 1. Default 10 000. */
  readonly timeoutMs?: number;
  /** Gives the call up; the other end's handler is told. */
  readonly signal?: AbortSignal;
}

type Post = (message: ControlMessage, transfer?: readonly Transferable[]) => void;
type Handler = (params: unknown, context: HandlerContext) => unknown;

interface PendingCall {
  readonly settle: (outcome: { readonly result: unknown } | { readonly error: unknown }) => void;
}

/** The asking side: calls that wait for their answers. Every one settles, at the latest when the channel ends. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  readonly #post: Post;
  readonly #clock: Clock;
  #lastId = 0;
  #ended: { readonly error: unknown } | undefined;

  constructor(post: Post, clock: Clock) {
    this.#post = post;
    this.#clock = clock;
  }

  get size(): number {
    return this.#calls.size;
  }

  async call(
    name: string,
    params: unknown,
    { timeoutMs = 10_000, signal }: CallOptions,
    transfer?: readonly Transferable[],
  ): Promise<unknown> {
    checkMs('timeoutMs', timeoutMs, 1);
    if (this.#ended !== undefined) throw this.#ended.error;
    signal?.throwIfAborted();
    if (this.#calls.size >= maxPendingCalls) {
      throw new OverflowError(
        'OVERFLOW_CALLS',
        `'${name}' not called: ${this.#calls.size} calls wait for an answer`,
      );
    }
    const id = ++this.#lastId;
    this.#post({ type: 'call', id, name, params }, transfer);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, {
      settle: (outcome) => ('result' in outcome ? resolve(outcome.result) : reject(outcome.error)),
    });
    const late = `'${name}' was not answered within ${timeoutMs} ms`; // An error each would cost a tenth of the call.
    const timer = this.#clock.setTimer(timeoutMs, () =>
      this.#giveUp(id, new TimeoutError('CALL_TIMEOUT', late)),
    );
    const release = onAbort(signal, () => this.#giveUp(id, signal?.reason));
    return promise.finally(() => {
      timer.cancel();
      release();
    });
  }

  /** Takes an answer. One for a call that was given up is no error: it was on its way. */
  settle(message: ControlMessage & { readonly type: 'answer' | 'refusal' }): void {
    const outcome =
      message.type === 'answer' ? { result: message.result } : { error: fromErrorRecord(message.error) };
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    call?.settle(outcome);
  }

  /** Rejects every call, and all that come later, with `error`. */
  end(error: unknown): void {
    this.#ended ??= { error };
    for (const call of this.#calls.values()) call.settle({ error });
    this.#calls.clear();
  }

  #giveUp(id: number, error: unknown): void {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.settle({ error });
    attempt(() => this.#post({ type: 'cancel', id }));
  }
}

/** The answering side: runs a handler per call and sends what it returns or throws. */
export class CallServer {
  readonly #running = new Map<number, AbortController>();
  readonly #handlers: Readonly<Record<string, unknown>>;
  readonly #post: Post;
  #ended: { readonly error: unknown } | undefined;

  constructor(handlers: object, post: Post) {
    this.#handlers = handlers as Readonly<Record<string, unknown>>;
    this.#post = post;
  }

  async answer({ id, name, params }: ControlMessage & { readonly type: 'call' }): Promise<void> {
    const abort = new AbortController();
    this.#running.set(id, abort);
    try {
      if (this.#ended !== undefined) throw this.#ended.error;
      if (this.#running.size > maxPendingCalls) throw tooManyRunning(name); // Callers give up; handlers may not.
      const result = await this.handle(name, params, { signal: abort.signal });
      this.#reply(abort.signal, { type: 'answer', id, result });
    } catch (error) {
      attempt(() => this.#reply(abort.signal, { type: 'refusal', id, error: toErrorRecord(error) }));
    } finally {
      this.#running.delete(id);
    }
  }

  cancel(id: number): void {
    this.#running.get(id)?.abort(new ClosedError('the caller gave up'));
  }

  /** Aborts every handler that still runs, and refuses every later call, with `error`. */
  end(error: unknown): void {
    this.#ended ??= { error };
    for (const abort of this.#running.values()) abort.abort(error);
  }

  /** Runs the handler for `name`. */
  async handle(name: string, params: unknown, context: HandlerContext): Promise<unknown> {
    const handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
    if (typeof handler !== 'function') throw new SpillwayError('CALL_UNKNOWN', `nobody handles '${name}'`);
    return (handler as Handler)(params, context);
  }

  #reply(signal: AbortSignal, message: ControlMessage): void {
    if (!signal.aborted) this.#post(message);
  }
}

function tooManyRunning(name: string): OverflowError {
  return new OverflowError('OVERFLOW_CALLS', `'${name}' not handled: ${maxPendingCalls} handlers still run`);
}

/** Posts if the control lane has room. For what nobody here could do anything else about. */
export function attempt(post: () => void): void {
  try {
    post();
  } catch {}
}
