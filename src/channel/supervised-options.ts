import { checkMs, refusal } from '../core/check.ts';
import { ConfigError } from '../core/errors.ts';
import { copyOf } from './desired-state.ts';
import { type ResolvedChannelOptions, resolveChannelOptions, type WorkerChannelOptions } from './options.ts';

/** Options of a {@link SupervisedWorker}: those of its channels, and how it stops. */
export interface SupervisedWorkerOptions<Protocol> extends Omit<WorkerChannelOptions<Protocol>, 'signal'> {
  /**
   * How long the worker may take to flush and end when `run` is asked to stop, in ms; then it is terminated, which takes
   * a second at most. Both together belong below the `stopTimeoutMs` of the supervisor. 0 terminates at once. Default 2000.
   */
  readonly stopGraceMs?: number;
}

/** {@link SupervisedWorkerOptions}, checked: what each channel is opened with, and what is needed besides. */
export interface ResolvedSupervisedOptions<Protocol>
  extends Pick<ResolvedChannelOptions<Protocol>, 'name' | 'host' | 'logger'> {
  readonly channel: WorkerChannelOptions<Protocol>;
  readonly stopGraceMs: number;
}

export function resolveSupervisedOptions<Protocol>(
  file: URL,
  options: SupervisedWorkerOptions<Protocol>,
): ResolvedSupervisedOptions<Protocol> {
  if (!(file instanceof URL)) throw refusal('file', file, 'a URL');
  const { stopGraceMs = 2_000, ...channel } = options;
  if ('signal' in channel) throw new ConfigError(`SupervisedWorker has no option 'signal': run() takes one`);
  const { name, host, logger } = resolveChannelOptions(file, channel);
  copyOf('workerData', channel.workerData, host);
  return { name, host, logger, channel, stopGraceMs: checkMs('stopGraceMs', stopGraceMs) };
}
