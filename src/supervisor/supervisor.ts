import { Emitter } from '../core/emitter.ts';
import { ClosedError, ConfigError, OverflowError, StateError, TimeoutError } from '../core/errors.ts';
import { RestartWindow } from '../core/restart-window.ts';
import type { Service, ServiceContext } from '../core/service.ts';
import type { Child } from './child.ts';
import { type ChildInfo, describeChild, type StartedChild } from './child-info.ts';
import { type ChildCount, ChildTable } from './child-table.ts';
import { publishDiagnostic } from './diagnostics.ts';
import type { SupervisorEvents } from './events.ts';
import { type SupervisorHealth, worstStatus } from './health.ts';
import {
  type ChildOptions,
  type ResolvedChildOptions,
  type ResolvedSupervisorOptions,
  resolveChildOptions,
  resolveSupervisorOptions,
  type SupervisorOptions,
} from './options.ts';
import type { RunHost } from './run-reporter.ts';
import { SupervisorRun } from './supervisor-run.ts';

/**
 * Runs services as its children and starts again what fails or hangs: OTP's `supervisor` for Node, plus back-off,
 * a heartbeat watchdog and start limits, which OTP leaves to others.
 *
 * Children start in the order they were added and stop in reverse. A child that ended is started again as its restart
 * type says, after a back-off, and others with it as the strategy says; a second incarnation never starts while the first
 * one lives. A child with a start limit that fails before it was ready while the tree starts ends the start, and `run`
 * rejects with its error. When more than `maxRestarts` fall within `restartWindowMs`, the supervisor stops all children and
 * `run` rejects with {@link RestartLimitError}, whose `cause` is the last failure. It is a {@link Service} itself, so trees
 * need no more.
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
  readonly #children = new ChildTable<Name>();
  readonly #window: RestartWindow;
  #run: SupervisorRun<Name> | undefined;
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
   * Adds a child before `run`, which starts it, in this run and in all later ones.
   *
   * @throws {ConfigError} when an option is wrong, the name is taken, or the supervisor runs: use `startChild` then.
   * @throws {OverflowError} when there are `maxChildren` already.
   */
  add(service: Service & { readonly name: Name }, options: ChildOptions = {}): this {
    const resolved = this.#checkChild(service, options);
    if (this.#run !== undefined)
      throw new ConfigError(`${this.name} runs: start '${service.name}' with startChild()`);
    if (this.#children.get(service.name) !== undefined)
      throw new ConfigError(`${this.name} has a child '${service.name}' already`);
    this.#children.add(service, resolved, false);
    return this;
  }

  /**
   * Adds a child while the supervisor runs, behind all others, and waits until it is up: with a start limit until it is
   * ready, otherwise not at all. It is gone when this run of the supervisor ends. A child that declines to run is kept,
   * unless it is temporary.
   *
   * @throws {StateError} `CHILD_EXISTS` when the name is taken.
   * @throws {OverflowError} when there are `maxChildren` already.
   * @throws {ClosedError} when the supervisor does not run, or the child was stopped before it was up.
   * @throws {ConfigError} when an option is wrong. What the child threw before it was ready; it is not kept then.
   */
  async startChild(
    service: Service & { readonly name: Name },
    options: ChildOptions = {},
  ): Promise<StartedChild<Name>> {
    const resolved = this.#checkChild(service, options);
    const run = this.#current();
    const known = this.#children.get(service.name);
    if (known !== undefined) {
      const { name, state } = known;
      throw new StateError('CHILD_EXISTS', `${this.name} has a child '${name}', which is ${state}`);
    }
    return this.#bringIn(run, this.#children.add(service, resolved, true));
  }

  /**
   * Stops a child. It stays stopped, also when others are restarted, until `restartChild`; a temporary one is forgotten.
   * One that has finished counts as stopped from then on; nothing else happens to one that does not run.
   *
   * @throws {StateError} `CHILD_UNKNOWN` when there is none of that name.
   * @throws {TimeoutError} `CHILD_STOP_TIMEOUT` when it did not end within its stop limit and was left behind.
   * @throws {ClosedError} when the supervisor does not run.
   */
  async stopChild(name: Name): Promise<void> {
    await stopOrTell(this.#current(), this.#child(name));
  }

  /**
   * Starts a child that has finished or was stopped, and waits until it is up, as `startChild` does.
   *
   * @throws {StateError} `CHILD_UNKNOWN`, `CHILD_RUNNING` while it lives, `CHILD_RESTARTING` when it is about to be started.
   * @throws {ClosedError} when the supervisor does not run, or the child was stopped before it was up.
   * What the child threw before it was ready; it is kept.
   */
  async restartChild(name: Name): Promise<StartedChild<Name>> {
    const run = this.#current();
    const child = this.#restingChild(name, 'restart');
    child.reset();
    return this.#bringIn(run, child);
  }

  /**
   * Forgets a child that has finished or was stopped. One that was added before `run` is there again in the next run.
   *
   * @throws {StateError} `CHILD_UNKNOWN`, `CHILD_RUNNING` while it lives, `CHILD_RESTARTING` when it is about to be started.
   * @throws {ClosedError} when the supervisor does not run.
   */
  removeChild(name: Name): void {
    this.#current();
    this.#children.delete(this.#restingChild(name, 'remove'));
  }

  /** @throws {StateError} `CHILD_UNKNOWN` when there is none of that name. */
  child(name: Name): ChildInfo<Name> {
    return describeChild(this.#child(name));
  }

  /** The children in start order. */
  children(): readonly ChildInfo<Name>[] {
    return [...this.#children].map(describeChild);
  }

  /** How many children there are, how many live, and how many are supervisors. */
  count(): ChildCount {
    return this.#children.count();
  }

  /** The tree below this supervisor as it is now. Always current, costs no message and no wait. */
  health(): SupervisorHealth<Name> {
    const { clock, maxRestarts, restartWindowMs } = this.#options;
    const children = [...this.#children].map((child) => child.health(clock, restartWindowMs));
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
   * Starts the children and keeps them running until `signal` aborts or `autoShutdown` applies; then stops them in reverse
   * order and returns. May be called again after it settled.
   *
   * @throws {RestartLimitError} when children failed too often; the error of a child that failed to start.
   * @throws {ConfigError} when it runs already.
   * @throws {TimeoutError} when a child of an earlier run did not stop and still lives: there is never a second one.
   */
  run(context: Pick<ServiceContext, 'signal'> & Partial<ServiceContext>): Promise<void> {
    if (this.#run !== undefined) return Promise.reject(new ConfigError(`${this.name} runs already`));
    const leftBehind = [...this.#children].find((child) => child.incarnation !== undefined);
    if (leftBehind !== undefined) return Promise.reject(stillAlive(leftBehind));
    this.#window.clear();
    this.#gaveUp = false;
    const run = new SupervisorRun<Name>(this.#host());
    this.#run = run;
    // In place before the first child starts: a listener may close the supervisor then, which waits for this.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running = promise;
    resolve(this.#settle(run, context));
    return promise;
  }

  /** Tells the children that no `run` follows. Called by a supervisor above that stops before it has restarted this one. */
  retire(): void {
    if (this.#run !== undefined) return;
    for (const { service } of this.#children) service.retire?.();
  }

  /** Stops the children in reverse order and waits until `run` has settled. Its error, if any, stays with `run`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#run?.stop();
    await this.#running?.catch(() => {});
  }

  async #settle(run: SupervisorRun<Name>, context: Parameters<Supervisor['run']>[0]): Promise<void> {
    try {
      await run.run(context);
    } finally {
      this.#gaveUp = run.hasFailed;
      this.#children.restore();
      this.#run = undefined;
    }
  }

  #host(): RunHost<Name> {
    return {
      options: this.#options,
      children: this.#children,
      window: this.#window,
      tell: (event, payload) => {
        publishDiagnostic(this.name, event, payload);
        this.emit(event, ...([payload] as SupervisorEvents[typeof event]));
      },
    };
  }

  #checkChild(service: Service, options: ChildOptions): ResolvedChildOptions {
    const resolved = resolveChildOptions(service, options, this.#options.autoShutdown);
    if (Supervisor.#isOrHolds(service, this))
      throw new ConfigError(`${this.name} cannot be a child of itself, nor of one of its children`);
    const { maxChildren } = this.#options;
    if (this.#children.size < maxChildren) return resolved;
    throw new OverflowError(
      'OVERFLOW_CHILDREN',
      `${this.name} has ${this.#children.size} children, limit ${maxChildren}: '${service.name}' was not added`,
    );
  }

  async #bringIn(run: SupervisorRun<Name>, child: Child<Name>): Promise<StartedChild<Name>> {
    const isUp = child.awaitStart();
    run.bringIn(child);
    const incarnation = await isUp;
    return {
      name: child.name,
      incarnation: child.incarnations,
      info: incarnation.info,
      ended: incarnation.ended.then(({ exit }) => exit),
      stop: async () => {
        if (this.#children.has(child) && this.#run === run) await stopOrTell(run, child);
      },
    };
  }

  // Supervisors in a circle could neither be started nor be shown.
  static #isOrHolds(service: unknown, supervisor: unknown): boolean {
    if (service === supervisor) return true;
    if (!(service instanceof Supervisor)) return false;
    return [...service.#children].some((child) => Supervisor.#isOrHolds(child.service, supervisor));
  }

  #current(): SupervisorRun<Name> {
    if (this.#run !== undefined && !this.#run.isStopping) return this.#run;
    throw new ClosedError(`${this.name} does not run`);
  }

  #child(name: string): Child<Name> {
    const child = this.#children.get(name);
    if (child !== undefined) return child;
    throw new StateError('CHILD_UNKNOWN', `${this.name} has no child '${name}'`);
  }

  #restingChild(name: string, action: string): Child<Name> {
    const child = this.#child(name);
    if (!child.isActive) return child;
    const code = child.incarnation === undefined ? 'CHILD_RESTARTING' : 'CHILD_RUNNING';
    throw new StateError(code, `cannot ${action} '${name}' of ${this.name}: it is ${child.state}`);
  }

  #state(): SupervisorHealth['state'] {
    if (this.#run === undefined) return this.#gaveUp ? 'gave-up' : 'idle';
    return this.#run.isStopping ? 'stopping' : 'running';
  }
}

async function stopOrTell<Name extends string>(run: SupervisorRun<Name>, child: Child<Name>): Promise<void> {
  if ((await run.stopChild(child)) === 'left-behind') throw stillAlive(child);
}

function stillAlive(child: Child): TimeoutError {
  const { stopTimeoutMs } = child.options;
  return new TimeoutError(
    'CHILD_STOP_TIMEOUT',
    `${child.name} still runs, ${stopTimeoutMs} ms after it was to stop`,
  );
}
