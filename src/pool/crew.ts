import type { Piscina } from 'piscina';
import type { Timer } from '../core/clock.ts';
import { describeError, fromErrorRecord } from '../core/error-transfer.ts';
import { RestartLimitError, type SpillwayError, WorkerExitError } from '../core/errors.ts';
import { RestartWindow } from '../core/restart-window.ts';
import type { ResolvedPoolOptions } from './options.ts';
import { PoolThread, type Verdict } from './pool-thread.ts';
import type { ThreadReplaced } from './types.ts';

/** What a crew needs of whoever gives it work. */
export interface CrewHooks {
  /** How many tasks wait for a thread. */
  waiting(): number;
  /** A thread has shown that it works. It is idle now. */
  answered(): void;
  /** A thread ended before its time. */
  replaced(event: ThreadReplaced): void;
  /** A thread could not be ended, or has ended after all. */
  lost(change: 1 | -1): void;
  /** No thread is started any more. */
  failed(error: SpillwayError): void;
}

/** The threads of one run: started when there is work, replaced when they end, sent home when there is too little. */
export class Crew {
  readonly #PiscinaClass: typeof Piscina;
  readonly #options: ResolvedPoolOptions;
  readonly #hooks: CrewHooks;
  readonly #budget: RestartWindow;
  readonly #threads = new Set<PoolThread>();
  readonly #idle: PoolThread[] = [];
  readonly #leaving = new Set<Promise<unknown>>();
  // These are idle as soon as they have answered: the new ones, and one that is probed.
  readonly #asked = new Set<PoolThread>();
  #isOpen = true;

  constructor(PiscinaClass: typeof Piscina, options: ResolvedPoolOptions, hooks: CrewHooks) {
    this.#PiscinaClass = PiscinaClass;
    this.#options = options;
    this.#hooks = hooks;
    this.#budget = new RestartWindow(options.maxRespawns, options.respawnWindowMs);
  }

  get size(): number {
    return this.#threads.size;
  }

  /** Threads that have loaded the file, idle or busy. */
  get loaded(): number {
    return this.#threads.size - this.#asked.size;
  }

  get respawnsInWindow(): number {
    return this.#budget.count(this.#options.clock.nowMs());
  }

  /** Starts what is missing: up to `minThreads`, or a thread for each task that waits, up to `maxThreads`. */
  staff(): void {
    while (this.#isOpen && this.#isShort()) this.#spawn();
  }

  /** An idle thread, for the caller to use and to give back with `free`. The one that worked last, so that others rest. */
  take(): PoolThread | undefined {
    const thread = this.#idle.pop();
    thread?.idleTimer?.cancel();
    return thread;
  }

  /** Takes a thread back that answered. */
  free(thread: PoolThread): void {
    if (thread.verdict !== undefined) return;
    this.#idle.push(thread);
    if (this.#threads.size > this.#options.minThreads) thread.idleTimer = this.#rest(thread);
    this.#hooks.answered();
  }

  /** Asks an idle thread, if there is one, to answer. */
  probe(): void {
    const thread = this.take();
    if (thread !== undefined) void this.#ask(thread);
  }

  /** Ends all threads at once and starts no more. Waits until each has ended or was found to be lost. */
  async close(): Promise<void> {
    this.#isOpen = false;
    for (const thread of [...this.#threads]) thread.end({ reason: 'dismissed' });
    await Promise.all(this.#leaving);
  }

  #isShort(): boolean {
    const { minThreads, maxThreads } = this.#options;
    if (this.#threads.size < minThreads) return true;
    return this.#threads.size < maxThreads && this.#idle.length + this.#asked.size < this.#hooks.waiting();
  }

  #spawn(): void {
    let thread: PoolThread;
    try {
      thread = new PoolThread(this.#PiscinaClass, this.#options, {
        ended: (ended) => this.#onEnded(ended),
        lost: () => this.#hooks.lost(1),
        found: () => this.#hooks.lost(-1),
      });
    } catch (cause) {
      const message = `no thread of ${this.#options.name} could be made`;
      return this.#give(new WorkerExitError('WORKER_FAILED', message, { cause }));
    }
    this.#threads.add(thread);
    void this.#ask(thread);
  }

  /** Has the thread load the file, or prove that it has. */
  async #ask(thread: PoolThread): Promise<void> {
    const { name, file, clock, startTimeoutMs } = this.#options;
    const late = `a thread of ${name} did not answer within ${startTimeoutMs} ms`;
    const timer = clock.setTimer(startTimeoutMs, () => thread.end(failed('WORKER_START_TIMEOUT', late)));
    this.#asked.add(thread);
    try {
      const answer = await thread.send({ file: file.href });
      if ('error' in answer) thread.end(loadFailure(name, fromErrorRecord(answer.error)));
    } catch {
      // It has ended, and `ended` was told why.
    } finally {
      timer.cancel();
    }
    this.#asked.delete(thread);
    this.free(thread);
  }

  #rest(thread: PoolThread): Timer {
    const { clock, idleTimeoutMs, minThreads } = this.#options;
    return clock.setTimer(idleTimeoutMs, () => {
      if (this.#threads.size > minThreads) thread.end({ reason: 'dismissed' });
    });
  }

  #onEnded(thread: PoolThread): void {
    this.#forget(thread);
    const verdict = thread.verdict;
    if (!this.#isOpen || verdict === undefined || verdict.reason === 'dismissed') return;
    this.#hooks.replaced(verdict);
    if (verdict.reason === 'failed') this.#charge(verdict.error);
    this.staff();
  }

  #forget(thread: PoolThread): void {
    this.#threads.delete(thread);
    this.#asked.delete(thread);
    thread.idleTimer?.cancel();
    const index = this.#idle.indexOf(thread);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#leaving.add(thread.gone);
    void thread.gone.then(() => this.#leaving.delete(thread.gone));
  }

  #charge(cause: WorkerExitError): void {
    const { name, clock, maxRespawns, respawnWindowMs } = this.#options;
    if (this.#budget.admit(clock.nowMs())) return;
    const message = `${name}: more than ${maxRespawns} threads ended on their own within ${respawnWindowMs} ms`;
    this.#give(new RestartLimitError(message, { cause }));
  }

  #give(error: SpillwayError): void {
    this.#isOpen = false;
    this.#hooks.failed(error);
  }
}

function failed(
  code: 'WORKER_START_TIMEOUT' | 'WORKER_FAILED',
  message: string,
  options?: ErrorOptions,
): Verdict {
  return { reason: 'failed', error: new WorkerExitError(code, message, options) };
}

function loadFailure(name: string, cause: Error): Verdict {
  return failed('WORKER_FAILED', `a thread of ${name} could not load its file: ${describeError(cause)}`, {
    cause,
  });
}
