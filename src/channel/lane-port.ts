import type { MessagePort, Transferable } from 'node:worker_threads';

/** One end of a connection between two workers or a worker and its parent: messages arrive whole and in order. */
export interface LanePort {
  /** Settles when the other end is gone and everything it sent has been delivered, or after `close()`. */
  readonly closed: Promise<void>;
  /**
   * Sends a copy of `message`; the buffers in `transfer` are handed over instead. Does nothing when the other end is gone.
   *
   * Throws, with nothing sent, when something in it cannot be cloned or transferred.
   */
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Takes messages from now on, and keeps the event loop alive for them. One listener. */
  onMessage(listener: (message: never) => void): void;
  /** Delivers nothing more; what was posted before still goes. */
  close(): void;
}

/** A lane between two threads of one process. */
export function threadPort(port: MessagePort): LanePort {
  return {
    closed: new Promise((resolve) => port.once('close', resolve)),
    post: (message, transfer = []) => port.postMessage(message, transfer),
    onMessage: (listener) => void port.on('message', listener as (message: unknown) => void),
    close: () => port.close(),
  };
}
