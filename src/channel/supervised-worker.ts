import { onAbort } from '../core/abort.ts';
import { Emitter } from '../core/emitter.ts';
import { ClosedError, ConfigError } from '../core/errors.ts';
import { announcesRestart, type Service, type ServiceContext } from '../core/service.ts';
import type { CallOptions } from './calls.ts';
import type { WorkerChannelStats } from './channel-stats.ts';
import { ContinuousData } from './continuous-data.ts';
import { DesiredState } from './desired-state.ts';
import type { Calls, Commands, Data, Names, Params, Result } from './protocol.ts';
import type { SupervisedWorkerEvents } from './supervised-events.ts';
import {
  type ResolvedSupervisedOptions,
  resolveSupervisedOptions,
  type SupervisedWorkerOptions,
} from './supervised-options.ts';
import { WorkerChannel } from './worker-channel.ts';
import type { DeliveryStats, WorkerData } from './worker-data.ts';

/** A moment of a {@link SupervisedWorker}. */
export interface SupervisedWorkerStats extends DeliveryStats {
  /** The newest incarnation; 0 before the first. */
  readonly incarnation: number;
  /** Items that all incarnations dropped because the worker's queue was full. */
  readonly droppedItems: number;
  /** Commands that are set, 256 at most. */
  readonly desiredCommands: number;
  /** The present incarnation's channel; `undefined` while none lives. */
  readonly channel: WorkerChannelStats | undefined;
}

/**
 * A worker that may die and come back without its users having to know. It is a {@link Service}: a supervisor runs it,
 * and each `run` is one worker, the next incarnation. What the user wants of it is *set* and reaches every incarnation;
 * what the workers write is *one* stream, with a mark at each seam.
 *
 * @typeParam Protocol - See {@link WorkerProtocol}.
 *
 * @example
 * ```ts
 * const demux = new SupervisedWorker<DemuxProtocol>(new URL('./demux.worker.ts', import.meta.url));
 * demux.set('connect', { url });
 * const running = new Supervisor({ name: 'app' }).add(demux).run({ signal });
 * for await (const item of demux.data) {
 *   if (item.kind === 'discontinuity') decoder.reset();
 *   else decoder.decode(item.value);
 * }
 * ```
 */
export class SupervisedWorker<Protocol> extends Emitter<SupervisedWorkerEvents<Protocol>> implements Service {
  readonly name: string;
  /**
   * What the workers write, for one loop at a time. The loop survives restarts: what was received from an incarnation
   * comes first, then one {@link Discontinuity}, then the items of the next one. It ends when `run` ended in good order
   * (finished, or stopped) or the supervisor stops before the next one, not when `run` failed, since a supervisor starts
   * the next incarnation; after one that gave up for good, leave it from outside with the iterator's `return()`. A loop begins where the last one was left, and waits for a worker
   * when there is none. One that begins after a run has ended and another has begun takes that end as a discontinuity.
   *
   * A slow consumer holds the worker back. An incarnation that ended leaves at most 65 items, and eight such rests are
   * kept; beyond, the oldest but one is dropped, and the next discontinuity counts its items. A worker that is stopped
   * while no loop is open has nobody to flush for: what it has not delivered is discarded, and counted as lost.
   */
  readonly data: WorkerData<Data<Protocol>>;
  readonly #file: URL;
  readonly #options: ResolvedSupervisedOptions<Protocol>;
  readonly #data: ContinuousData<Data<Protocol>>;
  readonly #desired: DesiredState<Names<Commands<Protocol>>>;
  #channel: WorkerChannel<Protocol> | undefined;
  #incarnation = 0;
  #droppedItems = 0;
  #isRunning = false;

  /**
   * @param file - The worker's file, which calls `serveChannel`.
   * @throws {ConfigError} when an option is unknown, out of range, or `workerData` cannot be cloned.
   */
  constructor(file: URL, options: SupervisedWorkerOptions<Protocol> = {}) {
    const resolved = resolveSupervisedOptions(file, options);
    super(resolved.logger);
    this.name = resolved.name;
    this.#file = file;
    this.#options = resolved;
    this.#desired = new DesiredState(resolved.host);
    this.#data = new ContinuousData(resolved.name);
    this.data = this.#data;
  }

  /** The newest incarnation; 0 before the first. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /**
   * The channel to the worker that lives now. It changes with every incarnation, so do not keep it, and do not read
   * its `data`: {@link SupervisedWorker.data} does.
   */
  get channel(): WorkerChannel<Protocol> | undefined {
    return this.#channel;
  }

  /**
   * Sets a command as desired state: it is sent to the worker that lives, if one does, and to every later one before
   * anything else, in the order of setting. The last value per name counts. `params` is copied here and now. When this
   * throws, nothing was sent and the value from before still holds.
   *
   * @throws {ConfigError} when `params` cannot be cloned, or 256 other commands are set.
   * @throws {OverflowError} when the worker does not take its messages: 4096 wait already.
   */
  set<Name extends Names<Commands<Protocol>>>(name: Name, params: Commands<Protocol>[Name]): void {
    this.#desired.set(name, params, (copy) => this.#apply(name, copy));
  }

  /** Forgets a command that was set. Sends nothing: the worker that lives keeps what it was told. */
  unset(name: Names<Commands<Protocol>>): void {
    this.#desired.delete(name);
  }

