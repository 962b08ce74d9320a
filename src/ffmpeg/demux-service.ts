import { SupervisedWorker } from '../channel/supervised-worker.ts';
import { exponentialBackoff } from '../core/backoff.ts';
import { siblingModule } from '../core/sibling-module.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import type { DemuxProtocol } from './demux-protocol.ts';
import type { ResolvedInputOptions } from './options.ts';

// Behind ffmpeg's own grace of 400 ms. A worker that has not ended by then is terminated.
const stopGraceMs = 700;

// The queues of both sides hold the media; the lane between them only carries it.
const lane = { capacity: 64, maxBytes: 4 << 20 } as const;

// A worker that dies more than ten times a minute has a reason that a new one does not take away.
const restarts = { maxRestarts: 10, restartWindowMs: 60_000 } as const;

/** The worker of an input, not started. */
export function createDemuxWorker(options: ResolvedInputOptions): SupervisedWorker<DemuxProtocol> {
  const { name, host, heartbeatTimeoutMs, logger, settings } = options;
  return new SupervisedWorker<DemuxProtocol>(siblingModule('demux.worker', import.meta.url), {
    ...{ name: `${name}-demux`, host, heartbeatTimeoutMs, logger, stopGraceMs, workerData: settings },
    ...lane,
  });
}

/** What keeps that worker running. */
export function superviseDemux(
  worker: SupervisedWorker<DemuxProtocol>,
  { name, logger }: ResolvedInputOptions,
): Supervisor {
  const backoff = exponentialBackoff({ maxMs: 2_000 });
  return new Supervisor({ name, logger, backoff, ...restarts }).add(worker);
}
