import { onAbort, orAbort, settledWithin } from '../core/abort.ts';
import { checkMs, refusal } from '../core/check.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError, fromErrorRecord } from '../core/error-transfer.ts';
import { ClosedError } from '../core/errors.ts';
import { attempt, type CallOptions, CallServer, PendingCalls } from './calls.ts';
import type { WorkerChannelEvents } from './channel-events.ts';
import { readLaneStats, type WorkerChannelStats } from './channel-stats.ts';
import { ControlLane } from './control-lane.ts';
import { exitOf, leftBehindNote, type Verdict, type WorkerExit } from './exit.ts';
import { HeartbeatWatch } from './heartbeat-watch.ts';
import { LaneReader } from './lane-reader.ts';
import { type ResolvedChannelOptions, resolveChannelOptions, type WorkerChannelOptions } from './options.ts';
import type { Calls, Commands, Data, Names, Params, Result, StatusEvent } from './protocol.ts';
import { laneWindow, startWorker } from './start-worker.ts';
import { countThreadsLeftBehind } from './thread-host.ts';
import { type ControlMessage, type LaneOffer, laneCall } from './wire.ts';
import type { WorkerEnd, WorkerHost } from './worker-host.ts';

/**
 * The parent's end of a channel to a worker of its own, in a thread or a process. Commands, calls and statuses always
 * get through; the data lane is bounded and holds the worker back when its consumer is slow. A worker that dies, hangs or
 * is closed settles everything that waited for it.
 *
 * @typeParam Protocol - See {@link WorkerProtocol}.
 *
 * @example
 * ```ts
 * const channel = await WorkerChannel.open<DemuxProtocol>(new URL('./demux.worker.ts', import.meta.url));
 * channel.on('status', ({ status, detail }) => console.log(status, detail));
 * channel.send('connect', { url });
 * for await (const packet of channel.data) publish(packet);
 * ```
 */
export class WorkerChannel<Protocol> extends Emitter<WorkerChannelEvents<Protocol>> {
  /** What errors and logs call the worker. */
  readonly name: string;
  /** Where the worker runs. */
  readonly host: 'thread' | 'process';
  /**
   * What the worker writes, for one consumer: ends when the worker finished or was closed, throws
   * {@link WorkerExitError} when it ended any other way. Items that were written before are delivered first; what a
   * process had not handed to the system when it exited is lost. A loop that was left can be taken up by another one.
   */
  readonly data: AsyncIterableIterator<Data<Protocol>, undefined>;
  /** Settles, and never rejects, when the worker has ended. */
  readonly closed: Promise<WorkerExit>;
  readonly #options: ResolvedChannelOptions<Protocol>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #host: WorkerHost;
  readonly #control: ControlLane;
  readonly #reader: LaneReader<Data<Protocol>>;
  readonly #calls: PendingCalls;
  readonly #server: CallServer;
  readonly #watch: HeartbeatWatch;
  #held: ControlMessage[] | undefined = [];
  #hasServed = false;
  #verdict: Verdict | undefined;

  /**
   * How many threads of this process are blocked in a native call and could not be ended. Each holds its memory, and
   * `process.exit()` waits for them; a worker that calls into native code that may block belongs into a process.
   */
  static get threadsLeftBehind(): number {
    return countThreadsLeftBehind();
  }

  /**
   * Starts a worker and waits until its `serveChannel` has been called.
   *
   * @param file - The worker's file.
   * @throws {ConfigError} when an option is unknown or out of range.
   * @throws {WorkerExitError} when the worker ends or takes longer than `startTimeoutMs` before it serves; the signal's
   * reason when that aborts first.
   */
  static async open<Protocol>(
    file: URL,
    options: WorkerChannelOptions<Protocol> = {},
  ): Promise<WorkerChannel<Protocol>> {
    if (!(file instanceof URL)) throw refusal('file', file, 'a URL');
    const resolved = resolveChannelOptions(file, options);
    resolved.signal?.throwIfAborted();
    const channel = new WorkerChannel<Protocol>(file, resolved);
    await channel.#opened();
    return channel;
  }