  /**
   * Sends a command once, to the worker that lives now. It is not sent again when that worker dies.
   *
   * @throws {ClosedError} when none lives; {@link OverflowError} when the worker does not take its messages.
   */
  send<Name extends Names<Commands<Protocol>>>(name: Name, params: Commands<Protocol>[Name]): void {
    this.#living(name).send(name, params);
  }

  /**
   * Calls the worker that lives now and waits for its answer. Settles in any case, also when that worker dies; the call
   * is not made again.
   *
   * @throws {ClosedError} when none lives, or it is being stopped; {@link WorkerExitError} when it dies;
   * {@link TimeoutError} after `timeoutMs`; what the handler threw.
   */
  async call<Name extends Names<Calls<Protocol>>>(
    name: Name,
    params: Params<Calls<Protocol>[Name]>,
    options: CallOptions = {},
  ): Promise<Result<Calls<Protocol>[Name]>> {
    return this.#living(name).call(name, params, options);
  }

  /** Totals over all incarnations, and the state of the present one. */
  stats(): SupervisedWorkerStats {
    const channel = this.#channel?.stats();
    return {
      ...this.#data.stats(),
      incarnation: this.#incarnation,
      droppedItems: this.#droppedItems + (channel?.droppedItems ?? 0),
      desiredCommands: this.#desired.size,
      channel,
    };
  }

  /**
   * Lives one incarnation: starts a worker, sends it the desired state, calls `ready()`, and `beat()` as the worker's
   * loop turns. Returns when the worker finished or `signal` aborted; then it has `stopGraceMs` to flush. May be called
   * again after it settled; a worker that is stuck in a native call is left behind and holds nothing up.
   *
   * @throws {WorkerExitError} when the worker ends any other way, or does not start within `startTimeoutMs`;
   * {@link ClosedError} after `kill()`, unless `signal` had aborted.
   * @throws {TimeoutError} `CHILD_HUNG`, `CHILD_START_TIMEOUT`, or {@link StateError} `CHILD_RESTARTING`: the signal's reason,
   * when a supervisor ended this run for another one.
   * @throws {ConfigError} when it runs already.
   */
  async run(context: ServiceContext): Promise<void> {
    if (this.#isRunning) throw new ConfigError(`${this.name} runs already`);
    this.#isRunning = true;
    try {
      await this.#live(context);
    } catch (error) {
      if (!context.signal.aborted) throw error;
    } finally {
      this.#isRunning = false;
    }
    const { reason } = context.signal;
    if (announcesRestart(reason)) throw reason; // The data is not over.
    this.#data.end();
  }

  /** Ends a loop over `data` that waits for a worker: none will come. Called by a supervisor that stops meanwhile. */
  retire(): void {
    if (!this.#isRunning) this.#data.end();
  }

  /** Terminates the worker without grace. `run` settles soon after, also when the thread cannot be ended. */
  kill(): void {
    void this.#channel?.close({ graceMs: 0 });
  }

  async #live(context: ServiceContext): Promise<void> {
    const channel = await this.#open(context.signal);
    const incarnation = ++this.#incarnation;
    const segment = this.#data.begin(incarnation, channel);
    const { stopGraceMs: graceMs } = this.#options;
    this.#channel = channel;
    const release = onAbort(context.signal, () => void channel.close({ graceMs }));
    try {
      this.#forward(channel, incarnation, context);
      for (const [name, params] of this.#desired) this.#apply(name, params as never);
      this.emit('started', { incarnation });
      context.ready();
      await channel.closed;
    } finally {
      release();
      const exit = await channel.close({ graceMs: 0 }); // It is closed already, unless something here threw.
      this.#channel = undefined;
      this.#droppedItems += channel.stats().droppedItems;
      this.#data.finish(segment, exit);
      this.emit('ended', { incarnation, exit });
    }
    const { error, reason } = await channel.closed;
    if (error !== undefined) throw error;
    // Killed, and nobody asked this run to stop: another one is to follow.
    if (reason === 'closed' && !context.signal.aborted) throw new ClosedError(`${this.name} was killed`);
  }

  // The channel gets a signal of its own: with the run's it would close with its own grace instead of ours.
  async #open(signal: AbortSignal): Promise<WorkerChannel<Protocol>> {
    const opening = new AbortController();
    const release = onAbort(signal, () => opening.abort(signal.reason));
    try {
      return await WorkerChannel.open(this.#file, { ...this.#options.channel, signal: opening.signal });
    } finally {
      release();
    }
  }

  #forward(channel: WorkerChannel<Protocol>, incarnation: number, context: ServiceContext): void {
    channel.on('status', (event) => this.emit('status', { ...event, incarnation }));
    channel.on('commandFailed', (event) => this.emit('commandFailed', { ...event, incarnation }));
    channel.on('beat', () => {
      context.beat();
      this.emit('beat', { incarnation });
    });
  }

  #apply<Name extends Names<Commands<Protocol>>>(name: Name, params: Commands<Protocol>[Name]): void {
    try {
      this.#channel?.send(name, params);
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error; // This worker ends; the next one gets it.
    }
  }

  #living(name: string): WorkerChannel<Protocol> {
    if (this.#channel === undefined) throw new ClosedError(`${this.name} has no worker: '${name}' not sent`);
    return this.#channel;
  }
}
