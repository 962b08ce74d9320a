import { refusal } from '../core/check.ts';
import type { LaneLimits } from './lane-limits.ts';
import type { ResolvedChannelOptions } from './options.ts';
import { ProcessHost } from './process-host.ts';
import { ThreadHost } from './thread-host.ts';
import type { StartRecord } from './wire.ts';
import type { WorkerHost } from './worker-host.ts';

// Items and bytes that may be on their way. A window of 64 keeps control messages below a millisecond beside bulk data;
// one of 1024 delays them by ten. Items of 1 MiB need 32 of them on their way to be as fast as through a bare port.
export const laneWindow: Pick<LaneLimits, 'windowItems' | 'windowBytes'> = {
  windowItems: 64,
  windowBytes: 32 << 20,
};

const hosts = { thread: ThreadHost, process: ProcessHost };

/** Starts a worker with its ends of the lanes, the shared page and everything else `serveChannel` needs. */
export function startWorker(file: URL, options: ResolvedChannelOptions<unknown>): WorkerHost {
  const { workerData: userData, capacity, maxBytes, overflow, heartbeatTimeoutMs } = options;
  const start: StartRecord = {
    lane: { capacity, maxBytes, overflow, ...laneWindow },
    heartbeatIntervalMs: Math.min(500, heartbeatTimeoutMs / 4),
    userData,
  };
  try {
    return new hosts[options.host](file, start, options);
  } catch (error) {
    if (!/could not be cloned|not listed in transferList/.test(String(error))) throw error;
    throw refusal('workerData', userData, 'a value that can be cloned');
  }
}
