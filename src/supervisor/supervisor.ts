import { onAbort } from '../core/abort.ts';
import { checkMs } from '../core/check.ts';
import { Emitter } from '../core/emitter.ts';
import { describeError } from '../core/error-transfer.ts';
import { ClosedError, ConfigError, RestartLimitError, TimeoutError } from '../core/errors.ts';
import type { LogFields } from '../core/logger.ts';
import { Mailbox } from '../core/mailbox.ts';
import type { Service, ServiceContext } from '../core/service.ts';
import { Child } from './child.ts';
import type { SupervisorEvents } from './events.ts';
import { type SupervisorHealth, worstStatus } from './health.ts';
import { type Ending, Incarnation } from './incarnation.ts';
import {
  type ChildOptions,
  type ResolvedSupervisorOptions,
  resolveChildOptions,
  resolveSupervisorOptions,
  type SupervisorOptions,
} from './options.ts';
import { RestartWindow } from './restart-window.ts';

/**
 * Runs services as its children and starts again what fails or hangs: OTP's `supervisor` for Node, plus back-off,
 * a heartbeat watchdog and start limits, which OTP leaves to others.
 *
 * Children start in the order they were added and stop in reverse. A child that ended is started again as its restart
 * type says, after a back-off; a second incarnation never starts while the first one lives. A child with a start limit
 * that fails before it was ready while the tree starts ends the start, and `run` rejects with its error. When more than
 * `maxRestarts` fall within `restartWindowMs`, the supervisor stops all children and `run` rejects with
 * {@link RestartLimitError}, whose `cause` is the last failure. It is a {@link Service} itself, so trees need no more.
 *
 * @typeParam Name - The names of the children, for typed health.
 *
 * @example
 * ```ts
 * const supervisor = new Supervisor({ name: 'app' });
 * supervisor.add({ name: 'poller', run: ({ signal, beat }) => poll(signal, beat) }, { heartbeatTimeoutMs: 5_000 });
 * await supervisor.run({ signal });
 * ```
 */
