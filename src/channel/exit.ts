import { describeError } from '../core/error-transfer.ts';
import { WorkerExitError } from '../core/errors.ts';
import type { ThreadEnd } from './thread-host.ts';

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
}

/** What the parent decided before the worker ended. */
export interface Verdict {
  readonly reason: WorkerExitReason;
  /** The limit that was not kept, in ms. */
  readonly limitMs?: number;
}

/** What is said of a thread that could not be ended. */
export const leftBehindNote = 'it is blocked in a native call and was left behind';

/** Puts together what the parent decided, what the worker said and how its thread ended. */
export function exitOf(
  name: string,
  verdict: Verdict | undefined,
  hasFinished: boolean,
  end: ThreadEnd,
): WorkerExit {
  if (verdict?.reason === 'closed') return { reason: 'closed' };
  // The exit code of a thread that was terminated says nothing about it.
  const code = verdict !== undefined || end.exitCode === undefined ? {} : { exitCode: end.exitCode };
  const fail = (
    reason: WorkerExitReason,
    errorCode: ConstructorParameters<typeof WorkerExitError>[0],
    what: string,
  ): WorkerExit => ({
    reason,
    error: new WorkerExitError(errorCode, `${name} ${what}`, { ...code, cause: end.error }),
  });
  const leftBehind = end.exitCode === undefined ? `; ${leftBehindNote}` : '';
  // A thread that closed its end and then fell silent was only kept alive by something it left behind.
  if (verdict?.reason === 'hung' && !hasFinished) {
    return fail('hung', 'WORKER_HUNG', `gave no sign of life for ${verdict.limitMs} ms${leftBehind}`);
  }
  if (verdict?.reason === 'start-timeout') {
    return fail(
      'start-timeout',
      'WORKER_START_TIMEOUT',
      `did not serve within ${verdict.limitMs} ms${leftBehind}`,
    );
  }
  if (end.error !== undefined) return fail('failed', 'WORKER_FAILED', `failed: ${describeError(end.error)}`);
  if (hasFinished) return { reason: 'finished' };
  return fail('exited', 'WORKER_EXITED', `exited with code ${end.exitCode}`);
}
