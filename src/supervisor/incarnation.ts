import { settledWithin } from '../core/abort.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import { ClosedError, type SpillwayError, TimeoutError } from '../core/errors.ts';
import type { Service } from '../core/service.ts';
import type { ChildExit, ExitReason } from './health.ts';
import type { ResolvedChildOptions } from './options.ts';

/** What happens in the life of an incarnation. */
export interface IncarnationHooks {
  /** It called `ready()`, which it was given a time limit for. */
  ready(afterMs: number): void;
  /** It fell silent and is being ended. */
  hung(silentMs: number): void;
  /** It was asked to end and did not within its limit. */
  stuck(): void;
}

/** The end of an incarnation: the plain record, and the error as it was thrown. */
export interface Ending {
  readonly exit: ChildExit;
  readonly error: unknown;
}

/** One life of a service: from the call of `run` until it settles. */
export class Incarnation {
  /** Settles, and never rejects, when `run` has really ended. */
  readonly ended: Promise<Ending>;
  readonly startedAtMs: number;
  readonly #options: ResolvedChildOptions;
  readonly #clock: Clock;
  readonly #hooks: IncarnationHooks;
  readonly #abort = new AbortController();
  readonly #timers: { start?: Timer; heartbeat?: Timer } = {};
  #verdict: { readonly reason: ExitReason; readonly error?: SpillwayError } | undefined;
  #stopping: Promise<'settled' | 'elapsed'> | undefined;
  #lastBeatAtMs: number;
  #isReady: boolean;
  #hasEnded = false;

  constructor(service: Service, options: ResolvedChildOptions, clock: Clock, hooks: IncarnationHooks) {
    this.#options = options;
    this.#clock = clock;
    this.#hooks = hooks;
    this.startedAtMs = clock.nowMs();
    this.#lastBeatAtMs = this.startedAtMs;
    this.#isReady = options.startTimeoutMs === undefined;
    this.#watchStart(service.name);
    this.#watchHeartbeat(service.name);
    this.ended = this.#run(service);
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isStopping(): boolean {
    return this.#abort.signal.aborted;
  }

  get lastBeatAtMs(): number {
    return this.#lastBeatAtMs;
  }

  /** Asks it to end and waits at most `stopTimeoutMs`. Later calls wait for the first one. */
  stop(): Promise<'settled' | 'elapsed'> {
    return this.#end('stopped', new ClosedError('stopped by its supervisor'));
  }

  async #run(service: Service): Promise<Ending> {
    // The owner stores this object first: a service may call `ready()` before its first await.
    await Promise.resolve();
    let error: unknown;
    try {
      await service.run({ signal: this.#abort.signal, ready: () => this.#ready(), beat: () => this.#beat() });
    } catch (thrown) {
      error = thrown ?? new Error(`${service.name} threw ${thrown}`);
    }
    this.#hasEnded = true;
    this.#cancelTimers();
    return this.#ending(error);
  }

  #ending(thrown: unknown): Ending {
    const reason = this.#verdict?.reason ?? (thrown === undefined ? 'returned' : 'failed');
    // A child that was ended as hung rejects with its abort reason at best; the verdict says more.
    const error = reason === 'failed' ? thrown : this.#verdict?.error;
    const nowMs = this.#clock.nowMs();
    const exit = { reason, atMs: this.#clock.wallMs(), ranForMs: Math.round(nowMs - this.startedAtMs) };
    return { exit: error === undefined ? exit : { ...exit, error: describeError(error) }, error };
  }

  #end(reason: ExitReason, error: SpillwayError): Promise<'settled' | 'elapsed'> {
    this.#stopping ??= this.#stop(reason, error);
    return this.#stopping;
  }

  async #stop(reason: ExitReason, error: SpillwayError): Promise<'settled' | 'elapsed'> {
    this.#verdict = reason === 'stopped' ? { reason } : { reason, error };
    this.#cancelTimers();
    this.#abort.abort(error);
    const outcome = await settledWithin(this.#clock, this.#options.stopTimeoutMs, this.ended);
    if (outcome === 'elapsed') this.#hooks.stuck();
    return outcome;
  }

  #ready(): void {
    if (this.#isReady || this.#hasEnded || this.isStopping) return;
    this.#isReady = true;
    this.#timers.start?.cancel();
    this.#hooks.ready(this.#clock.nowMs() - this.startedAtMs);
  }

  #beat(): void {
    this.#lastBeatAtMs = this.#clock.nowMs();
  }

  #watchStart(name: string): void {
    const { startTimeoutMs } = this.#options;
    if (startTimeoutMs === undefined) return;
    const error = new TimeoutError(
      'CHILD_START_TIMEOUT',
      `${name} was not ready within ${startTimeoutMs} ms`,
    );
    this.#timers.start = this.#clock.setTimer(startTimeoutMs, () => void this.#end('start-timeout', error));
  }

  #watchHeartbeat(name: string): void {
    const { heartbeatTimeoutMs } = this.#options;
    if (heartbeatTimeoutMs === undefined) return;
    const dueMs = this.#lastBeatAtMs + heartbeatTimeoutMs;
    this.#timers.heartbeat = this.#clock.setTimer(dueMs - this.#clock.nowMs(), () => {
      // Beats that waited in the same turn of a late event loop count before the verdict.
      this.#timers.heartbeat = this.#clock.setTimer(0, () => this.#checkHeartbeat(name, heartbeatTimeoutMs));
    });
  }

  #checkHeartbeat(name: string, heartbeatTimeoutMs: number): void {
    const silentMs = this.#clock.nowMs() - this.#lastBeatAtMs;
    if (silentMs < heartbeatTimeoutMs) return this.#watchHeartbeat(name);
    const error = new TimeoutError(
      'CHILD_HUNG',
      `${name} made no progress for ${Math.round(silentMs)} ms, limit ${heartbeatTimeoutMs} ms`,
    );
    this.#hooks.hung(silentMs);
    void this.#end('hung', error);
  }

  #cancelTimers(): void {
    this.#timers.start?.cancel();
    this.#timers.heartbeat?.cancel();
  }
}
