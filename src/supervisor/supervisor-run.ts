import { onAbort, sleep } from '../core/abort.ts';
import { checkMs } from '../core/check.ts';
import { ClosedError, type SpillwayError, StateError } from '../core/errors.ts';
import { announcesRestart, type ServiceContext } from '../core/service.ts';
import { BringUp, stopChildren } from './bring-up.ts';
import type { Child } from './child.ts';
import type { AutoShutdownCause } from './events.ts';
import { type Ending, Incarnation, type StopOutcome } from './incarnation.ts';
import { hasFailedToStart, wantsRestart } from './restart-rules.ts';
import { type RunHost, RunReporter } from './run-reporter.ts';

/**
 * One run of a supervisor: starts the children, decides what follows from each end, stops them. Every decision is taken
 * synchronously when something has ended, is due or is asked for. So nothing that takes its time, a slow start or a slow
 * stop, holds up a decision about another child.
 */
export class SupervisorRun<Name extends string = string> {
  readonly #host: RunHost<Name>;
  readonly #reporter: RunReporter<Name>;
  readonly #stop = new AbortController();
  readonly #isUp = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;
  #stopReason: SpillwayError | undefined;
  #isStarting = true;
  /** The end of a significant child, until another one comes up or is stopped by request. */
  #significantEnd: AutoShutdownCause | undefined;
  #isOver = false;
  #bringUp: BringUp<Name> | undefined;

