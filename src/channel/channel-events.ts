import type { WorkerExit } from './exit.ts';
import type { StatusEvent } from './protocol.ts';

/** Payload of `commandFailed`. */
export interface CommandFailed {
  /** The command's name. */
  readonly command: string;
  /** What its handler threw, with class and code. */
  readonly error: Error;
}

/** What a {@link WorkerChannel} tells. */
export type WorkerChannelEvents<Protocol> = {
  /** The worker reported a status. */
  status: [StatusEvent<Protocol>];
  /** A command's handler threw in the worker; the worker goes on. */
  commandFailed: [CommandFailed];
  /** The worker's loop was seen to turn; at most every 40 ms. */
  beat: [];
  /** The worker has ended; nothing follows. */
  closed: [WorkerExit];
};
