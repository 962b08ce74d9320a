import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { settledWithin } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';

/** How a thread ended. */
export interface ThreadEnd {
  /** Absent when the thread did not end: it is blocked in a native call and was left behind. */
  readonly exitCode?: number;
  /** What nobody caught in the thread. */
  readonly error?: unknown;
}

// A thread that runs JavaScript, even an endless loop, is gone 2 ms after terminate(). One that is blocked inside a
// native call never is, and Node has no means to end it.
const terminateLimitMs = 1_000;

/** A worker thread, reduced to what a channel needs of it. */
export class ThreadHost {
  /** Settles, and never rejects, when the thread has ended or was left behind. */
  readonly ended: Promise<ThreadEnd>;
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #resolveEnd: (end: ThreadEnd) => void;
  #error: unknown;

  constructor(
    file: URL,
    options: {
      readonly name: string;
      readonly workerData: unknown;
      readonly transferList: readonly Transferable[];
      readonly resourceLimits: ResourceLimits | undefined;
    },
    clock: Clock,
  ) {
    const { promise, resolve } = Promise.withResolvers<ThreadEnd>();
    this.ended = promise;
    this.#resolveEnd = resolve;
    this.#clock = clock;
    const { name, workerData, transferList, resourceLimits } = options;
    this.#worker = new Worker(file, {
      name,
      workerData,
      transferList: [...transferList],
      ...(resourceLimits !== undefined && { resourceLimits }),
    });
    this.#worker.on('error', (error) => {
      this.#error = error;
    });
    this.#worker.on('exit', (exitCode) =>
      resolve({ exitCode, ...(this.#error !== undefined && { error: this.#error }) }),
    );
  }

  /** Ends the thread at once. A thread that cannot be ended is let go, so that it does not keep the process alive. */
  async terminate(): Promise<void> {
    void this.#worker.terminate();
    if ((await settledWithin(this.#clock, terminateLimitMs, this.ended)) === 'settled') return;
    this.#worker.unref();
    this.#resolveEnd({});
  }
}
