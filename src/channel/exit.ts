import { describeError } from '../core/error-transfer.ts';
import { type SpillwayErrorCode, WorkerExitError } from '../core/errors.ts';
import type { WorkerEnd } from './worker-host.ts';

/** Why a worker ended. */
export type WorkerExitReason =
  /** The parent closed the channel. */
  | 'closed'
  /** The worker closed its end. */
  | 'finished'
  /** It exited without closing its end: `process.exit()`, or nothing was left to do. */
  | 'exited'
  /** Nobody caught an error in it. */
  | 'failed'
  /** It used up its heap. */
  | 'out-of-memory'
  /** A signal from outside, or a crash, ended its process. */
  | 'killed'
  /** Its event loop stood still for longer than its heartbeat limit. */
  | 'hung'
  /** It did not call `serveChannel` within its start limit. */
  | 'start-timeout';

/** How a worker ended. */
export interface WorkerExit {
  /** Why. */
  readonly reason: WorkerExitReason;
  /** Set unless the end was wanted (`closed`, `finished`). */
  readonly error?: WorkerExitError;
  /**
   * Set when the worker could not be ended: its thread is blocked in a native call and still there. It holds its memory,
   * and `process.exit()` waits for it; `WorkerChannel.threadsLeftBehind` counts them.
   */
  readonly isLeftBehind?: true;
}

/** What the parent decided before the worker ended. */
export interface Verdict {
  readonly reason: WorkerExitReason;
  /** The limit that was not kept, in ms. */
  readonly limitMs?: number;
}

/** What was known of a worker when it ended. */
export interface LastKnown {
  readonly name: string;
  readonly verdict: Verdict | undefined;
  /** Whether it had called `serveChannel`. */
  readonly hasServed: boolean;
  /** Whether it had ended its data lane. */
  readonly hasFinished: boolean;
}

/** What is said of a thread that could not be ended. */
export const leftBehindNote = 'it is blocked in a native call and was left behind';

interface Judgement {
  readonly reason: WorkerExitReason;
  readonly code?: SpillwayErrorCode;
  readonly what?: string;
  readonly cause?: unknown;
}

/** Puts together what the parent decided, what the worker said and how its host saw it end. */
export function exitOf(known: LastKnown, end: WorkerEnd): WorkerExit {
  const { reason, code, what, cause } = judge(known, end);
  const leftBehind = end.isLeftBehind === true ? ({ isLeftBehind: true } as const) : {};
  if (code === undefined) return { reason, ...leftBehind };
  const note = end.isLeftBehind === true ? `; ${leftBehindNote}` : '';
  const error = new WorkerExitError(code, `${known.name} ${what}${note}`, {
    phase: known.hasServed ? 'serving' : 'starting',
    // What a worker that was ended exited with says nothing about it.
    ...(known.verdict === undefined && end.exitCode !== undefined && { exitCode: end.exitCode }),
    ...(known.verdict === undefined && end.signal !== undefined && { signal: end.signal }),
    ...(reason === 'hung' && { hang: end.hang ?? 'unknown' }),
    cause,
  });
  return { reason, error, ...leftBehind };
}

function judge({ verdict, hasServed, hasFinished }: LastKnown, end: WorkerEnd): Judgement {
  const cause = end.error;
  if (verdict?.reason === 'closed') return { reason: 'closed' };
  // A worker that closed its end and then fell silent was only kept alive by something it left behind.
  if (verdict?.reason === 'hung' && !hasFinished) {
    const what = `gave no sign of life for ${verdict.limitMs} ms: ${hangNotes[end.hang ?? 'unknown']}`;
    return { reason: 'hung', code: 'WORKER_HUNG', what, cause };
  }
  if (verdict?.reason === 'start-timeout') {
    const what = `did not serve within ${verdict.limitMs} ms`;
    return { reason: 'start-timeout', code: 'WORKER_START_TIMEOUT', what, cause };
  }
  if (end.isOutOfMemory)
    return { reason: 'out-of-memory', code: 'WORKER_OUT_OF_MEMORY', what: 'ran out of heap', cause };
  if (cause !== undefined) {
    const what = `${hasServed ? 'failed' : 'failed before it served'}: ${describeError(cause)}`;
    return { reason: 'failed', code: 'WORKER_FAILED', what, cause };
  }
  if (hasFinished) return { reason: 'finished' };
  if (end.signal !== undefined) return killed(end);
  const what = `${hasServed ? 'exited' : 'exited before it served,'} with code ${end.exitCode}`;
  return { reason: 'exited', code: 'WORKER_EXITED', what };
}

const hangNotes = {
  javascript: 'it runs JavaScript without a pause, or waits in Atomics.wait',
  native: 'it is inside a native call',
  unknown: 'its event loop stands still',
} as const;

function killed({ signal, lastWords }: WorkerEnd): Judgement {
  const cause = lastWords ? new Error(lastWords) : undefined;
  return { reason: 'killed', code: 'WORKER_KILLED', what: `was ended by ${signal}`, cause };
}