  constructor(host: RunHost<Name>) {
    this.#host = host;
    this.#reporter = new RunReporter(host);
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Runs until {@link stop} is called, a significant child ended, or the children failed too often. */
  async run(context: Pick<ServiceContext, 'signal'> & Partial<ServiceContext>): Promise<void> {
    for (const child of this.#host.children) child.reset();
    const release = onAbort(context.signal, () => this.stop(context.signal.reason));
    const stopping = new Promise<void>((resolve) => onAbort(this.#stop.signal, resolve));
    try {
      if (!this.isStopping) this.#launch(this.#newBringUp(0));
      await Promise.race([this.#isUp.promise, stopping]);
      if (!this.isStopping) context.ready?.();
      await stopping;
    } catch (error) {
      this.#fail(error); // A caller's `ready()` that throws must not leave children behind.
    } finally {
      release();
    }
    await this.#stopAll();
    this.#isOver = true;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** @param reason - Why, if another run of the supervisor is to follow: its children are told so. */
  stop(reason?: unknown): void {
    if (!this.isStopping && announcesRestart(reason)) this.#stopReason = reason;
    this.#stop.abort();
    this.#bringUp?.abort();
  }

  /** Starts a child that does not live: at once, or in its turn while its group is being brought up. */
  bringIn(child: Child<Name>): void {
    child.phase = { kind: 'waiting' };
    if (this.#bringUp?.covers(child)) this.#bringUp.wake();
    else this.#start(child);
  }

  /** Stops a child that is not wanted any more. Whatever wants to start it, or waits for it, goes on without it. */
  async stopChild(child: Child<Name>): Promise<StopOutcome> {
    child.isUnwanted = true;
    if (child.options.significant) this.#significantEnd = undefined;
    this.#bringUp?.wake();
    if (child.incarnation !== undefined)
      return child.incarnation.stop(new ClosedError(`${child.name} was stopped by request`));
    this.#takeOut(child);
    return 'ended';
  }

  #takeOut(child: Child<Name>): void {
    if (child.phase.kind === 'backing-off') child.phase.cancel();
    child.phase = { kind: 'stopped' };
    child.failStart();
    if (child.isForgottenAtEnd) this.#host.children.delete(child);
    if (this.#stopReason === undefined) this.#reporter.retire(child);
    this.#bringUp?.wake();
  }

  #start(child: Child<Name>): void {
    const { tell, options } = this.#host;
    const payload = { child: child.name, incarnation: child.noteStart() };
    const incarnation = new Incarnation(child.service, child.options, options.clock, {
      ready: (afterMs) => {
        this.#noteChildUp(child, incarnation);
        tell('child:ready', { ...payload, afterMs });
        this.#bringUp?.wake();
      },
      hung: (silentMs) => tell('child:hung', { ...payload, silentMs }),
      overdue: (outcome) => this.#onOverdue(child, incarnation, outcome),
    });
    child.phase = { kind: 'alive', incarnation, isStuck: false };
    tell('child:started', payload);
    if (incarnation.isReady) this.#noteChildUp(child, incarnation);
    void incarnation.ended.then((ending) => {
      child.noteExit(ending.exit, options.clock.nowMs());
      tell('child:exited', { ...payload, exit: ending.exit });
      this.#guard(() => this.#onEnd(child, ending));
      this.#bringUp?.wake();
    });
  }

  #noteChildUp(child: Child<Name>, incarnation: Incarnation): void {
    child.noteUp(incarnation);
    if (child.options.significant) this.#significantEnd = undefined;
  }

  #onEnd(child: Child<Name>, ending: Ending): void {
    if (this.isStopping || child.isUnwanted) return this.#noteStopped(child, ending);
    if (this.#hasFallenWithGroup(child)) return this.#standBy(child);
    if (child.isAwaited) return this.#noteFailedStart(child, ending);
    if (this.#isStarting && hasFailedToStart(child, ending)) return this.#endStart(child, ending);
    if (wantsRestart(child, ending)) return this.#restart(child, ending);
    this.#finish(child, ending);
  }

  #noteStopped(child: Child<Name>, ending: Ending): void {
    child.phase = { kind: 'stopped' };
    if (ending.error !== undefined)
      this.#reporter.warn('child failed while it was being stopped', child, ending);
    child.failStart();
    if (this.#isOver) return this.#host.children.restore(); // It had been left behind and hid what is there next time.
    if (child.isForgottenAtEnd || (this.isStopping && child.isDynamic)) this.#host.children.delete(child);
  }

  #hasFallenWithGroup(child: Child<Name>): boolean {
    // A child that was left behind holds up its group, and when it ends at last, that goes on with it.
    const isStuck = child.phase.kind === 'alive' && child.phase.isStuck;
    const group = this.#bringUp;
    return group?.covers(child) === true && (group.isStopping || isStuck);
  }

  #standBy(child: Child<Name>): void {
    if (child.options.restart !== 'temporary') return this.bringIn(child);
    child.phase = { kind: 'stopped' };
    child.failStart();
    this.#host.children.delete(child);
  }

  // OTP: who starts a child hears why that failed, and one that never was up is not kept. One that declined is.
  #noteFailedStart(child: Child<Name>, { exit, error }: Ending): void {
    const { incarnation } = child;
    child.phase = { kind: 'finished' };
    if (exit.reason === 'ignored' && incarnation !== undefined) child.noteUp(incarnation);
    else child.failStart(error);
    if (child.isForgottenAtEnd) this.#host.children.delete(child);
    this.#shutDownIfLast();
  }

  #endStart(child: Child<Name>, { error }: Ending): void {
    child.phase = { kind: 'finished' };
    this.#fail(error);
  }

  #finish(child: Child<Name>, ending: Ending): void {
    child.phase = { kind: 'finished' };
    if (child.options.restart === 'temporary') this.#host.children.delete(child);
    if (ending.error !== undefined) this.#reporter.warn('child is not restarted', child, ending);
    this.#reporter.retire(child);
    const { exit } = ending;
    if (child.options.significant && exit.reason !== 'ignored')
      this.#significantEnd = { child: child.name, exit };
    this.#shutDownIfLast();
  }

  // Asked again when a significant child does not come up: the one that ended before may have been the last after all.
  #shutDownIfLast(): void {
    const { options, children } = this.#host;
    if (this.#significantEnd === undefined) return;
    if (options.autoShutdown === 'all-significant' && children.hasActiveSignificant) return;
    this.#host.tell('autoShutdown', this.#significantEnd);
    this.stop();
  }

  #restart(child: Child<Name>, ending: Ending): void {
    const { clock, backoff, backoffResetMs, strategy } = this.#host.options;
    if (!this.#host.window.admit(clock.nowMs()))
      return this.#giveUp(child, ending.error ?? new ClosedError(`${child.name} returned`));
    if (ending.upMs >= backoffResetMs) child.retries = 0;
    const delayMs = Math.round(checkMs('backoff.delayMs()', backoff.delayMs(child.retries++)));
    if (strategy === 'one-for-one') this.#restartAlone(child, delayMs);
    else this.#restartGroup(child, delayMs);
    this.#reporter.warn('child restarts', child, ending, { delayMs });
    this.#host.tell('child:restarting', { child: child.name, exit: ending.exit, delayMs });
  }

  #restartAlone(child: Child<Name>, delayMs: number): void {
    const { clock } = this.#host.options;
    const timer = clock.setTimer(delayMs, () => this.#guard(() => this.#start(child)));
    const restartAtMs = clock.nowMs() + delayMs;
    child.phase = { kind: 'backing-off', restartAtMs, cancel: () => timer.cancel() };
  }

  /** Stops the children that fall with this one, and brings all of them up again when the back-off is over. */
  #restartGroup(cause: Child<Name>, delayMs: number): void {
    const { strategy, clock } = this.#host.options;
    const group = this.#newBringUp(strategy === 'one-for-all' ? 0 : cause.order);
    group.isStopping = true;
    for (const child of group.rest) if (child.phase.kind === 'backing-off') child.phase = { kind: 'waiting' };
    cause.phase = { kind: 'backing-off', restartAtMs: clock.nowMs() + delayMs, cancel: () => {} };
    this.#regroup(group, cause, delayMs).catch((error: unknown) => this.#fail(error));
  }

  async #regroup(group: BringUp<Name>, cause: Child<Name>, delayMs: number): Promise<void> {
    const { clock, stopOrder } = this.#host.options;
    const { signal } = group;
    const reason = new StateError('CHILD_RESTARTING', `to be restarted together with ${cause.name}`);
    const due = sleep(clock, delayMs, signal);
    await stopChildren(group.rest, stopOrder, { signal, reason });
    group.isStopping = false;
    await due;
    if (signal.aborted) return;
    // OTP starts the whole group, those that had finished included. What `stopChild` stopped stays stopped.
    for (const child of group.rest)
      if (child.phase.kind === 'backing-off' || child.phase.kind === 'finished')
        child.phase = { kind: 'waiting' };
    this.#launch(group);
  }

