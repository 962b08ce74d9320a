import { availableParallelism } from 'node:os';
import type { ResourceLimits, Transferable } from 'node:worker_threads';
import { checkInteger, checkKnown, checkMethods, checkMs, checkText, refusal } from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';

/** Options of a {@link WorkerPool}. */
export interface WorkerPoolOptions {
  /** The module, `.ts` or `.js`, whose default export is called with each task and returns, or resolves to, its result. */
  readonly file: URL;
  /** What logs, errors and a supervisor call it. Default: the file's name. */
  readonly name?: string;
  /** Threads that are kept although they have nothing to do, 1 to `maxThreads`. Default 1. */
  readonly minThreads?: number;
  /** Most threads, 1 to 1024. Default: what the machine runs at the same time. */
  readonly maxThreads?: number;
  /** Most tasks that may wait while `maxThreads` are busy, 0 to 1 000 000. Default 1024: a second's work of 1 ms tasks. */
  readonly maxQueue?: number;
  /**
   * How long a task may run, in ms, at least 1; its time in the queue does not count. The thread of a task that takes
   * longer is terminated. Default 30 000.
   */
  readonly taskTimeoutMs?: number;
  /** How long a task may wait for a thread, in ms, at least 1. Default 30 000. */
  readonly queueTimeoutMs?: number;
  /** How long a thread may take to load the file, in ms, at least 1. Default 10 000. */
  readonly startTimeoutMs?: number;
  /** After how long without a task a thread beyond `minThreads` ends, in ms. Default 60 000. */
  readonly idleTimeoutMs?: number;
  /**
   * Threads that may end on their own within `respawnWindowMs` and are replaced, 0 to 10 000; with one more `run` fails.
   * Those that the pool ended, for their task's time limit or abort, do not count. Default 10.
   */
  readonly maxRespawns?: number;
  /** Length of the sliding window in ms, at least 1. Default 10 000. */
  readonly respawnWindowMs?: number;
  /**
   * Threads that may be stuck in a native call, where Node cannot end them, 0 to 1024; with one more `run` fails, as only
   * a new process frees them. Each is replaced and keeps its memory. Default: `maxThreads`.
   */
  readonly maxLostThreads?: number;
  /** How long accepted tasks may take to finish once the pool is asked to stop, in ms. Default 3000. */
  readonly graceMs?: number;
  /** Limits of each thread's heap and stack, as `node:worker_threads` takes them. */
  readonly resourceLimits?: ResourceLimits;
  /** Handed to each thread, which reads it as `workerData` of `node:worker_threads`. Copied. */
  readonly workerData?: unknown;
  /** Where failures are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** Options of one task. */
export interface ExecOptions {
  /** How long this task may run, in ms, at least 1. Default: the pool's `taskTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives the task up: takes it from the queue, or terminates the thread that runs it. */
  readonly signal?: AbortSignal;
  /** Buffers and ports of the task that change hands instead of being copied; at the earliest when the task starts. */
  readonly transfer?: readonly Transferable[];
}

/** {@link WorkerPoolOptions} with every default in place. */
export type ResolvedPoolOptions = Required<Omit<WorkerPoolOptions, 'workerData' | 'resourceLimits'>> &
  Pick<WorkerPoolOptions, 'workerData' | 'resourceLimits'>;

const known: readonly (keyof WorkerPoolOptions)[] = [
  ...(['file', 'name', 'minThreads', 'maxThreads', 'maxQueue', 'taskTimeoutMs', 'queueTimeoutMs'] as const),
  ...(['startTimeoutMs', 'idleTimeoutMs', 'maxRespawns', 'respawnWindowMs', 'maxLostThreads'] as const),
  ...(['graceMs', 'resourceLimits', 'workerData', 'logger', 'clock'] as const),
];

export function resolvePoolOptions(options: WorkerPoolOptions): ResolvedPoolOptions {
  checkKnown('WorkerPool', options, known);
  const { file, logger = silentLogger, clock = systemClock, resourceLimits } = options;
  if (!(file instanceof URL)) throw refusal('file', file, 'a URL');
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  if (resourceLimits !== undefined) checkMethods('resourceLimits', resourceLimits, []);
  const maxThreads = checkInteger('maxThreads', options.maxThreads ?? availableParallelism(), 1, 1024);
  return {
    ...options,
    file,
    name: checkText('name', options.name ?? (file.pathname.split('/').at(-1) || 'pool')),
    maxThreads,
    minThreads: checkInteger('minThreads', options.minThreads ?? 1, 1, maxThreads),
    maxQueue: checkInteger('maxQueue', options.maxQueue ?? 1024, 0, 1_000_000),
    taskTimeoutMs: checkMs('taskTimeoutMs', options.taskTimeoutMs ?? 30_000, 1),
    queueTimeoutMs: checkMs('queueTimeoutMs', options.queueTimeoutMs ?? 30_000, 1),
    startTimeoutMs: checkMs('startTimeoutMs', options.startTimeoutMs ?? 10_000, 1),
    idleTimeoutMs: checkMs('idleTimeoutMs', options.idleTimeoutMs ?? 60_000),
    maxRespawns: checkInteger('maxRespawns', options.maxRespawns ?? 10, 0, 10_000),
    respawnWindowMs: checkMs('respawnWindowMs', options.respawnWindowMs ?? 10_000, 1),
    maxLostThreads: checkInteger('maxLostThreads', options.maxLostThreads ?? maxThreads, 0, 1024),
    graceMs: checkMs('graceMs', options.graceMs ?? 3_000),
    logger: safeLogger(logger),
    clock,
  };
}

const knownOfTask: readonly (keyof ExecOptions)[] = ['timeoutMs', 'signal', 'transfer'];

export function checkExecOptions(options: ExecOptions): void {
  checkKnown('exec', options, knownOfTask);
  const { timeoutMs, signal, transfer } = options;
  if (timeoutMs !== undefined) checkMs('timeoutMs', timeoutMs, 1);
  if (signal !== undefined) checkMethods('signal', signal, ['addEventListener', 'removeEventListener']);
  if (transfer !== undefined && !Array.isArray(transfer)) throw refusal('transfer', transfer, 'an array');
}
