import { systemClock } from '../core/clock.ts';
import { toErrorRecord } from '../core/error-transfer.ts';
import { ClosedError, ConfigError } from '../core/errors.ts';
import { attempt, type CallOptions, CallServer, PendingCalls } from './calls.ts';
import { ControlLane } from './control-lane.ts';
import type { DirectLaneReader } from './direct-lane-reader.ts';
import type { DirectLaneWriter } from './direct-lane-writer.ts';
import { LaneWriter, type WriteOptions } from './lane-writer.ts';
import type {
  CallHandlers,
  Calls,
  CommandHandlers,
  Commands,
  Data,
  Names,
  Params,
  Requests,
  Result,
  Statuses,
} from './protocol.ts';
import type { StatePage } from './state-page.ts';
import { type ControlMessage, type LaneOffer, laneCall } from './wire.ts';
import { findBoot, type WorkerBoot } from './worker-boot.ts';
import { WorkerLanes } from './worker-lanes.ts';

/** The handlers a worker serves: one function per command and per call of its protocol. */
export type ServedHandlers<Protocol> = CommandHandlers<Commands<Protocol>> & CallHandlers<Calls<Protocol>>;

/** Options of {@link serveChannel}. */
export interface ServeOptions {
  /** Releases what the worker holds when the parent closes the channel. The channel ends when it has returned. */
  readonly stop?: () => void | Promise<void>;
}

/**
 * Serves the channel that the parent opened with `WorkerChannel`. Call it once, at the top of the worker's file.
 *
 * @example
 * ```ts
 * const channel = serveChannel<DemuxProtocol>({
 *   connect: ({ url }) => source.open(url),
 *   disconnect: () => source.close(),
 *   probe: async ({ url }) => inspect(url),
 * }, { stop: () => source.close() });
 * await channel.write(packet, { transfer: [packet.buffer] });
 * ```
 *
 * @throws {ConfigError} in a thread or process that no `WorkerChannel` started, and when it was called before.
 */
export function serveChannel<Protocol>(
  handlers: ServedHandlers<Protocol>,
  options: ServeOptions = {},
): ServedChannel<Protocol> {
  // Two servers on the same ports would run each command twice.
  if (isServed) throw new ConfigError('serveChannel() was called in this worker before');
  const boot = findBoot();
  if (boot === undefined)
    throw new ConfigError('serveChannel() runs only in a worker that WorkerChannel.open() started');
  isServed = true;
  return new ServedChannel<Protocol>(boot, handlers, options);
}

let isServed = false;