  #launch(group: BringUp<Name>): void {
    group.run(() => this.#noteUp()).catch((error: unknown) => this.#fail(error));
  }

  // A new one always covers what is left of the old one: a child that fails stands before those that wait for it.
  #newBringUp(place: number): BringUp<Name> {
    this.#bringUp?.abort();
    this.#bringUp = new BringUp(this.#host.children, place, (child) => this.#start(child));
    return this.#bringUp;
  }

  #noteUp(): void {
    this.#bringUp = undefined;
    this.#isStarting = false;
    this.#isUp.resolve();
  }

  #giveUp(child: Child<Name>, cause: unknown): void {
    child.phase = { kind: 'finished' };
    this.#fail(this.#reporter.limitError(child, cause));
    this.#reporter.gaveUp(child, cause);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    const message = `${this.#host.options.name} failed, and may be restarted`;
    this.stop(new StateError('CHILD_RESTARTING', message, { cause: error }));
  }

  async #stopAll(): Promise<void> {
    const { children, options } = this.#host;
    for (const child of children) if (child.incarnation === undefined && child.isActive) this.#takeOut(child);
    const reason = this.#stopReason;
    await stopChildren(children, options.stopOrder, reason && { reason });
  }

  #onOverdue(child: Child<Name>, incarnation: Incarnation, outcome: 'killed' | 'left-behind'): void {
    if (outcome === 'left-behind') this.#leaveBehind(child, incarnation);
    this.#reporter.overdue(child, outcome);
    this.#bringUp?.wake();
  }

  #leaveBehind(child: Child<Name>, incarnation: Incarnation): void {
    child.phase = { kind: 'alive', incarnation, isStuck: true };
    const { failure } = incarnation;
    if (child.isAwaited) {
      child.isUnwanted = true; // Nobody waits for it any more.
      child.failStart(failure);
    } else if (failure !== undefined && this.#isStarting && !this.isStopping && !child.wasUp)
      this.#fail(failure);
  }

  // A callback that throws here (a back-off, say) must end the supervisor with its error: going on without the restart
  // would be a silent loss of the child.
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }
}
