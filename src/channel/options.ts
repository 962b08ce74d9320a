import type { ResourceLimits } from 'node:worker_threads';
import {
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  checkText,
  maxTimerMs,
  refusal,
} from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import type { LaneLimits, LaneOverflow } from './lane-limits.ts';
import type { CallHandlers, Requests } from './protocol.ts';

/** Options of {@link WorkerChannel.open}. */
export interface WorkerChannelOptions<Protocol> {
  /**
   * Where the worker runs. A `'thread'` starts faster and hands buffers over instead of copying them. A `'process'` can be
   * ended even when it is blocked inside a native call, survives nothing of its parent's and takes nothing down with it:
   * the choice for native code. Everything else is the same, the worker's file included. Default `'thread'`.
   */
  readonly host?: 'thread' | 'process';
  /** What errors and logs call the worker. Default: the file's name. */
  readonly name?: string;
  /** Handed to the worker, which reads it as `channel.workerData`. Copied. */
  readonly workerData?: unknown;
  /** Answers the worker's requests. A request without a handler is refused with `CALL_UNKNOWN`. */
  readonly requests?: CallHandlers<Requests<Protocol>>;
  /** Items that may wait in the worker, 1 to 1 048 576, beside the 64 that may be on their way. Default 256. */
  readonly capacity?: number;
  /** Bytes that may wait in the worker, beside the 32 MiB on their way; one item may reach beyond. Default 16 MiB. */
  readonly maxBytes?: number;
  /** What happens to an item when the worker's queue is full. Default `'block'`: the worker waits. */
  readonly overflow?: LaneOverflow;
  /** How long the worker may take to call `serveChannel`, in ms. Default 10 000. */
  readonly startTimeoutMs?: number;
  /**
   * How long the worker's event loop may stand still before it is terminated as hung, in ms; at least 100. A loop that
   * runs synchronously on purpose calls `channel.beat()`. Default 2000. `Infinity` switches the watch off.
   */
  readonly heartbeatTimeoutMs?: number;
  /**
   * Limits of the worker's heap and stack, as `node:worker_threads` takes them. A process has no `codeRangeSizeMb`, and
   * its stack cannot be larger than the system allows. A thread that goes far beyond its limit in one step, such as one
   * huge array, takes the whole process with it: V8 can end it only between steps.
   */
  readonly resourceLimits?: ResourceLimits;
  /** Closes the channel when it aborts. */
  readonly signal?: AbortSignal;
  /** Where failures are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** {@link WorkerChannelOptions} with every default in place. */
export type ResolvedChannelOptions<Protocol> = Required<
  Omit<WorkerChannelOptions<Protocol>, 'workerData' | 'resourceLimits' | 'signal' | 'requests'>
> &
  Pick<WorkerChannelOptions<Protocol>, 'workerData' | 'resourceLimits' | 'signal' | 'requests'>;

const known = [
  ...[
    'host',
    'name',
    'workerData',
    'requests',
    'capacity',
    'maxBytes',
    'overflow',
    'startTimeoutMs',
    'heartbeatTimeoutMs',
  ],
  ...['resourceLimits', 'signal', 'logger', 'clock'],
];

export function resolveChannelOptions<Protocol>(
  file: URL,
  options: WorkerChannelOptions<Protocol>,
): ResolvedChannelOptions<Protocol> {
  checkKnown('WorkerChannel', options, known);
  const { heartbeatTimeoutMs = 2_000, logger = silentLogger, clock = systemClock, signal } = options;
  const host = checkOneOf('host', options.host ?? 'thread', ['thread', 'process']);
  if (host === 'process') checkProcessOptions(file, options.resourceLimits);
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  if (signal !== undefined) checkMethods('signal', signal, ['addEventListener', 'removeEventListener']);
  return {
    ...options,
    host,
    name: checkText('name', options.name ?? (file.pathname.split('/').at(-1) || 'worker')),
    ...checkLaneBounds(options),
    startTimeoutMs: checkMs('startTimeoutMs', options.startTimeoutMs ?? 10_000, 1),
    heartbeatTimeoutMs:
      heartbeatTimeoutMs === Number.POSITIVE_INFINITY
        ? maxTimerMs
        : checkMs('heartbeatTimeoutMs', heartbeatTimeoutMs, 100),
    logger: safeLogger(logger),
    clock,
  };
}

/** The bounds of a lane that its owner may choose. */
export function checkLaneBounds(
  options: Partial<Pick<LaneLimits, 'capacity' | 'maxBytes' | 'overflow'>>,
): Pick<LaneLimits, 'capacity' | 'maxBytes' | 'overflow'> {
  return {
    capacity: checkInteger('capacity', options.capacity ?? 256, 1, 1 << 20),
    maxBytes: checkInteger('maxBytes', options.maxBytes ?? 16 << 20, 1, 0x7fff_ffff),
    overflow: checkOneOf('overflow', options.overflow ?? 'block', ['block', 'drop-oldest', 'drop-newest']),
  };
}

function checkProcessOptions(file: URL, resourceLimits: ResourceLimits | undefined): void {
  if (file.protocol !== 'file:') throw refusal('file', file.href, "a file: URL for host 'process'");
  const codeRange = resourceLimits?.codeRangeSizeMb;
  if (codeRange !== undefined)
    throw refusal('resourceLimits.codeRangeSizeMb', codeRange, "absent for host 'process'");
}
