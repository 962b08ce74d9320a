import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { LaneLimits } from './lane-writer.ts';
import type { ResolvedChannelOptions } from './options.ts';
import type { StatePage } from './state-page.ts';
import { ThreadHost } from './thread-host.ts';
import { type BootRecord, bootKey } from './wire.ts';

// Items and bytes that may be on their way. A window of 64 keeps control messages below a millisecond beside bulk data;
// one of 1024 delays them by ten.
export const laneWindow: Pick<LaneLimits, 'windowItems' | 'windowBytes'> = {
  windowItems: 64,
  windowBytes: 4 << 20,
};

/** A worker thread that was started, and the parent's ends of its lanes. */
export interface StartedWorker {
  readonly host: ThreadHost;
  readonly control: MessagePort;
  readonly data: MessagePort;
}

/** Starts a worker thread with its ends of the lanes, the shared page and everything else `serveChannel` needs. */
export function startWorker<Protocol>(
  file: URL,
  page: StatePage,
  options: ResolvedChannelOptions<Protocol>,
): StartedWorker {
  const { name, workerData: userData, resourceLimits, capacity, maxBytes, overflow, clock } = options;
  const control = new MessageChannel();
  const data = new MessageChannel();
  const boot: BootRecord = {
    control: control.port2,
    data: data.port2,
    page: page.buffer,
    lane: { capacity, maxBytes, overflow, ...laneWindow },
    heartbeatIntervalMs: Math.min(500, options.heartbeatTimeoutMs / 4),
    userData,
  };
  const workerData = { [bootKey]: boot };
  const transferList = [control.port2, data.port2];
  const host = new ThreadHost(file, { name, workerData, transferList, resourceLimits }, clock);
  return { host, control: control.port1, data: data.port1 };
}
