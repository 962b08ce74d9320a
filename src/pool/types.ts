import type { WorkerExitError } from '../core/errors.ts';

/** Why a thread ended. */
export type ThreadEndReason =
  /** It ended on its own: an uncaught error, `process.exit()`, out of memory, a file that does not load. */
  | 'failed'
  /** Its task ran longer than its limit. */
  | 'task-timeout'
  /** Its task was given up. */
  | 'task-aborted';

/** Payload of `threadReplaced`. */
export interface ThreadReplaced {
  /** Why the thread ended. */
  readonly reason: ThreadEndReason;
  /** Set when it ended on its own. */
  readonly error?: WorkerExitError;
}

/** Payload of `threadLost`. */
export interface ThreadLost {
  /** How many threads are stuck now. */
  readonly lostThreads: number;
}

/** Payload of `saturated`. */
export interface PoolSaturated {
  /** Tasks that wait. */
  readonly queued: number;
  /** Tasks that were refused so far, in total. */
  readonly refused: number;
}

/** What a {@link WorkerPool} tells. */
export type WorkerPoolEvents = {
  /** A thread ended before its time; another one takes its place when there is work for it. */
  threadReplaced: [ThreadReplaced];
  /** A thread is stuck in a native call and could not be ended. */
  threadLost: [ThreadLost];
  /** The threads cannot keep up: a task was refused, or waited for too long. At most once a second. */
  saturated: [PoolSaturated];
};

/** A moment of a {@link WorkerPool}. Counts of tasks go on over restarts. */
export interface WorkerPoolStats {
  /** Tasks that wait for a thread. */
  readonly queued: number;
  /** Tasks that run. */
  readonly running: number;
  /** Tasks that returned a result. */
  readonly completed: number;
  /** Tasks that threw, could not be copied, or whose thread ended under them. */
  readonly failed: number;
  /** Tasks that waited or ran longer than their limit. */
  readonly timedOut: number;
  /** Tasks that their caller gave up after they were accepted. */
  readonly aborted: number;
  /** Accepted tasks that the end of the pool cut off. */
  readonly cutOff: number;
  /** Tasks that were not accepted because the queue was full. */
  readonly refused: number;
  /** Threads that live and answer to the pool, those that start included. */
  readonly threads: number;
  /** Threads that are stuck in a native call. One that comes free after all ends, and counts no more. */
  readonly lostThreads: number;
  /** Threads that ended on their own within the window of the respawn limit. */
  readonly respawnsInWindow: number;
  /** Threads that ended on their own, in total. */
  readonly respawnsTotal: number;
  /** How long the longest running task has been running, in ms. */
  readonly oldestRunningMs: number;
  /** Time in the queue of all tasks that were started, in ms, exact to 1 %. */
  readonly waitTimeMs: Percentiles;
  /** Time in a thread of all tasks that were started and have ended, in ms, exact to 1 %. */
  readonly runTimeMs: Percentiles;
}

/** Half of all values, and 99 % of them, lie at or below these. 0 while there are none. */
export interface Percentiles {
  /** The median. */
  readonly p50: number;
  /** The 99th percentile. */
  readonly p99: number;
}
