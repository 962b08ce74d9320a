import { Socket } from 'node:net';
import { isMainThread, workerData } from 'node:worker_threads';
import { FilePage } from './file-page.ts';
import { type LanePort, threadPort } from './lane-port.ts';
import { workerFds, workerMark } from './process-preload.ts';
import { MemoryPage, type StatePage } from './state-page.ts';
import { StreamPort } from './stream-port.ts';
import { type BootRecord, bootKey, type StartRecord } from './wire.ts';

/** What a worker finds at its start, whatever its host. */
export interface WorkerBoot {
  readonly start: StartRecord;
  readonly control: LanePort;
  readonly data: LanePort;
  readonly page: StatePage;
}

/** `undefined` where no `WorkerChannel` started this thread or process. */
export function findBoot(): WorkerBoot | undefined {
  if (isMainThread) return workerMark in globalThis ? processBoot() : undefined;
  const boot = (workerData as Readonly<Record<string, BootRecord>> | null)?.[bootKey];
  return boot && threadBoot(boot);
}

function threadBoot(boot: BootRecord): WorkerBoot {
  return {
    start: boot,
    control: threadPort(boot.control),
    data: threadPort(boot.data),
    page: new MemoryPage(boot.page),
  };
}

function processBoot(): WorkerBoot {
  const page = new FilePage(workerFds.page);
  return {
    start: page.readBoot() as StartRecord,
    control: new StreamPort(new Socket({ fd: workerFds.control }), fail),
    data: new StreamPort(new Socket({ fd: workerFds.data }), fail),
    page,
  };
}

// A worker that cannot hear its parent any more would go on for ever: it ends, uncaught.
function fail(error: unknown): never {
  throw error;
}
