import { onAbort, settledWithin } from '../core/abort.ts';
import type { Timer } from '../core/clock.ts';
import { fromErrorRecord } from '../core/error-transfer.ts';
import { ClosedError, OverflowError, SpillwayError, WorkerExitError } from '../core/errors.ts';
import type { ServiceContext } from '../core/service.ts';
import { Crew } from './crew.ts';
import { type GiveUp, Job } from './job.ts';
import type { ExecOptions, ResolvedPoolOptions } from './options.ts';
import type { PoolTally } from './pool-tally.ts';
import type { PoolThread } from './pool-thread.ts';
import { TaskLine } from './task-line.ts';
import type { ThreadReplaced } from './types.ts';

/** What a session tells. */
export interface SessionHooks {
  replaced(event: ThreadReplaced): void;
  lost(): void;
  saturated(): void;
}

// An answer just after a look spares the next question. So an idle pool is silent for two intervals at most, half of the
// smallest heartbeat limit that makes sense for threads.
const probeIntervalMs = 250;

/** One run of a pool: its tasks, and the crew that works on them. */
export class PoolSession {
  readonly #options: ResolvedPoolOptions;
  readonly #tally: PoolTally;
  readonly #hooks: SessionHooks;
  readonly #line = new TaskLine<Job>();
  readonly #running = new Map<Job, PoolThread>();
  readonly #started = Promise.withResolvers<void>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  #crew: Crew | undefined;
  #isStopping = false;
  #isOver = false;
  #hasAnswered = false;
  #beat: () => void = () => {};
  #probeTimer: Timer | undefined;

  constructor(options: ResolvedPoolOptions, tally: PoolTally, hooks: SessionHooks) {
    this.#options = options;
    this.#tally = tally;
    this.#hooks = hooks;
    this.#over.promise.catch(() => {}); // `run` may not have come to wait for it yet.
  }

  get queued(): number {
    return this.#line.length;
  }

  get running(): number {
    return this.#running.size;
  }

  get threads(): number {
    return this.#crew?.size ?? 0;
  }

  get respawnsInWindow(): number {
    return this.#crew?.respawnsInWindow ?? 0;
  }