export class Supervisor<Name extends string = string> extends Emitter<SupervisorEvents> implements Service {
  readonly name: string;
  readonly #options: ResolvedSupervisorOptions;
  readonly #children = new Map<Name, Child<Name>>();
  readonly #window: RestartWindow;
  #run: SupervisorRun | undefined;
  #running: Promise<void> | undefined;
  #gaveUp = false;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: SupervisorOptions) {
    const resolved = resolveSupervisorOptions(options);
    super(resolved.logger);
    this.name = resolved.name;
    this.#options = resolved;
    this.#window = new RestartWindow(resolved.maxRestarts, resolved.restartWindowMs);
  }

  /**
   * Adds a child. Add all children before `run`.
   *
   * @throws {ConfigError} when an option is wrong, the name is taken, or the supervisor runs.
   */
  add(service: Service & { readonly name: Name }, options: ChildOptions = {}): this {
    const resolved = resolveChildOptions(service, options);
    if (service === (this as unknown)) throw new ConfigError(`${this.name} cannot be a child of itself`);
    if (this.#run !== undefined)
      throw new ConfigError(`${this.name} runs: add '${service.name}' before run()`);
    if (this.#children.has(service.name))
      throw new ConfigError(`${this.name} has a child '${service.name}' already`);
    this.#children.set(service.name, new Child(service.name, service, resolved));
    return this;
  }

  /** The tree below this supervisor as it is now. Always current, costs no message and no wait. */
  health(): SupervisorHealth<Name> {
    const { clock, maxRestarts, restartWindowMs } = this.#options;
    const children = [...this.#children.values()].map((child) => child.health(clock, restartWindowMs));
    return {
      name: this.name,
      status: this.#run === undefined ? 'failing' : worstStatus(children.map((child) => child.status)),
      state: this.#state(),
      restartsInWindow: this.#window.count(clock.nowMs()),
      maxRestarts,
      restartWindowMs,
      restartsTotal: children.reduce((sum, child) => sum + child.restartsTotal, 0),
      children,
    };
  }

  /**
   * Starts the children and keeps them running until `signal` aborts; then stops them in reverse order and returns.
   * May be called again after it settled.
   *
   * @throws {RestartLimitError} when children failed too often; the error of a child that failed to start.
   * @throws {ConfigError} when it runs already.
   * @throws {TimeoutError} when a child of an earlier run did not stop and still lives: there is never a second one.
   */
  run(context: Pick<ServiceContext, 'signal'> & Partial<ServiceContext>): Promise<void> {
    if (this.#run !== undefined) return Promise.reject(new ConfigError(`${this.name} runs already`));
    const leftBehind = [...this.#children.values()].find((child) => child.incarnation !== undefined);
    if (leftBehind !== undefined) return Promise.reject(stillAlive(leftBehind));
    this.#run = {
      mailbox: new Mailbox(),
      stop: new AbortController(),
      failure: undefined,
      isStarting: true,
      started: () => {},
    };
    this.#running = this.#supervise(this.#run, context).finally(() => {
      this.#run = undefined;
    });
    return this.#running;
  }

  /** Stops the children in reverse order and waits until `run` has settled. Its error, if any, stays with `run`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#run?.stop.abort();
    await this.#running?.catch(() => {});
  }

  async #supervise(
    run: SupervisorRun,
    context: Pick<ServiceContext, 'signal'> & Partial<ServiceContext>,
  ): Promise<void> {
    this.#gaveUp = false;
    this.#window.clear();
    const release = onAbort(context.signal, () => run.stop.abort());
    const stopping = new Promise<void>((resolve) => onAbort(run.stop.signal, resolve));
    try {
      await this.#startAll(run, stopping);
      run.isStarting = false;
      if (!run.stop.signal.aborted) context.ready?.();
      await stopping;
    } catch (error) {
      this.#fail(run, error); // A caller's `ready()` that throws must not leave children behind.
    } finally {
      release();
    }
    await run.mailbox.post(() => this.#stopAll());
    if (run.failure !== undefined) throw run.failure;
  }

  async #startAll(run: SupervisorRun, stopping: Promise<void>): Promise<void> {
    for (const child of this.#children.values()) {
      if (run.stop.signal.aborted) return;
      Object.assign(child, { phase: { kind: 'waiting' }, retries: 0 });
      this.#start(run, child);
      while (!child.hasStarted && !run.stop.signal.aborted) {
        await Promise.race([
          stopping,
          new Promise<void>((resolve) => Object.assign(run, { started: resolve })),
        ]);
      }
    }
  }

  #start(run: SupervisorRun, child: Child<Name>): void {
    const number = ++child.incarnations;
    const payload = { child: child.name, incarnation: number };
    const incarnation = new Incarnation(child.service, child.options, this.#options.clock, {
      ready: (afterMs) => {
        run.started();
        this.emit('child:ready', { ...payload, afterMs });
      },
      hung: (silentMs) => this.emit('child:hung', { ...payload, silentMs }),
      stuck: () => this.#reportStuck(child, incarnation),
    });
    child.phase = { kind: 'alive', incarnation, isStuck: false };
    this.emit('child:started', payload);
    void incarnation.ended.then((ending) => {
      child.noteExit(ending.exit, this.#options.clock.nowMs());
      this.emit('child:exited', { ...payload, exit: ending.exit });
      this.#post(run, async () => this.#decide(run, child, incarnation, ending));
    });
  }

  #decide(run: SupervisorRun, child: Child<Name>, incarnation: Incarnation, ending: Ending): void {
    if (child.incarnation !== incarnation) return;
    if (run.stop.signal.aborted) child.phase = { kind: 'stopped' };
    else if (run.isStarting && failedToStart(child, ending)) this.#fail(run, ending.error);
    else if (wantsRestart(child, ending)) this.#restartLater(run, child, ending);
    else this.#finish(child, ending);
    run.started();
  }

  #finish(child: Child<Name>, ending: Ending): void {
    child.phase = { kind: 'finished' };
    if (child.options.restart === 'temporary') this.#children.delete(child.name);
    if (ending.error !== undefined) this.#warn('child failed and is not restarted', child, ending);
  }

  #restartLater(run: SupervisorRun, child: Child<Name>, ending: Ending): void {
    const { exit, error } = ending;
    const { clock, backoff, restartWindowMs } = this.#options;
    if (!this.#window.admit(clock.nowMs()))
      return this.#giveUp(run, child, error ?? new ClosedError(`${child.name} returned`));
    child.retries = exit.ranForMs >= restartWindowMs ? 0 : child.retries;
    const delayMs = Math.round(checkMs('backoff.delayMs()', backoff.delayMs(child.retries++)));
    const timer = clock.setTimer(delayMs, () => this.#post(run, async () => this.#restart(run, child)));
    child.phase = { kind: 'backing-off', restartAtMs: clock.nowMs() + delayMs, timer };
    this.#warn('child restarts', child, ending, { delayMs });
    this.emit('child:restarting', { child: child.name, exit, delayMs });
  }

  #restart(run: SupervisorRun, child: Child<Name>): void {
    if (child.phase.kind !== 'backing-off' || run.stop.signal.aborted) return;
    child.restartsTotal++;
    this.#start(run, child);
  }

  #giveUp(run: SupervisorRun, child: Child<Name>, cause: unknown): void {
    const { maxRestarts, restartWindowMs, logger } = this.#options;
    child.phase = { kind: 'finished' };
    this.#fail(
      run,
      new RestartLimitError(
        `${this.name} gave up: more than ${maxRestarts} restarts within ${restartWindowMs} ms, the last one of ` +
          `'${child.name}' after ${describeError(cause)}`,
        { cause },
      ),
    );
    logger.error('supervisor gave up', {
      supervisor: this.name,
      child: child.name,
      error: describeError(cause),
    });
    this.emit('gaveUp', { child: child.name, maxRestarts, restartWindowMs, error: cause });
  }

  #fail(run: SupervisorRun, failure: unknown): void {
    this.#gaveUp = true;
    run.failure ??= failure;
    run.stop.abort();
  }

  async #stopAll(): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) {
      if (child.phase.kind === 'backing-off') child.phase.timer.cancel();
      const outcome = await child.incarnation?.stop();
      if (outcome === 'elapsed') continue; // Left behind; health() names it for as long as it lives.
      if (child.phase.kind !== 'finished') child.phase = { kind: 'stopped' };
    }
  }

  #warn(message: string, child: Child<Name>, { exit }: Ending, more: LogFields = {}): void {
    const { reason, error } = exit;
    this.#options.logger.warn(message, { supervisor: this.name, child: child.name, reason, error, ...more });
  }

  #reportStuck(child: Child<Name>, incarnation: Incarnation): void {
    const { stopTimeoutMs } = child.options;
    child.phase = { kind: 'alive', incarnation, isStuck: true };
    this.#options.logger.error('child does not stop', {
      supervisor: this.name,
      child: child.name,
      stopTimeoutMs,
    });
    this.emit('child:stopTimeout', { child: child.name, incarnation: child.incarnations, stopTimeoutMs });
  }

  // What a child's end or a timer sets off goes through the mailbox. A callback that throws there (a back-off, say)
  // must end the supervisor with its error: going on without the restart would be a silent loss of the child.
  #post(run: SupervisorRun, task: () => Promise<void>): void {
    run.mailbox.post(task).catch((error: unknown) => this.#fail(run, error));
  }

  #state(): SupervisorHealth['state'] {
    if (this.#run === undefined) return this.#gaveUp ? 'gave-up' : 'idle';
    return this.#run.stop.signal.aborted ? 'stopping' : 'running';
  }
}

interface SupervisorRun {
  readonly mailbox: Mailbox;
  readonly stop: AbortController;
  failure: unknown;
  /** Whether the children are being started for the first time in this run. */
  isStarting: boolean;
  /** Wakes the ordered start: a child became ready, ended, or is waited for no more. */
  started: () => void;
}

function stillAlive(child: Child): TimeoutError {
  const { stopTimeoutMs } = child.options;
  return new TimeoutError(
    'CHILD_STOP_TIMEOUT',
    `${child.name} still runs, ${stopTimeoutMs} ms after it was to stop`,
  );
}

// As in OTP: a child that cannot even start ends the start of the tree. Retrying would hide a wrong configuration.
function failedToStart(child: Child, { error }: Ending): boolean {
  return error !== undefined && child.options.startTimeoutMs !== undefined && !child.hasStarted;
}

function wantsRestart(child: Child, { exit }: Ending): boolean {
  if (child.options.restart === 'temporary') return false;
  return child.options.restart === 'permanent' || exit.reason !== 'returned';
}
