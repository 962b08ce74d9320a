import type { CommandFailed } from './channel-events.ts';
import type { WorkerExit } from './exit.ts';
import type { StatusEvent } from './protocol.ts';

/** Which life of a {@link SupervisedWorker} an event is about. */
export interface WorkerIncarnation {
  /** 1 is the first worker that served; one that never did has no number. */
  readonly incarnation: number;
}

/** Payload of `ended`. */
export interface WorkerEnded extends WorkerIncarnation {
  /** How it ended. */
  readonly exit: WorkerExit;
}

/** What a {@link SupervisedWorker} tells. All that is told of an incarnation lies between its `started` and its `ended`. */
export type SupervisedWorkerEvents<Protocol> = {
  /** A worker serves and has been sent the desired state. */
  started: [WorkerIncarnation];
  /** The worker reported a status. */
  status: [StatusEvent<Protocol> & WorkerIncarnation];
  /** A command's handler threw in the worker; the worker goes on. */
  commandFailed: [CommandFailed & WorkerIncarnation];
  /** The worker's loop was seen to turn; at most every 40 ms. */
  beat: [WorkerIncarnation];
  /** The worker has ended. */
  ended: [WorkerEnded];
};
