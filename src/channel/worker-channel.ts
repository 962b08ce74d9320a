import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { onAbort, orAbort, settledWithin } from '../core/abort.ts';
import { checkMs, refusal } from '../core/check.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError, fromErrorRecord } from '../core/error-transfer.ts';
import { ClosedError } from '../core/errors.ts';
import { type CallOptions, CallServer, PendingCalls } from './calls.ts';
import { ControlLane } from './control-lane.ts';
import { exitOf, leftBehindNote, type Verdict, type WorkerExit } from './exit.ts';
import { HeartbeatWatch } from './heartbeat-watch.ts';
import { LaneReader } from './lane-reader.ts';
import { type ResolvedChannelOptions, resolveChannelOptions, type WorkerChannelOptions } from './options.ts';
import type { Calls, Commands, Data, Names, Params, Result, StatusEvent } from './protocol.ts';
import { laneWindow, startWorker } from './start-worker.ts';
import { StatePage } from './state-page.ts';
import type { ThreadEnd, ThreadHost } from './thread-host.ts';
import type { ControlMessage } from './wire.ts';

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

/** A moment of a {@link WorkerChannel}. */
export interface WorkerChannelStats {
  /** Items of the data lane that wait in the worker. */
  readonly queuedItems: number;
  /** Bytes that wait in the worker. */
  readonly queuedBytes: number;
  /** Items that arrived and wait for the consumer. */
  readonly unreadItems: number;
  /** Items the consumer has taken. */
  readonly takenItems: number;
  /** Items that were dropped because the queue was full. */
  readonly droppedItems: number;
  /** Calls without an answer. */
  readonly pendingCalls: number;
  /** Time since the worker's loop was last seen to turn, in ms. */
  readonly lastBeatAgeMs: number;
}

/**
 * The parent's end of a channel to a worker thread of its own. Commands, calls and statuses always get through; the data
 * lane is bounded and holds the worker back when its consumer is slow. A worker that dies, hangs or is closed settles
 * everything that waited for it.
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
  /**
   * What the worker writes, for one consumer: ends when the worker finished or was closed, throws
   * {@link WorkerExitError} when it ended any other way. Items that were written before are delivered first.
   */
  readonly data: AsyncIterableIterator<Data<Protocol>, undefined>;
  /** Settles, and never rejects, when the worker has ended. */
  readonly closed: Promise<WorkerExit>;
  readonly #options: ResolvedChannelOptions<Protocol>;
  readonly #page = new StatePage();
  readonly #ready = Promise.withResolvers<void>();
  readonly #host: ThreadHost;
  readonly #control: ControlLane;
  readonly #reader: LaneReader<Data<Protocol>>;
  readonly #calls: PendingCalls;
  readonly #server: CallServer;
  readonly #watch: HeartbeatWatch;
  #held: ControlMessage[] | undefined = [];
  #verdict: Verdict | undefined;

  /**
   * Starts a worker thread and waits until its `serveChannel` has been called.
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
    this.#options = options;
    const { host, control, data } = startWorker(file, this.#page, options);
    this.#host = host;
    this.#control = new ControlLane(control, this.#page, 'parent', (message) => this.#onMessage(message));
    this.#reader = new LaneReader(data, laneWindow.windowItems);
    this.data = this.#reader;
    this.#calls = new PendingCalls((message) => this.#control.post(message), options.clock);
    this.#server = new CallServer(options.requests ?? {}, (message) => this.#control.post(message));
    // The limit for a worker that does not serve yet is `startTimeoutMs`; its loop may stand still while it loads.
    this.#watch = new HeartbeatWatch(this.#page, options.clock);
    this.#watch.start(options.startTimeoutMs, {
      beat: () => {},
      silent: () => this.#end({ reason: 'start-timeout', limitMs: options.startTimeoutMs }),
    });
    this.closed = this.#whenEnded(control, data);
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

  /** How full the lanes are and how lively the worker is. Read from shared memory: true for a stuck worker as well. */
  stats(): WorkerChannelStats {
    return {
      queuedItems: this.#page.get('queuedItems'),
      queuedBytes: this.#page.get('queuedBytes'),
      unreadItems: this.#reader.waiting,
      takenItems: this.#reader.takenTotal,
      droppedItems: this.#page.get('droppedItems'),
      pendingCalls: this.#calls.size,
      lastBeatAgeMs: this.#watch.ageMs,
    };
  }

  /**
   * Asks the worker to stop, waits `graceMs` for it to flush and end, then terminates it. May be called again: the
   * shorter grace wins.
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
      silent: () => this.#end({ reason: 'hung', limitMs: heartbeatTimeoutMs }),
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
    if (message.type === 'ready') this.#ready.resolve();
    else if (this.#held !== undefined) this.#held.push(message);
    else this.#dispatch(message);
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
    this.#page.set('stop', 1);
    try {
      this.#control.post({ type: 'stop' });
    } catch {
      // The worker takes no messages; it sees the flag, or the grace ends.
    }
  }

  #end(verdict: Verdict): void {
    this.#verdict ??= verdict;
    void this.#host.terminate();
  }

  async #whenEnded(control: MessagePort, data: MessagePort): Promise<WorkerExit> {
    const portsClosed = Promise.all([once(control, 'close'), once(data, 'close')]);
    const end = await this.#host.ended;
    // What the worker posted before it ended is still delivered, up to the ports' close events.
    if (end.exitCode === undefined) {
      control.close();
      data.close();
    }
    await portsClosed;
    this.#release();
    return this.#settle(end);
  }

  #settle(end: ThreadEnd): WorkerExit {
    this.#watch.stop();
    const exit = exitOf(this.name, this.#verdict, this.#reader.hasFinished, end);
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
  #reportBadEnd({ error, exitCode }: ThreadEnd): void {
    if (error === undefined && exitCode !== undefined) return;
    const what = error === undefined ? leftBehindNote : describeError(error);
    this.#options.logger.error('worker did not close in good order', { worker: this.name, error: what });
  }

  #refusal(name: string): ClosedError {
    return new ClosedError(`${this.name} is closed: '${name}' not sent`);
  }
}