  private constructor(file: URL, options: ResolvedChannelOptions<Protocol>) {
    super(options.logger);
    this.name = options.name;
    this.host = options.host;
    this.#options = options;
    this.#host = startWorker(file, options as ResolvedChannelOptions<unknown>);
    const { control, data, page } = this.#host;
    this.#control = new ControlLane(control, page, 'parent', (message) => this.#onMessage(message));
    this.#reader = new LaneReader(laneWindow.windowItems);
    this.#reader.attach(data);
    this.data = this.#reader;
    this.#calls = new PendingCalls((...args) => this.#control.post(...args), options.clock);
    this.#server = new CallServer(options.requests ?? {}, (message) => this.#control.post(message));
    // The limit for a worker that does not serve yet is `startTimeoutMs`; its loop may stand still while it loads.
    this.#watch = new HeartbeatWatch(page, options.clock);
    this.#watch.start(options.startTimeoutMs, {
      beat: () => {},
      silent: () => this.#giveUp(options.startTimeoutMs),
    });
    this.closed = this.#whenEnded();
  }

  /**
   * Sends a command.
   *
   * @throws {OverflowError} when the worker does not take its messages: 4096 wait already.
   * @throws {ClosedError} when the channel is closing or closed.
   */
  send<Name extends Names<Commands<Protocol>>>(name: Name, params: Commands<Protocol>[Name]): void {
    if (this.#verdict !== undefined) throw this.#refusal(name);
    this.#control.post({ type: 'command', name, params });
  }

  /**
   * Calls the worker and waits for its answer. Settles in any case, also when the worker dies.
   *
   * @throws {TimeoutError} after `timeoutMs`; {@link WorkerExitError} when the worker ends; {@link ClosedError} when the
   * channel is closing or closed; what the handler threw.
   */
  async call<Name extends Names<Calls<Protocol>>>(
    name: Name,
    params: Params<Calls<Protocol>[Name]>,
    options: CallOptions = {},
  ): Promise<Result<Calls<Protocol>[Name]>> {
    if (this.#verdict?.reason === 'closed') throw this.#refusal(name);
    return (await this.#calls.call(name, params, options)) as Result<Calls<Protocol>[Name]>;
  }

  /** @internal Gives the worker its end of a {@link DirectLane}; settles when it has it. */
  async offerLane(offer: LaneOffer): Promise<void> {
    const transfer = offer.link.kind === 'port' ? [offer.link.port] : [];
    await this.#calls.call(laneCall, offer, {}, transfer);
  }

  /** How full the lanes are and how lively the worker is. Read from shared memory: true for a stuck worker as well. */
  stats(): WorkerChannelStats {
    return {
      ...readLaneStats(this.#host.page, this.#reader),
      pendingCalls: this.#calls.size,
      lastBeatAgeMs: this.#watch.ageMs,
    };
  }

  /**
   * Asks the worker to stop, waits `graceMs` for it to flush and end, then terminates it. May be called again: the
   * shorter grace wins. A consumer that is in a loop over `data`, or starts one right after this call, gets everything the
   * worker still has; while nobody is in one, that is discarded and counted, so no grace is spent on a consumer that left.
   *
   * @param options - `graceMs`: 0 terminates at once. Default 2000.
   */
  async close({ graceMs = 2_000 }: { readonly graceMs?: number } = {}): Promise<WorkerExit> {
    checkMs('graceMs', graceMs);
    if (this.#verdict === undefined) this.#askToStop();
    if ((await settledWithin(this.#options.clock, graceMs, this.closed)) === 'elapsed')
      await this.#host.terminate();
    return this.closed;
  }

  /** Closes with the default grace. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #opened(): Promise<void> {
    const { heartbeatTimeoutMs, signal } = this.#options;
    void this.closed.then(({ error }) => this.#ready.reject(error));
    try {
      await orAbort(this.#ready.promise, signal);
    } catch (error) {
      await this.close({ graceMs: 0 }); // It has nothing to flush yet.
      throw error;
    }
    const release = onAbort(signal, () => void this.close());
    void this.closed.then(release);
    this.#watch.start(heartbeatTimeoutMs, {
      beat: () => this.emit('beat'),
      silent: () => this.#endHung(heartbeatTimeoutMs),
    });
    // What the worker said in the meantime waits until the caller has had a chance to add its listeners.
    setImmediate(() => this.#release());
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#dispatch(message);
  }

  #onMessage(message: ControlMessage): void {
    if (message.type === 'ready') this.#onReady();
    else if (this.#held !== undefined) this.#held.push(message);
    else this.#dispatch(message);
  }

  #onReady(): void {
    this.#hasServed = true;
    this.#ready.resolve();
  }

  #dispatch(message: ControlMessage): void {
    switch (message.type) {
      case 'status':
        return this.emit('status', {
          status: message.name,
          detail: message.detail,
          atMs: message.atMs,
        } as unknown as StatusEvent<Protocol>);
      case 'answer':
      case 'refusal':
        return this.#calls.settle(message);
      case 'call':
        return void this.#server.answer(message);
      case 'cancel':
        return this.#server.cancel(message.id);
      case 'command-failed':
        return this.#onCommandFailed(message.name, fromErrorRecord(message.error));
    }
  }

  #onCommandFailed(command: string, error: Error): void {
    this.#options.logger.error('command failed', { worker: this.name, command, error: describeError(error) });
    this.emit('commandFailed', { command, error });
  }

  #askToStop(): void {
    this.#verdict = { reason: 'closed' };
    this.#host.page.set('stop', 1);
    attempt(() => this.#control.post({ type: 'stop' })); // One that takes no messages sees the flag, or the grace ends.
    this.#reader.drain();
  }

  #giveUp(limitMs: number): void {
    this.#verdict ??= { reason: 'start-timeout', limitMs };
    void this.#host.terminate();
  }

  #endHung(limitMs: number): void {
    this.#verdict ??= { reason: 'hung', limitMs };
    this.#host.page.set('stop', 1); // A loop that looks at it may let go of what it holds.
    void this.#host.terminateHung();
  }

  async #whenEnded(): Promise<WorkerExit> {
    const { ended, control, data } = this.#host;
    const end = await ended;
    // What the worker posted before it ended is still delivered, up to the close of its ports.
    await Promise.all([control.closed, data.closed]);
    this.#release();
    return this.#settle(end);
  }

  #settle(end: WorkerEnd): WorkerExit {
    this.#watch.stop();
    this.#host.release();
    const { name } = this;
    const { hasFinished } = this.#reader;
    const exit = exitOf({ name, verdict: this.#verdict, hasServed: this.#hasServed, hasFinished }, end);
    this.#verdict ??= exit;
    if (exit.reason === 'closed') this.#reportBadEnd(end);
    const error = exit.error ?? new ClosedError(`${this.name} was closed`);
    this.#calls.end(error);
    this.#server.end(error);
    this.#reader.finish(exit.error);
    this.emit('closed', exit);
    return exit;
  }

  // Who closes a channel need not care how the worker took it; the operator does.
  #reportBadEnd({ error, isLeftBehind }: WorkerEnd): void {
    if (error === undefined && !isLeftBehind) return;
    const what = error === undefined ? leftBehindNote : describeError(error);
    this.#options.logger.error('worker did not close in good order', { worker: this.name, error: what });
  }

  #refusal(name: string): ClosedError {
    return new ClosedError(`${this.name} is closed: '${name}' not sent`);
  }
}
