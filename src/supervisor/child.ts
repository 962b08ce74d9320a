import type { Clock } from '../core/clock.ts';
import { ClosedError } from '../core/errors.ts';
import type { Service } from '../core/service.ts';
import {
  type ChildExit,
  type ChildHealth,
  type ChildState,
  type ExitReason,
  type HealthStatus,
  isSupervisor,
  type SupervisorHealth,
} from './health.ts';
import type { Incarnation } from './incarnation.ts';
import type { ResolvedChildOptions } from './options.ts';

/** Where a child is in its life; each state holds exactly its own data. */
type ChildPhase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'alive'; readonly incarnation: Incarnation; readonly isStuck: boolean }
  | { readonly kind: 'backing-off'; readonly restartAtMs: number; readonly cancel: () => void }
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' };

/** What all children of a supervisor count together. To look at all of them at each end would cost many of them the square. */
export interface ChildTally {
  /** Significant children that run or are about to. */
  activeSignificant: number;
}

/** A supervisor's record of one child: its service, its options, where it is in its life and what happened before. */
export class Child<Name extends string = string> {
  readonly name: Name;
  readonly service: Service;
  readonly options: ResolvedChildOptions;
  /** Its place in the start order; higher than that of every child that was there before it. */
  readonly order: number;
  /** Whether it was added during a run, with which it is gone. */
  readonly isDynamic: boolean;
  /** Whether it was ready once in this run of the supervisor. */
  wasUp = false;
  /** Whether `stopChild` was called: its end is wanted. */
  isUnwanted = false;
  incarnations = 0;
  restartsTotal = 0;
  /** Restarts in a row without having been up for as long as the back-off takes to be reset. */
  retries = 0;
  readonly #tally: ChildTally;
  #phase: ChildPhase = { kind: 'waiting' };
  #startWaiter: PromiseWithResolvers<Incarnation> | undefined;
  #isKept: boolean;
  #isRestart = false;
  #lastExit: ChildExit | null = null;
  #lastExitAtMs = 0;

  constructor(
    service: Service & { readonly name: Name },
    options: ResolvedChildOptions,
    place: { readonly order: number; readonly isDynamic: boolean; readonly tally: ChildTally },
  ) {
    this.name = service.name;
    this.service = service;
    this.options = options;
    this.order = place.order;
    this.isDynamic = place.isDynamic;
    this.#isKept = !place.isDynamic;
    this.#tally = place.tally;
    if (options.significant) this.#tally.activeSignificant++;
  }

  get phase(): ChildPhase {
    return this.#phase;
  }

  set phase(next: ChildPhase) {
    const wasActive = this.isActive;
    this.#phase = next;
    if (!this.options.significant || this.isActive === wasActive) return;
    this.#tally.activeSignificant += wasActive ? -1 : 1;
  }

  get incarnation(): Incarnation | undefined {
    return this.phase.kind === 'alive' ? this.phase.incarnation : undefined;
  }

  get lastExit(): ChildExit | null {
    return this.#lastExit;
  }

  /** Whether it is running, or about to be. */
  get isActive(): boolean {
    return this.phase.kind !== 'finished' && this.phase.kind !== 'stopped';
  }

  /** Whether the children behind it need not wait for it any more. */
  get isSettled(): boolean {
    if (this.phase.kind !== 'alive') return !this.isActive;
    // One that was left behind holds up its group, unless it was to stop anyway.
    return this.phase.isStuck ? this.isUnwanted : this.phase.incarnation.isReady;
  }

  get state(): ChildState {
    if (this.phase.kind !== 'alive') return this.phase.kind;
    if (this.phase.isStuck) return 'stuck';
    if (this.phase.incarnation.isStopping) return 'stopping';
    return this.phase.incarnation.isReady ? 'running' : 'starting';
  }

  /** Whether somebody waits for it to come up. */
  get isAwaited(): boolean {
    return this.#startWaiter !== undefined;
  }

  /** Whether nothing is left of it when it has ended for good. */
  get isForgottenAtEnd(): boolean {
    return this.options.restart === 'temporary' || !this.#isKept;
  }

  /** Makes the record ready for a first start: in a new run of its supervisor, or because somebody asks for it. */
  reset(): void {
    this.phase = { kind: 'waiting' };
    this.retries = 0;
    this.wasUp = false;
    this.isUnwanted = false;
    this.#isRestart = false;
  }

  /** Settles when the child has come up, and rejects when it does not. */
  awaitStart(): Promise<Incarnation> {
    this.#startWaiter = Promise.withResolvers();
    return this.#startWaiter.promise;
  }

  /** Tells whoever waits for it to come up that it does not: for its own error, or since it was stopped before. */
  failStart(error?: unknown): void {
    this.#startWaiter?.reject(error ?? new ClosedError(`${this.name} was stopped before it was up`));
    this.#startWaiter = undefined;
  }

  /** Counts a start. Returns the number of the incarnation. */
  noteStart(): number {
    if (this.#isRestart) this.restartsTotal++;
    this.#isRestart = true;
    return ++this.incarnations;
  }

  /** It is up, or declined in good order. */
  noteUp(incarnation: Incarnation): void {
    this.wasUp = true;
    this.#isKept = true;
    this.#startWaiter?.resolve(incarnation);
    this.#startWaiter = undefined;
  }

  /** @param nowMs - On the clock that never goes back; the record's own time is the wall clock's, which may. */
  noteExit(exit: ChildExit, nowMs: number): void {
    this.#lastExit = exit;
    this.#lastExitAtMs = nowMs;
  }

  health(clock: Clock, restartWindowMs: number): ChildHealth<Name> {
    const nowMs = clock.nowMs();
    const { incarnation, phase } = this;
    const isWatched = incarnation !== undefined && this.options.heartbeatTimeoutMs !== undefined;
    const supervisor = isSupervisor(this.service) ? this.service.health() : null;
    return {
      name: this.name,
      state: this.state,
      status: this.#status(nowMs, restartWindowMs, supervisor),
      incarnation: this.incarnations,
      restartsTotal: this.restartsTotal,
      uptimeMs: incarnation === undefined ? null : Math.round(nowMs - incarnation.startedAtMs),
      lastBeatAgeMs: isWatched ? Math.round(nowMs - incarnation.lastBeatAtMs) : null,
      nextRestartInMs:
        phase.kind === 'backing-off' ? Math.max(0, Math.round(phase.restartAtMs - nowMs)) : null,
      lastExit: this.#lastExit,
      supervisor,
    };
  }

  #status(nowMs: number, restartWindowMs: number, supervisor: SupervisorHealth | null): HealthStatus {
    const { state } = this;
    if (state === 'stuck') return 'failing';
    if (state === 'finished') return isFailure(this.#lastExit) ? 'failing' : 'healthy';
    if (state !== 'running') return 'degraded';
    if (supervisor !== null) return supervisor.status;
    const endedByItself = this.#lastExit !== null && !wanted.includes(this.#lastExit.reason);
    return endedByItself && nowMs - this.#lastExitAtMs < restartWindowMs ? 'degraded' : 'healthy';
  }
}

const wanted: readonly ExitReason[] = ['stopped', 'killed'];
const failures: readonly ExitReason[] = ['failed', 'hung', 'start-timeout'];

function isFailure(exit: ChildExit | null): boolean {
  return exit !== null && failures.includes(exit.reason);
}
