import { fileURLToPath } from 'node:url';
import type { Transferable, Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { settledWithin } from '../core/abort.ts';
import type { Timer } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import { WorkerExitError } from '../core/errors.ts';
import { siblingModule } from '../core/sibling-module.ts';
import type { ResolvedPoolOptions } from './options.ts';
import type { ThreadEndReason } from './types.ts';
import type { PoolAnswer, PoolMessage } from './wire.ts';

/** What a thread's owner hears of it. */
export interface ThreadHooks {
  /** It takes no more messages; what it was busy with is settled next. */
  ended(thread: PoolThread): void;
  /** It ought to have ended and has not: it is stuck in a native call. */
  lost(): void;
  /** A lost one has ended after all. */
  found(): void;
}

/** Why the pool ends a thread: one of the reasons that are told, or one that is nobody's concern. */
export type Verdict =
  | { readonly reason: Exclude<ThreadEndReason, 'failed'> }
  | { readonly reason: 'dismissed' }
  | { readonly reason: 'failed'; readonly error: WorkerExitError };

// A thread that runs JavaScript, even an endless loop, is gone 2 ms after terminate().
const terminateLimitMs = 1_000;

/**
 * One thread, hosted by a Piscina of size one. A larger Piscina replaces its threads as fast as they die and tells nobody,
 * and gives up for ever on tasks that wait when a thread fails to load. Here the pool decides about each thread.
 */
export class PoolThread {
  /** Settles, and never rejects, when the thread has ended or was found to be lost. */
  readonly gone: Promise<unknown>;
  /** For the pool: ends the thread when it has been idle for too long. */
  idleTimer: Timer | undefined;
  readonly #name: string;
  readonly #piscina: Piscina<PoolMessage, PoolAnswer>;
  readonly #gone = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #verdict: Verdict | undefined;

  constructor(PiscinaClass: typeof Piscina, options: ResolvedPoolOptions, hooks: ThreadHooks) {
    this.#name = options.name;
    this.gone = this.#gone.promise;
    this.#piscina = createHost(PiscinaClass, options);
    const worker = this.#piscina.threads[0]!;
    // Before Piscina's own listeners, which settle the task: its error says what happened to the thread.
    worker.prependListener('error', (error) => this.#fail(describeCrash(error), { cause: error }));
    worker.prependListener('exit', (exitCode) => {
      this.#fail(['WORKER_EXITED', `exited with code ${exitCode}`], { exitCode });
      this.#exited.resolve();
    });
    this.#piscina.on('error', () => {}); // Told by the worker itself, above.
    this.#piscina.once('workerDestroy', () => {
      void this.#piscina.destroy(); // Or Piscina starts a thread in its place.
      void this.#watchEnd(worker, options, hooks);
      hooks.ended(this);
    });
  }

  /** Why it ended, once it takes no more messages. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** Hands it a message. Rejects when the message cannot be copied, and when the thread ends without an answer. */
  send(message: PoolMessage, transfer: readonly Transferable[] = []): Promise<PoolAnswer> {
    return this.#piscina.run(message, { transferList: [...transfer] as never });
  }

  /** Ends it at once. The first verdict counts. */
  end(verdict: Verdict): void {
    if (this.#verdict !== undefined) return;
    this.#verdict = verdict;
    void this.#piscina.destroy();
  }

  /** Ends it for a failure of its own. */
  #fail([code, what]: Crash, options: ErrorOptions & { exitCode?: number }): void {
    const error = new WorkerExitError(code, `a thread of ${this.#name} ${what}`, options);
    this.#verdict ??= { reason: 'failed', error };
  }

  async #watchEnd(worker: Worker, { clock }: ResolvedPoolOptions, hooks: ThreadHooks): Promise<void> {
    const exited = this.#exited.promise;
    if ((await settledWithin(clock, terminateLimitMs, exited)) === 'elapsed') {
      worker.unref();
      hooks.lost();
      void exited.then(hooks.found);
    }
    this.#gone.resolve();
  }
}

type Crash = readonly [code: ConstructorParameters<typeof WorkerExitError>[0], what: string];

function describeCrash(error: unknown): Crash {
  const { code, stack } = (error ?? {}) as { readonly code?: unknown; readonly stack?: unknown };
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') return ['WORKER_OUT_OF_MEMORY', 'ran out of memory'];
  // A DOMException loses name and message on its way out of a thread; its stack still begins with both.
  const headline = typeof stack === 'string' ? stack.slice(0, stack.indexOf('\n')) : '';
  if (!headline.startsWith('DataCloneError')) return ['WORKER_FAILED', `failed: ${describeError(error)}`];
  return ['RESULT_UNSERIALIZABLE', `cannot copy back what its task returned: ${headline}`];
}

function createHost(
  PiscinaClass: typeof Piscina,
  { workerData, resourceLimits }: ResolvedPoolOptions,
): Piscina<PoolMessage, PoolAnswer> {
  return new PiscinaClass<PoolMessage, PoolAnswer>({
    filename: fileURLToPath(siblingModule('pool.worker', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    recordTiming: false,
    workerData,
    ...(resourceLimits !== undefined && { resourceLimits }),
  });
}
