import { MessageChannel, Worker } from 'node:worker_threads';
import { settledWithin } from '../core/abort.ts';
import { type LanePort, threadPort } from './lane-port.ts';
import type { ResolvedChannelOptions } from './options.ts';
import { MemoryPage } from './state-page.ts';
import { type BootRecord, bootKey, type StartRecord } from './wire.ts';
import type { HangKind, WorkerEnd, WorkerHost } from './worker-host.ts';

// A thread that runs JavaScript, even an endless loop, is gone 2 ms after terminate(). One that is blocked inside a
// native call never is, and Node has no means to end it.
const terminateLimitMs = 1_000;

// A thread in JavaScript answers within a millisecond, also from an endless loop or from `Atomics.wait`.
const probeLimitMs = 250;
const nativeLimitMs = 50; // It has had its time.

let leftBehind = 0;

/** How many threads of this process could not be ended and are still there. */
export function countThreadsLeftBehind(): number {
  return leftBehind;
}

/** A worker in a thread of this process. */
export class ThreadHost implements WorkerHost {
  readonly control: LanePort;
  readonly data: LanePort;
  readonly page: MemoryPage = new MemoryPage();
  readonly ended: Promise<WorkerEnd>;
  readonly #worker: Worker;
  readonly #options: ResolvedChannelOptions<unknown>;
  readonly #end = Promise.withResolvers<WorkerEnd>();
  #error: unknown;
  #isLeftBehind = false;
  #hang: HangKind | undefined;

  constructor(file: URL, start: StartRecord, options: ResolvedChannelOptions<unknown>) {
    const control = new MessageChannel();
    const data = new MessageChannel();
    const boot: BootRecord = { ...start, control: control.port2, data: data.port2, page: this.page.buffer };
    const { name, resourceLimits } = options;
    this.ended = this.#end.promise;
    this.#options = options;
    this.#worker = new Worker(file, {
      name,
      workerData: { [bootKey]: boot },
      transferList: [control.port2, data.port2],
      ...(resourceLimits !== undefined && { resourceLimits }),
    });
    this.control = threadPort(control.port1);
    this.data = threadPort(data.port1);
    this.#worker.on('error', (error) => {
      this.#error = error;
    });
    this.#worker.on('exit', (exitCode) => this.#settle({ exitCode }));
  }

  async terminate(): Promise<void> {
    void this.#worker.terminate();
    const limitMs = this.#hang === 'native' ? nativeLimitMs : terminateLimitMs;
    if ((await settledWithin(this.#options.clock, limitMs, this.ended)) === 'settled') return;
    this.#leaveBehind();
  }

  async terminateHung(): Promise<void> {
    this.#hang = await this.#probe();
    await this.terminate();
  }

  release(): void {}

  async #probe(): Promise<HangKind> {
    if (typeof this.#worker.getHeapStatistics !== 'function') return 'unknown'; // Before Node 22.16.
    const answer = this.#worker.getHeapStatistics();
    const hasAnswered = await settledWithin(this.#options.clock, probeLimitMs, answer);
    return hasAnswered === 'settled' ? 'javascript' : 'native';
  }

  // It is let go, so that it does not keep the process alive. It may still return from its call some day.
  #leaveBehind(): void {
    if (this.#isLeftBehind) return;
    this.#isLeftBehind = true;
    leftBehind++;
    this.#worker.once('exit', () => leftBehind--);
    this.#worker.unref();
    this.control.close();
    this.data.close();
    this.#settle({ isLeftBehind: true });
  }

  #settle(end: WorkerEnd): void {
    const isOutOfMemory =
      (this.#error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    this.#end.resolve({
      ...end,
      isOutOfMemory,
      ...(this.#error !== undefined && { error: this.#error }),
      ...(this.#hang !== undefined && { hang: this.#hang }),
    });
  }
}