  get oldestRunningMs(): number {
    return Math.max(0, ...[...this.#running.keys()].map((job) => job.ranForMs));
  }

  /** Takes a task on and settles with it. */
  exec(task: unknown, options: ExecOptions): Promise<unknown> {
    const { name, maxThreads, maxQueue } = this.#options;
    if (this.#isStopping) throw new ClosedError(`${name} is stopping: it takes no tasks`);
    if (this.#line.length + this.#running.size >= maxThreads + maxQueue) {
      this.#tally.refused++;
      this.#hooks.saturated();
      throw new OverflowError('OVERFLOW_TASKS', `${name} is full: ${maxThreads} tasks run, ${maxQueue} wait`);
    }
    const job = new Job(task, options, this.#options, this.#tally, (late, why) => this.#giveUp(late, why));
    this.#line.push(job);
    this.#dispatch();
    return job.outcome;
  }

  /** Works until it is stopped or fails, and until its threads have ended. */
  async run({ signal, ready, beat }: ServiceContext): Promise<void> {
    const release = onAbort(signal, () => void this.stop());
    this.#beat = beat;
    try {
      await this.#openCrew();
      await Promise.race([this.#started.promise, this.#over.promise]);
      if (!this.#isStopping) ready();
      this.#probe();
      await this.#over.promise;
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      release();
      this.#probeTimer?.cancel();
      this.#cutOff(new ClosedError(`${this.#options.name} was closed before the task was done`));
      await this.#crew?.close();
    }
  }

  /** Takes no more tasks and gives those that it has their grace. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#checkDrained();
    await settledWithin(this.#options.clock, this.#options.graceMs, this.#drained.promise);
    this.kill();
  }

  /** Ends at once. */
  kill(): void {
    this.#isStopping = true;
    this.#isOver = true;
    this.#drained.resolve(); // A `stop` that still waits holds a timer.
    this.#over.resolve();
  }

  async #openCrew(): Promise<void> {
    this.#refuseLost();
    const { Piscina } = await import('piscina');
    if (this.#isOver) return;
    this.#crew = new Crew(Piscina, this.#options, {
      waiting: () => this.#line.length,
      answered: () => this.#onAnswer(),
      replaced: (event) => this.#onReplaced(event),
      lost: (change) => this.#onLost(change),
      failed: (error) => this.#fail(error),
    });
    this.#crew.staff();
  }

  #dispatch(): void {
    const crew = this.#crew;
    if (crew === undefined) return;
    while (this.#line.length > 0) {
      const thread = crew.take();
      if (thread === undefined) break;
      void this.#perform(this.#line.shift()!, thread, crew);
    }
    crew.staff();
  }

  async #perform(job: Job, thread: PoolThread, crew: Crew): Promise<void> {
    this.#running.set(job, thread);
    job.start();
    try {
      const answer = await thread.send({ task: job.task }, job.options.transfer);
      if ('error' in answer) job.reject('failed', fromErrorRecord(answer.error));
      else job.resolve(answer.result);
    } catch (error) {
      job.reject('failed', this.#failureOf(thread, error));
    }
    this.#running.delete(job);
    crew.free(thread);
    this.#checkDrained();
  }

  #failureOf({ verdict }: PoolThread, cause: unknown): unknown {
    if (verdict?.reason === 'failed') return verdict.error;
    const message = `the task of ${this.#options.name} cannot be copied to a thread`;
    return new SpillwayError('TASK_UNSERIALIZABLE', message, { cause });
  }

  #giveUp(job: Job, why: GiveUp): void {
    const thread = this.#running.get(job);
    thread?.end({ reason: why === 'timedOut' ? 'task-timeout' : 'task-aborted' });
    if (thread !== undefined) return;
    this.#line.remove(job);
    if (why === 'timedOut') this.#hooks.saturated();
    this.#checkDrained();
  }

  #onAnswer(): void {
    this.#hasAnswered = true;
    this.#beat();
    if ((this.#crew?.loaded ?? 0) >= this.#options.minThreads) this.#started.resolve();
    this.#dispatch();
  }

  // Progress is an answer of a thread. Without tasks there is none, so an idle thread is asked for one. While every thread
  // is busy there is nobody to ask, and a pool whose threads all hang must not look healthy.
  #probe(): void {
    if (this.#isOver) return;
    if (!this.#hasAnswered) this.#crew?.probe();
    this.#hasAnswered = false;
    this.#probeTimer = this.#options.clock.setTimer(probeIntervalMs, () => this.#probe());
  }

  #onReplaced(event: ThreadReplaced): void {
    if (event.reason === 'failed') this.#tally.respawns++;
    this.#hooks.replaced(event);
  }

  #onLost(change: 1 | -1): void {
    this.#tally.lostThreads += change;
    if (change === -1) return;
    this.#hooks.lost();
    try {
      this.#refuseLost();
    } catch (error) {
      this.#fail(error);
    }
  }

  #refuseLost(): void {
    const { lostThreads } = this.#tally;
    const { name, maxLostThreads } = this.#options;
    if (lostThreads <= maxLostThreads) return;
    const message = `${name}: ${lostThreads} threads are stuck in native calls, limit ${maxLostThreads}; only a new process frees them`;
    throw new WorkerExitError('WORKER_HUNG', message);
  }

  #fail(error: unknown): void {
    this.#isStopping = true;
    this.#isOver = true;
    this.#over.reject(error);
    this.#cutOff(error);
  }

  #cutOff(error: unknown): void {
    for (const job of this.#line.all()) {
      this.#line.remove(job);
      job.reject('cutOff', error);
    }
    for (const [job, { verdict }] of this.#running) {
      if (verdict?.reason !== 'failed') job.reject('cutOff', error); // Else its own error is on its way.
    }
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#isStopping && this.#line.length + this.#running.size === 0) this.#drained.resolve();
  }
}
