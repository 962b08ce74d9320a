import { onAbort } from '../core/abort.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { TimeoutError } from '../core/errors.ts';
import type { ExecOptions, ResolvedPoolOptions } from './options.ts';
import type { PoolTally, TaskFate } from './pool-tally.ts';

/** Why a task ends from outside: its limit has passed, or its caller gave it up. */
export type GiveUp = 'timedOut' | 'aborted';

/** An accepted task: waits, runs, and is settled exactly once, whoever comes first. */
export class Job {
  readonly task: unknown;
  readonly options: ExecOptions;
  /** Settles with the task. */
  readonly outcome: Promise<unknown>;
  readonly #pool: ResolvedPoolOptions;
  readonly #clock: Clock;
  readonly #tally: PoolTally;
  readonly #onGiveUp: (job: Job, why: GiveUp) => void;
  readonly #outcome = Promise.withResolvers<unknown>();
  readonly #acceptedAtMs: number;
  #startedAtMs: number | undefined;
  #isSettled = false;
  #timer: Timer | undefined;
  #release: () => void = () => {};

  constructor(
    task: unknown,
    options: ExecOptions,
    pool: ResolvedPoolOptions,
    tally: PoolTally,
    onGiveUp: (job: Job, why: GiveUp) => void,
  ) {
    this.task = task;
    this.options = options;
    this.outcome = this.#outcome.promise;
    this.#pool = pool;
    this.#clock = pool.clock;
    this.#tally = tally;
    this.#onGiveUp = onGiveUp;
    this.#acceptedAtMs = this.#clock.nowMs();
    this.#limit('waiting', pool.queueTimeoutMs);
    this.#release = onAbort(options.signal, () => this.#abort());
  }

  get ranForMs(): number {
    return this.#startedAtMs === undefined ? 0 : this.#clock.nowMs() - this.#startedAtMs;
  }

  /** A thread has taken it: from here on its own limit counts. */
  start(): void {
    this.#startedAtMs = this.#clock.nowMs();
    this.#tally.waitTime.record(this.#startedAtMs - this.#acceptedAtMs);
    this.#limit('running', this.options.timeoutMs ?? this.#pool.taskTimeoutMs);
  }

  resolve(result: unknown): void {
    if (this.#settle('completed')) this.#outcome.resolve(result);
  }

  reject(fate: Exclude<TaskFate, 'completed'>, error: unknown): void {
    if (this.#settle(fate)) this.#outcome.reject(error);
  }

  #settle(fate: TaskFate): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#timer?.cancel();
    this.#release();
    this.#tally.fates[fate]++;
    if (this.#startedAtMs !== undefined) this.#tally.runTime.record(this.ranForMs);
    return true;
  }

  #abort(): void {
    this.reject('aborted', this.options.signal?.reason);
    this.#onGiveUp(this, 'aborted');
  }

  #limit(phase: 'waiting' | 'running', limitMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(limitMs, () => {
      this.reject('timedOut', timeoutError(this.#pool.name, phase, limitMs));
      this.#onGiveUp(this, 'timedOut');
    });
  }
}

function timeoutError(pool: string, phase: 'waiting' | 'running', limitMs: number): TimeoutError {
  return phase === 'waiting'
    ? new TimeoutError('TASK_WAIT_TIMEOUT', `no thread of ${pool} was free for the task within ${limitMs} ms`)
    : new TimeoutError(
        'TASK_TIMEOUT',
        `a task of ${pool} was not done within ${limitMs} ms; its thread was ended`,
      );
}
