import type { Clock, Timer } from '../core/clock.ts';
import type { Service } from '../core/service.ts';
import type { ChildExit, ChildHealth, ChildState, HealthStatus, SupervisorHealth } from './health.ts';
import type { Incarnation } from './incarnation.ts';
import type { ResolvedChildOptions } from './options.ts';

/** Where a child is in its life; each state holds exactly its own data. */
type ChildPhase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'alive'; readonly incarnation: Incarnation; readonly isStuck: boolean }
  | { readonly kind: 'backing-off'; readonly restartAtMs: number; readonly timer: Timer }
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' };

/** A supervisor's record of one child: its service, its options, where it is in its life and what happened before. */
export class Child<Name extends string = string> {
  readonly name: Name;
  readonly service: Service;
  readonly options: ResolvedChildOptions;
  phase: ChildPhase = { kind: 'waiting' };
  incarnations = 0;
  restartsTotal = 0;
  /** Restarts in a row without a life as long as the restart window. */
  retries = 0;
  #lastExit: ChildExit | null = null;
  #lastExitAtMs = 0;

  constructor(name: Name, service: Service, options: ResolvedChildOptions) {
    this.name = name;
    this.service = service;
    this.options = options;
  }

  get incarnation(): Incarnation | undefined {
    return this.phase.kind === 'alive' ? this.phase.incarnation : undefined;
  }

  /** Whether the children behind it need not wait for it any more. */
  get hasStarted(): boolean {
    return this.incarnation?.isReady ?? this.phase.kind === 'finished';
  }

  /** @param nowMs - On the clock that never goes back; the record's own time is the wall clock's, which may. */
  noteExit(exit: ChildExit, nowMs: number): void {
    this.#lastExit = exit;
    this.#lastExitAtMs = nowMs;
  }

  health(clock: Clock, restartWindowMs: number): ChildHealth<Name> {
    const nowMs = clock.nowMs();
    const incarnation = this.incarnation;
    const supervisor = supervisorHealth(this.service);
    return {
      name: this.name,
      state: this.#state(),
      status: this.#status(nowMs, restartWindowMs, supervisor),
      incarnation: this.incarnations,
      restartsTotal: this.restartsTotal,
      uptimeMs: incarnation === undefined ? null : Math.round(nowMs - incarnation.startedAtMs),
      lastBeatAgeMs:
        incarnation === undefined || !this.#isWatched ? null : Math.round(nowMs - incarnation.lastBeatAtMs),
      nextRestartInMs:
        this.phase.kind === 'backing-off' ? Math.max(0, Math.round(this.phase.restartAtMs - nowMs)) : null,
      lastExit: this.#lastExit,
      supervisor,
    };
  }

  get #isWatched(): boolean {
    return this.options.heartbeatTimeoutMs !== undefined;
  }

  #state(): ChildState {
    if (this.phase.kind !== 'alive') return this.phase.kind;
    if (this.phase.isStuck) return 'stuck';
    if (this.phase.incarnation.isStopping) return 'stopping';
    return this.phase.incarnation.isReady ? 'running' : 'starting';
  }

  #status(nowMs: number, restartWindowMs: number, supervisor: SupervisorHealth | null): HealthStatus {
    const state = this.#state();
    if (state === 'stuck') return 'failing';
    if (state === 'finished') return this.#lastExit?.error === undefined ? 'healthy' : 'failing';
    if (state !== 'running') return 'degraded';
    if (supervisor !== null) return supervisor.status;
    const isFresh = this.#lastExit !== null && nowMs - this.#lastExitAtMs < restartWindowMs;
    return isFresh ? 'degraded' : 'healthy';
  }
}

// A supervisor is recognised by what it can tell, so that this file and the supervisor's need not import each other.
function supervisorHealth(service: Service): SupervisorHealth | null {
  const { health } = service as { health?: unknown };
  return typeof health === 'function' && 'add' in service ? (health.call(service) as SupervisorHealth) : null;
}
