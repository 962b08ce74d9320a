import { type SpillwayError, StateError, TimeoutError } from './errors.ts';

/** What a running service gets from whoever runs it. */
export interface ServiceContext {
  /**
   * Aborts when the service shall stop. `run` then tidies up and returns. A supervisor says why in `signal.reason`: a
   * `ClosedError` when that is all; a `TimeoutError` (`CHILD_HUNG`, `CHILD_START_TIMEOUT`) or a `StateError`
   * (`CHILD_RESTARTING`) when another `run` is to follow, or may.
   */
  readonly signal: AbortSignal;
  /**
   * Says once that the service does its work now: the port is open, the source connected.
   *
   * @param info - What whoever started it may want to know, such as the port. `startChild` hands it on.
   */
  ready(info?: unknown): void;
  /** Says "I made progress". A supervisor with a heartbeat limit ends a service that falls silent. */
  beat(): void;
}

/**
 * Anything long-lived. `run` returns when the work is finished, throws when it failed, and returns soon after
 * `context.signal` aborts. It may be called again after it settled: a restart is a second `run`.
 */
export interface Service {
  /** What logs, health pages and errors call it. */
  readonly name: string;
  /** Does the work until it is finished, failed or asked to stop. */
  run(context: ServiceContext): Promise<void>;
  /**
   * Ends a `run` that did not return in time after its abort, by force: terminates the thread, kills the process. `run`
   * settles soon after. Called by a supervisor; a service that cannot be forced leaves it out.
   */
  kill?(): void;
  /**
   * Called by a supervisor that was going to run it, or to run it again, and now will not: the supervisor was stopped, or
   * the child was, while it waited. For a service that has something open between two runs. Leave it out otherwise.
   */
  retire?(): void;
}

/** Whether the reason of an abort says that another `run` is to follow, or may: see {@link ServiceContext.signal}. */
export function announcesRestart(reason: unknown): reason is SpillwayError {
  return (
    reason instanceof TimeoutError || (reason instanceof StateError && reason.code === 'CHILD_RESTARTING')
  );
}

/** Runs a service without a supervisor: progress and readiness go nowhere. */
export function runAlone(
  service: Service,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  return service.run({ signal, ready() {}, beat() {} });
}
