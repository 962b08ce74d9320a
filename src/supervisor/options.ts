import { type Backoff, exponentialBackoff } from '../core/backoff.ts';
import {
  checkBoolean,
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  checkText,
  refusal,
} from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import type { Service } from '../core/service.ts';
import { isSupervisor } from './health.ts';

/** When a child that ended is started again. */
export type RestartType =
  /** Always, also after a normal return. */
  | 'permanent'
  /** Only when it failed or hung. */
  | 'transient'
  /** Never; the child is forgotten once it ended. */
  | 'temporary';

/** Which children are started again with one that ended. */
export type RestartStrategy =
  /** Only that one. */
  | 'one-for-one'
  /** All: the others are stopped first. For children that are useless without each other. */
  | 'one-for-all'
  /** That one and those behind it, which are stopped first. For children that build on the ones before them. */
  | 'rest-for-one';

/** When a supervisor ends because significant children ended by themselves. */
export type AutoShutdown =
  /** Never. */
  | 'never'
  /** As soon as one of them did. */
  | 'any-significant'
  /** When the last of them did. */
  | 'all-significant';

/** Options of a {@link Supervisor}. */
export interface SupervisorOptions {
  /** What logs, health pages and a parent supervisor call it. */
  readonly name: string;
  /** Which children are started again with one that ended. Default `'one-for-one'`. */
  readonly strategy?: RestartStrategy;
  /** Restarts allowed within `restartWindowMs`, 0 to 10 000; one more and the supervisor gives up. Default 3. */
  readonly maxRestarts?: number;
  /** Length of the sliding window in ms. Longer than the back-off of `maxRestarts` restarts together. Default 5000. */
  readonly restartWindowMs?: number;
  /** How long to wait before each restart. Default {@link exponentialBackoff}: at once, then up to 100 ms, 200 ms, … */
  readonly backoff?: Backoff;
  /** A child that was up for this long starts its back-off anew, in ms. Default: `restartWindowMs`. */
  readonly backoffResetMs?: number;
  /** Whether it ends when significant children ended by themselves. Default `'never'`. */
  readonly autoShutdown?: AutoShutdown;
  /** How children are stopped: one after the other in reverse order, or all at once. Default `'reverse'`. */
  readonly stopOrder?: 'reverse' | 'parallel';
  /** How many children it may have, 1 to 1 000 000. Default 100 000. */
  readonly maxChildren?: number;
  /** Where restarts and failures are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** How a {@link Supervisor} treats one child. */
export interface ChildOptions {
  /** When it is started again after it ended. Default `'permanent'`. */
  readonly restart?: RestartType;
  /**
   * How long it may take to stop, in ms. After that its `kill()` is called, at once with 0; without one, or when it lives
   * on, it is reported and left behind. `Infinity` waits for ever. Default 5000, for a supervisor `Infinity`: its own
   * children have their limits.
   */
  readonly stopTimeoutMs?: number;
  /**
   * How long it may take to call `ready()`, in ms. With this option the children behind it start only when it is ready;
   * without it the child counts as ready as soon as it runs.
   */
  readonly startTimeoutMs?: number;
  /** How long it may go without calling `beat()` before it is ended as hung, in ms, at least 10. Default: no limit. */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Whether its end counts for the supervisor's `autoShutdown`, which must not be `'never'` then. A permanent child cannot
   * be significant: it never ends for good. Default `false`.
   */
  readonly significant?: boolean;
}

/** {@link SupervisorOptions} with every default in place. */
export type ResolvedSupervisorOptions = Required<SupervisorOptions>;

/** {@link ChildOptions} with every default in place. */
export type ResolvedChildOptions = Required<Pick<ChildOptions, 'restart' | 'stopTimeoutMs' | 'significant'>> &
  Pick<ChildOptions, 'startTimeoutMs' | 'heartbeatTimeoutMs'>;

const knownSupervisorOptions = [
  ...['name', 'strategy', 'maxRestarts', 'restartWindowMs', 'backoff', 'backoffResetMs'],
  ...['autoShutdown', 'stopOrder', 'maxChildren', 'logger', 'clock'],
];

const knownChildOptions = [
  ...['restart', 'stopTimeoutMs', 'startTimeoutMs', 'heartbeatTimeoutMs', 'significant'],
];

export function resolveSupervisorOptions(options: SupervisorOptions): ResolvedSupervisorOptions {
  checkKnown('Supervisor', options, knownSupervisorOptions);
  const { backoff = exponentialBackoff(), logger = silentLogger, clock = systemClock } = options;
  checkMethods('backoff', backoff, ['delayMs', 'maxDelayMs']);
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  const restartWindowMs = checkMs('restartWindowMs', options.restartWindowMs ?? 5_000, 1);
  const resolved: ResolvedSupervisorOptions = {
    name: checkText('name', options.name),
    strategy: checkOneOf('strategy', options.strategy ?? 'one-for-one', [
      'one-for-one',
      'one-for-all',
      'rest-for-one',
    ]),
    maxRestarts: checkInteger('maxRestarts', options.maxRestarts ?? 3, 0, 10_000),
    restartWindowMs,
    backoff,
    backoffResetMs: checkMs('backoffResetMs', options.backoffResetMs ?? restartWindowMs),
    autoShutdown: checkOneOf('autoShutdown', options.autoShutdown ?? 'never', [
      'never',
      'any-significant',
      'all-significant',
    ]),
    stopOrder: checkOneOf('stopOrder', options.stopOrder ?? 'reverse', ['reverse', 'parallel']),
    maxChildren: checkInteger('maxChildren', options.maxChildren ?? 100_000, 1, 1_000_000),
    logger: safeLogger(logger),
    clock,
  };
  refuseEndlessRestarts(resolved);
  return resolved;
}

/** @param autoShutdown - The supervisor's, which a significant child must fit. */
export function resolveChildOptions(
  service: Service,
  options: ChildOptions,
  autoShutdown: AutoShutdown,
): ResolvedChildOptions {
  checkMethods('service', service, ['run']);
  checkText('service.name', service.name);
  checkKnown('Supervisor child', options, knownChildOptions);
  const { startTimeoutMs, heartbeatTimeoutMs } = options;
  const resolved: ResolvedChildOptions = {
    restart: checkOneOf('restart', options.restart ?? 'permanent', ['permanent', 'transient', 'temporary']),
    stopTimeoutMs: checkStopTimeout(options.stopTimeoutMs ?? (isSupervisor(service) ? Infinity : 5_000)),
    significant: checkBoolean('significant', options.significant ?? false),
    ...(startTimeoutMs !== undefined && { startTimeoutMs: checkMs('startTimeoutMs', startTimeoutMs, 1) }),
    ...(heartbeatTimeoutMs !== undefined && {
      heartbeatTimeoutMs: checkMs('heartbeatTimeoutMs', heartbeatTimeoutMs, 10),
    }),
  };
  refuseBadCombination(service, resolved, autoShutdown);
  return resolved;
}

function checkStopTimeout(value: number): number {
  return value === Infinity ? value : checkMs('stopTimeoutMs', value);
}

function refuseBadCombination(
  service: Service,
  { restart, significant, heartbeatTimeoutMs }: ResolvedChildOptions,
  autoShutdown: AutoShutdown,
): void {
  if (significant && restart === 'permanent')
    throw refusal('significant', significant, 'false for a permanent child, which never ends for good');
  if (significant && autoShutdown === 'never')
    throw refusal('significant', significant, `false while the supervisor's autoShutdown is 'never'`);
  if (heartbeatTimeoutMs !== undefined && isSupervisor(service))
    throw refusal('heartbeatTimeoutMs', heartbeatTimeoutMs, 'left out for a supervisor: it does not beat');
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