/** The worker's end of a channel. Made by {@link serveChannel}. */
export class ServedChannel<Protocol> {
  /** What the parent gave as `workerData`. */
  readonly workerData: unknown;
  readonly #page: StatePage;
  readonly #control: ControlLane;
  readonly #writer: LaneWriter<Data<Protocol>>;
  readonly #calls: PendingCalls;
  readonly #server: CallServer;
  readonly #lanes = new WorkerLanes();
  readonly #stop = new AbortController();
  readonly #release: () => void | Promise<void>;
  readonly #beating: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(boot: WorkerBoot, handlers: ServedHandlers<Protocol>, options: ServeOptions) {
    this.workerData = boot.start.userData;
    this.#page = boot.page;
    this.#release = options.stop ?? (() => {});
    this.#control = new ControlLane(boot.control, this.#page, 'worker', (message) =>
      this.#onMessage(message),
    );
    this.#writer = new LaneWriter(boot.start.lane, (counts) => this.#page.setLane(counts));
    this.#writer.attach(boot.data);
    this.#calls = new PendingCalls((message) => this.#control.post(message), systemClock);
    const lanes = { [laneCall]: (offer: LaneOffer) => this.#lanes.take(offer) };
    this.#server = new CallServer({ ...handlers, ...lanes }, (message) => this.#control.post(message));
    this.#beating = setInterval(() => this.#turn(), boot.start.heartbeatIntervalMs);
    this.#beating.unref();
    this.#control.post({ type: 'ready' });
  }

  /** Aborts when the parent closes the channel, or `close()` is called here. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether the worker shall stop. Read from shared memory, so a loop that never awaits can look at it. */
  get stopRequested(): boolean {
    return this.#stop.signal.aborted || this.#page.get('stop') === 1;
  }

  /** Whether the data lane takes an item without waiting. */
  get hasRoom(): boolean {
    return this.#writer.hasRoom;
  }

  /** Shows the parent that the worker lives. Its event loop does so by itself; a loop that never awaits calls this. */
  beat(): void {
    this.#page.count('beat');
  }

  /**
   * Reports a status to the parent. Never dropped.
   *
   * @throws {OverflowError} when the parent does not take its messages: 4096 wait already.
   */
  status<Name extends Names<Statuses<Protocol>>>(name: Name, detail: Statuses<Protocol>[Name]): void {
    this.#control.post({ type: 'status', name, detail, atMs: Date.now() });
  }

  /**
   * Asks the parent and waits for its answer.
   *
   * @throws {TimeoutError} after `timeoutMs`; what the parent's handler threw.
   */
  async request<Name extends Names<Requests<Protocol>>>(
    name: Name,
    params: Params<Requests<Protocol>[Name]>,
    options: CallOptions = {},
  ): Promise<Result<Requests<Protocol>[Name]>> {
    return (await this.#calls.call(name, params, options)) as Result<Requests<Protocol>[Name]>;
  }

  /**
   * Puts an item on the data lane, waiting for room under the `'block'` policy. An item that cannot be cloned or
   * transferred is dropped and ends the worker with an uncaught {@link ConfigError}.
   *
   * @throws {ClosedError} when the channel has closed its lane, {@link ConfigError} when `bytes` is no size.
   */
  write(item: Data<Protocol>, options?: WriteOptions): Promise<void> {
    return this.#writer.write(item, options);
  }

  /** As `write`, but without waiting: `false`, and nothing taken, when there is no room. */
  tryWrite(item: Data<Protocol>, options?: WriteOptions): boolean {
    return this.#writer.tryWrite(item, options);
  }

  /** Waits until the data lane has room. */
  room(signal?: AbortSignal): Promise<void> {
    return this.#writer.room(signal);
  }

  /**
   * This worker's end of the `DirectLane` of that name, for writing. It may be asked for before the parent has
   * connected it; there is no room until then. Once the lane was closed its end stays so: for another lane of that name
   * ask again, after the parent has connected it.
   *
   * @throws {ConfigError} when this worker reads from that lane, or has 64 lanes.
   */
  laneWriter<Item>(name: string): DirectLaneWriter<Item> {
    return this.#lanes.writer(name) as DirectLaneWriter<Item>;
  }

  /**
   * This worker's end of the `DirectLane` of that name, for reading, for one consumer. See
   * {@link ServedChannel.laneWriter}.
   *
   * @throws {ConfigError} when this worker writes to that lane, or has 64 lanes.
   */
  laneReader<Item>(name: string): DirectLaneReader<Item> {
    return this.#lanes.reader(name) as DirectLaneReader<Item>;
  }

  /**
   * Ends the channel from this side: runs the `stop` option, refuses later writes, waits until the parent has taken
   * everything from before, closes. The thread ends when nothing else keeps it alive. Rejects with what `stop` threw.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #turn(): void {
    this.beat();
    this.#writer.publish();
  }

  async #close(): Promise<void> {
    const closed = new ClosedError('the channel closes');
    this.#stop.abort(closed);
    this.#server.end(closed);
    try {
      await this.#release();
    } finally {
      await Promise.all([this.#writer.close(), this.#lanes.close()]);
      this.#calls.end(closed);
      clearInterval(this.#beating);
      this.#control.close();
    }
  }

  #onMessage(message: ControlMessage): void {
    switch (message.type) {
      case 'command':
        return void this.#command(message.name, message.params);
      case 'call':
        return void this.#server.answer(message);
      case 'cancel':
        return this.#server.cancel(message.id);
      case 'answer':
      case 'refusal':
        return this.#calls.settle(message);
      case 'stop':
        return void this.close();
    }
  }

  async #command(name: string, params: unknown): Promise<void> {
    try {
      await this.#server.handle(name, params, { signal: this.#stop.signal });
    } catch (error) {
      attempt(() => this.#control.post({ type: 'command-failed', name, error: toErrorRecord(error) }));
    }
  }
}
