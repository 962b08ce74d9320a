import type { Service } from '../core/service.ts';

/** One word for a probe: does its work; does it with a limp; does not. */
export type HealthStatus = 'healthy' | 'degraded' | 'failing';

/** What a child does at the moment. */
export type ChildState =
  /** To be started: the supervisor does not run, children before it are not ready, or it restarts with another one. */
  | 'waiting'
  /** Runs and has not called `ready()` yet, which it was given a time limit for. */
  | 'starting'
  /** Does its work. */
  | 'running'
  /** Was asked to stop and has not ended yet. */
  | 'stopping'
  /** Ended; will be started again after the back-off. */
  | 'backing-off'
  /** Was asked to stop, did not within its time limit, and is not replaced as long as it lives. */
  | 'stuck'
  /** Ended by itself and is not started again. */
  | 'finished'
  /** Ended because it was asked to, by `stopChild` or as the supervisor stopped. */
  | 'stopped';

/** Why a child's `run` ended. */
export type ExitReason =
  /** It returned although nobody asked it to. */
  | 'returned'
  /** It returned before it was `ready()` and so declined to run: OTP's `ignore`. Only with a start limit. */
  | 'ignored'
  /** It threw a `ShutdownError`: it ended on purpose. */
  | 'shutdown'
  /** It threw. */
  | 'failed'
  /** It did not call `beat()` within its heartbeat limit. */
  | 'hung'
  /** It did not call `ready()` within its start limit. */
  | 'start-timeout'
  /** The supervisor asked it to stop. */
  | 'stopped'
  /** The supervisor asked it to stop, it did not in time, and its `kill()` ended it. */
  | 'killed';

/** How one incarnation of a child ended. Plain data, so that it can be shown as it is. */
export interface ChildExit {
  /** Why it ended. */
  readonly reason: ExitReason;
  /** Code and message of what it threw, or of the limit it did not keep; absent after an end in good order. */
  readonly error?: string;
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** How long that incarnation had lived, in ms. */
  readonly ranForMs: number;
}

/** A child as it is at this moment. Plain data, ready for JSON. */
export interface ChildHealth<Name extends string = string> {
  /** The service's name. */
  readonly name: Name;
  /** What it does. */
  readonly state: ChildState;
  /** One word for a probe. */
  readonly status: HealthStatus;
  /** Which life it is in; 1 is the first, 0 means never started. */
  readonly incarnation: number;
  /** Restarts since the supervisor was created. */
  readonly restartsTotal: number;
  /** How long this incarnation has lived, in ms; `null` when none lives. */
  readonly uptimeMs: number | null;
  /** Time since the last `beat()`, or since the start, in ms; `null` without heartbeat limit or when none lives. */
  readonly lastBeatAgeMs: number | null;
  /** When it is started again, in ms from now; `null` unless it backs off. */
  readonly nextRestartInMs: number | null;
  /** How the previous incarnation ended; `null` when there was none. */
  readonly lastExit: ChildExit | null;
  /** The subtree, when the child is a supervisor. */
  readonly supervisor: SupervisorHealth | null;
}

/** A supervisor and everything below it, as it is at this moment. Plain data, ready for JSON. */
export interface SupervisorHealth<Name extends string = string> {
  /** The supervisor's name. */
  readonly name: string;
  /** The worst word of its children; `failing` when it does not run. */
  readonly status: HealthStatus;
  /** What it does. `idle` and `gave-up` do not run: the latter's last run failed, by its restart limit or at the start. */
  readonly state: 'idle' | 'running' | 'stopping' | 'gave-up';
  /** Restarts within the window that ends now. */
  readonly restartsInWindow: number;
  /** Restarts the window may hold. */
  readonly maxRestarts: number;
  /** Length of the window in ms. */
  readonly restartWindowMs: number;
  /** Restarts of all children since the supervisor was created. */
  readonly restartsTotal: number;
  /** The children in start order. */
  readonly children: readonly ChildHealth<Name>[];
}

const severity: Readonly<Record<HealthStatus, number>> = { healthy: 0, degraded: 1, failing: 2 };

/** The worst of several words; `healthy` for none. */
export function worstStatus(statuses: Iterable<HealthStatus>): HealthStatus {
  let worst: HealthStatus = 'healthy';
  for (const status of statuses) if (severity[status] > severity[worst]) worst = status;
  return worst;
}

/** What a service that is a supervisor can tell. It may be of another copy of this package, or wrapped. */
export interface SupervisorLike {
  health(): SupervisorHealth;
}

/** Recognises a supervisor by what it can do, so that whoever only looks at the tree need not import the class. */
export function isSupervisor(service: unknown): service is SupervisorLike & Service {
  const { health, add } = service as { readonly health?: unknown; readonly add?: unknown };
  return typeof health === 'function' && typeof add === 'function';
}
