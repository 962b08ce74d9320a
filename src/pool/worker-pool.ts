import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import { ClosedError, ConfigError } from '../core/errors.ts';
import type { Service, ServiceContext } from '../core/service.ts';
import {
  checkExecOptions,
  type ExecOptions,
  type ResolvedPoolOptions,
  resolvePoolOptions,
  type WorkerPoolOptions,
} from './options.ts';
import { PoolSession } from './pool-session.ts';
import { PoolTally } from './pool-tally.ts';
import type { ThreadReplaced, WorkerPoolEvents, WorkerPoolStats } from './types.ts';

const saturatedIntervalMs = 1_000;

/**
 * Threads for work that takes a millisecond or more of a processor and keeps no state: thumbnails, hashes, checks. Each
 * thread is a Piscina; around them stand a bounded queue, a limit for each task's time, a limit for crashes, and the
 * certainty that every task is settled.
 *
 * Between two tasks a thread is parked: timers and sockets that a task leaves behind stand still. A loop that lives on
 * belongs into a worker of its own.
 *
 * A thread inside a native call cannot be ended. Its caller is answered in time and another thread takes its place, but it
 * keeps its memory, and the process cannot exit before the call returns.
 *
 * @typeParam Task - What a task is; copied to the thread as structured clone does.
 * @typeParam Result - What the file's function returns, or resolves to. Copied back; what Piscina's `move()` marked is moved.
 *
 * @example
 * ```ts
 * // thumbnail.ts: export default (frame: Uint8Array): Promise<Uint8Array> => shrink(frame);
 * const pool = new WorkerPool<Uint8Array, Uint8Array>({ file: new URL('./thumbnail.ts', import.meta.url) });
 * supervisor.add(pool);
 * const picture = await pool.exec(frame, { timeoutMs: 2_000, transfer: [frame.buffer] });
 * ```
 */
export class WorkerPool<Task, Result> extends Emitter<WorkerPoolEvents> implements Service {
  readonly name: string;
  readonly #options: ResolvedPoolOptions;
  readonly #tally = new PoolTally();
  #session: PoolSession | undefined;
  #running: Promise<void> | undefined;
  #saturatedAtMs = Number.NEGATIVE_INFINITY;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: WorkerPoolOptions) {
    const resolved = resolvePoolOptions(options);
    super(resolved.logger);
    this.name = resolved.name;
    this.#options = resolved;
  }

  /**
   * Has a thread work on `task`. Settles in any case: with the result, with what the function threw (class and code
   * included), or with an error below. Leave the task and what it transfers alone until then: it is copied when a thread
   * takes it.
   *
   * Two limits follow one another: `queueTimeoutMs` for the time until a thread takes the task, then `timeoutMs` for the
   * time in the thread. So a full queue never costs a thread.
   *
   * @throws {OverflowError} `OVERFLOW_TASKS`: the queue is full, and the task was not touched.
   * @throws {TimeoutError} `TASK_WAIT_TIMEOUT`: no thread was free in time. `TASK_TIMEOUT`: it ran for too long.
   * @throws {WorkerExitError} the thread ended under the task: `WORKER_EXITED` by `process.exit()`, `WORKER_FAILED` by an
   * uncaught error (`cause`), `WORKER_OUT_OF_MEMORY`, or `RESULT_UNSERIALIZABLE` by a result that cannot be copied.
   * @throws {SpillwayError} `TASK_UNSERIALIZABLE`: the task cannot be copied.
   * @throws {ClosedError} before `run`, while it stops, and for tasks that its grace did not suffice for. When `run`
   * fails, its error.
   */
  async exec(task: Task, options: ExecOptions = {}): Promise<Result> {
    checkExecOptions(options);
    options.signal?.throwIfAborted();
    if (this.#session === undefined) throw new ClosedError(`${this.name} is not running: it takes no tasks`);
    return (await this.#session.exec(task, options)) as Result;
  }

  /**
   * Works until `signal` aborts: then takes no more tasks, finishes those that it has within `graceMs`, ends the threads
   * and returns. Ready when `minThreads` have loaded the file. May run again after it settled.
   *
   * It beats when a thread answers, and has an idle one answer every half second. So a supervisor's heartbeat limit must
   * lie above `taskTimeoutMs` plus the time a thread takes to load: while all threads are busy, none of them answers.
   *
   * @throws {RestartLimitError} when more than `maxRespawns` threads ended on their own; `cause` is the last one's error.
   * @throws {WorkerExitError} `WORKER_HUNG` when more than `maxLostThreads` are stuck in native calls; `WORKER_FAILED` when
   * no thread can be made, such as with `workerData` that cannot be copied.
   * @throws {ConfigError} when it runs already.
   */
  run(context: ServiceContext): Promise<void> {
    if (this.#session !== undefined) return Promise.reject(new ConfigError(`${this.name} runs already`));
    this.#session = new PoolSession(this.#options, this.#tally, {
      replaced: (event) => this.#onReplaced(event),
      lost: () => this.#onLost(),
      saturated: () => this.#onSaturated(),
    });
    this.#running = this.#session.run(context).finally(() => {
      this.#session = undefined;
    });
    return this.#running;
  }

  /** Ends a `run` at once: tasks that are not done are rejected with {@link ClosedError}. */
  kill(): void {
    this.#session?.kill();
  }

  /** Stops as an abort does, and waits until `run` has settled. Its error, if any, stays with `run`. */
  async [Symbol.asyncDispose](): Promise<void> {
    void this.#session?.stop();
    await this.#running?.catch(() => {});
  }

  /** What the pool is doing, and what it has done in all its runs. */
  stats(): WorkerPoolStats {
    const { fates, refused, respawns, lostThreads, waitTime, runTime } = this.#tally;
    return {
      ...fates,
      refused,
      lostThreads,
      queued: this.#session?.queued ?? 0,
      running: this.#session?.running ?? 0,
      threads: this.#session?.threads ?? 0,
      respawnsInWindow: this.#session?.respawnsInWindow ?? 0,
      respawnsTotal: respawns,
      oldestRunningMs: this.#session?.oldestRunningMs ?? 0,
      waitTimeMs: waitTime.percentiles(),
      runTimeMs: runTime.percentiles(),
    };
  }

  #onReplaced(event: ThreadReplaced): void {
    const { reason, error } = event;
    const failure = error === undefined ? {} : { error: describeError(error) };
    // Who gives a task up knows that it costs a thread.
    const level = reason === 'task-aborted' ? 'debug' : 'warn';
    this.#options.logger[level]('thread ended', { pool: this.name, reason, ...failure });
    this.emit('threadReplaced', event);
  }

  #onLost(): void {
    const { lostThreads } = this.#tally;
    this.#options.logger.error('a thread is stuck in a native call', { pool: this.name, lostThreads });
    this.emit('threadLost', { lostThreads });
  }

  #onSaturated(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#saturatedAtMs < saturatedIntervalMs) return;
    this.#saturatedAtMs = nowMs;
    const event = { queued: this.#session?.queued ?? 0, refused: this.#tally.refused };
    this.#options.logger.warn('more tasks than the threads can do', { pool: this.name, ...event });
    this.emit('saturated', event);
  }
}
