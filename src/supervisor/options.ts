import { type Backoff, exponentialBackoff } from '../core/backoff.ts';
import { checkInteger, checkKnown, checkMethods, checkMs, checkOneOf, checkText } from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';

/** When a child that ended is started again. */
export type RestartType =
  /** Always, also after a normal return. */
  | 'permanent'
  /** Only when it failed or hung. */
  | 'transient'
  /** Never; the child is forgotten once it ended. */
  | 'temporary';

/** Options of a {@link Supervisor}. */
export interface SupervisorOptions {
  /** What logs, health pages and a parent supervisor call it. */
  readonly name: string;
  /** Restarts allowed within `restartWindowMs`, 0 to 10 000; one more and the supervisor gives up. Default 3. */
  readonly maxRestarts?: number;
  /** Length of the sliding window in ms. Longer than the back-off of `maxRestarts` restarts together. Default 5000. */
  readonly restartWindowMs?: number;
  /** How long to wait before each restart. Default {@link exponentialBackoff}: at once, then up to 100 ms, 200 ms, … */
  readonly backoff?: Backoff;
  /** Where restarts and failures are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** How a {@link Supervisor} treats one child. */
export interface ChildOptions {
  /** When it is started again after it ended. Default `'permanent'`. */
  readonly restart?: RestartType;
  /** How long it may take to stop before it is reported and left behind, in ms. Default 5000. */
  readonly stopTimeoutMs?: number;
  /**
   * How long it may take to call `ready()`, in ms. With this option the children behind it start only when it is ready;
   * without it the child counts as ready as soon as it runs.
   */
  readonly startTimeoutMs?: number;
  /** How long it may go without calling `beat()` before it is ended as hung, in ms, at least 10. Default: no limit. */
  readonly heartbeatTimeoutMs?: number;
}

/** {@link SupervisorOptions} with every default in place. */
export type ResolvedSupervisorOptions = Required<SupervisorOptions>;

/** {@link ChildOptions} with every default in place. */
export type ResolvedChildOptions = Required<Pick<ChildOptions, 'restart' | 'stopTimeoutMs'>> &
  Pick<ChildOptions, 'startTimeoutMs' | 'heartbeatTimeoutMs'>;

export function resolveSupervisorOptions(options: SupervisorOptions): ResolvedSupervisorOptions {
  checkKnown('Supervisor', options, ['name', 'maxRestarts', 'restartWindowMs', 'backoff', 'logger', 'clock']);
  const { backoff = exponentialBackoff(), logger = silentLogger, clock = systemClock } = options;
  checkMethods('backoff', backoff, ['delayMs', 'maxDelayMs']);
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  const resolved = {
    name: checkText('name', options.name),
    maxRestarts: checkInteger('maxRestarts', options.maxRestarts ?? 3, 0, 10_000),
    restartWindowMs: checkMs('restartWindowMs', options.restartWindowMs ?? 5_000, 1),
    backoff,
    logger: safeLogger(logger),
    clock,
  };
  refuseEndlessRestarts(resolved);
  return resolved;
}

export function resolveChildOptions(service: Service, options: ChildOptions): ResolvedChildOptions {
  checkMethods('service', service, ['run']);
  checkText('service.name', service.name);
  checkKnown('Supervisor child', options, [
    'restart',
    'stopTimeoutMs',
    'startTimeoutMs',
    'heartbeatTimeoutMs',
  ]);
  const { startTimeoutMs, heartbeatTimeoutMs } = options;
  return {
    restart: checkOneOf('restart', options.restart ?? 'permanent', ['permanent', 'transient', 'temporary']),
    stopTimeoutMs: checkMs('stopTimeoutMs', options.stopTimeoutMs ?? 5_000),
    ...(startTimeoutMs !== undefined && { startTimeoutMs: checkMs('startTimeoutMs', startTimeoutMs, 1) }),
    ...(heartbeatTimeoutMs !== undefined && {
      heartbeatTimeoutMs: checkMs('heartbeatTimeoutMs', heartbeatTimeoutMs, 10),
    }),
  };
}

// With a back-off longer than the window, old restarts leave the window before the limit is reached: a child that fails
// at once would be restarted for ever and nobody would hear of it.
function refuseEndlessRestarts({ maxRestarts, restartWindowMs, backoff }: ResolvedSupervisorOptions): void {
  let waitedMs = 0;
  for (let retry = 0; retry < maxRestarts; retry++) waitedMs += backoff.maxDelayMs(retry);
  if (waitedMs < restartWindowMs) return;
  throw new ConfigError(
    `restartWindowMs must be above ${waitedMs}, the back-off of ${maxRestarts} restarts together, ` +
      `or the restart limit could never be reached; got ${restartWindowMs}`,
  );
}
