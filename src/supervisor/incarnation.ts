import { settledWithin } from '../core/abort.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { describeError, toErrorRecord } from '../core/error-transfer.ts';
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
  /** It did not end within its stop limit: it is being killed, or, as that is not possible or did not help, left behind. */
  overdue(outcome: 'killed' | 'left-behind'): void;
}

/** The end of an incarnation: the plain record, and the error as it was thrown. */
export interface Ending {
  readonly exit: ChildExit;
  readonly error: unknown;
  /** How long it was ready, in ms. A life that never was counts as none. */
  readonly upMs: number;
}

/** Whether a child that was asked to end has ended, or was left behind. */
export type StopOutcome = 'ended' | 'left-behind';

// A thread is gone 2 ms after terminate(), a process 4 ms after SIGKILL; the rest is for a busy machine.
const killLimitMs = 1_000;

/** One life of a service: from the call of `run` until it settles. */
export class Incarnation {
  /** Settles, and never rejects, when `run` has really ended. */
  readonly ended: Promise<Ending>;
  readonly startedAtMs: number;
  readonly #service: Service;
  readonly #options: ResolvedChildOptions;
  readonly #clock: Clock;
  readonly #hooks: IncarnationHooks;
  readonly #abort = new AbortController();
  readonly #timers: { start?: Timer; heartbeat?: Timer } = {};
  #verdict: { readonly reason: ExitReason; readonly error?: SpillwayError } | undefined;
  #stopping: Promise<StopOutcome> | undefined;
  #hasBegun = false;
  #wasKilled = false;
  #lastBeatAtMs: number;
  #readyAtMs: number | undefined;
  #info: unknown;
  #hasEnded = false;

  constructor(service: Service, options: ResolvedChildOptions, clock: Clock, hooks: IncarnationHooks) {
    this.#service = service;
    this.#options = options;
    this.#clock = clock;
    this.#hooks = hooks;
    this.startedAtMs = clock.nowMs();
    this.#lastBeatAtMs = this.startedAtMs;
    this.#readyAtMs = options.startTimeoutMs === undefined ? this.startedAtMs : undefined;
    this.#watchStart();
    this.#watchHeartbeat();
    this.ended = this.#run();
  }

  get isReady(): boolean {
    return this.#readyAtMs !== undefined;
  }

  /** What it gave to `ready()`. */
  get info(): unknown {
    return this.#info;
  }

  get isStopping(): boolean {
    return this.#verdict !== undefined;
  }

  /** Why it is being ended, when that is not because somebody asked. */
  get failure(): SpillwayError | undefined {
    return this.#verdict?.error;
  }

  get lastBeatAtMs(): number {
    return this.#lastBeatAtMs;
  }

  /**
   * Asks it to end, kills it after `stopTimeoutMs` if that is possible, and waits. Later calls wait for the first one.
   *
   * @param reason - What its signal aborts with.
   */
  stop(reason: SpillwayError = new ClosedError('stopped by its supervisor')): Promise<StopOutcome> {
    return this.#end('stopped', reason);
  }

  async #run(): Promise<Ending> {
    // The owner stores this object first: a service may call `ready()` before its first await.
    await Promise.resolve();
    this.#hasBegun = true;
    let error: unknown;
    try {
      await this.#service.run({
        signal: this.#abort.signal,
        ready: (info) => this.#ready(info),
        beat: () => this.#beat(),
      });
    } catch (thrown) {
      error = thrown ?? new Error(`${this.#service.name} threw ${thrown}`);
    }
    this.#hasEnded = true;
    this.#cancelTimers();
    return this.#ending(error);
  }

  #ending(thrown: unknown): Ending {
    const reason = this.#reason(thrown);
    const error = this.#error(thrown);
    const nowMs = this.#clock.nowMs();
    const exit = { reason, atMs: this.#clock.wallMs(), ranForMs: Math.round(nowMs - this.startedAtMs) };
    const upMs = this.#readyAtMs === undefined ? 0 : nowMs - this.#readyAtMs;
    return { exit: error === undefined ? exit : { ...exit, error: describeError(error) }, error, upMs };
  }

  #reason(thrown: unknown): ExitReason {
    if (this.#verdict?.reason === 'stopped' && this.#wasKilled) return 'killed';
    if (this.#verdict !== undefined) return this.#verdict.reason;
    if (codeOf(thrown) === 'SHUTDOWN') return 'shutdown';
    if (thrown !== undefined) return 'failed';
    return this.isReady ? 'returned' : 'ignored';
  }

  #error(thrown: unknown): unknown {
    if (this.#verdict === undefined) return thrown;
    // A child that was ended as hung rejects with its abort reason at best; the verdict says more.
    if (this.#verdict.error !== undefined) return this.#verdict.error;
    return this.#isAnswerToAbort(thrown) ? undefined : thrown;
  }

  // What a child throws when it is asked to stop is mostly the request itself, or what its own helpers make of it. Anything
  // else went wrong while it tidied up.
  #isAnswerToAbort(thrown: unknown): boolean {
    if (this.#wasKilled || thrown === this.#abort.signal.reason) return true;
    const code = codeOf(thrown);
    return code === 'CLOSED' || code === 'SHUTDOWN' || toErrorRecord(thrown).name === 'AbortError';
  }

  #end(reason: ExitReason, error: SpillwayError): Promise<StopOutcome> {
    this.#stopping ??= this.#stop(reason, error);
    return this.#stopping;
  }

  async #stop(reason: ExitReason, error: SpillwayError): Promise<StopOutcome> {
    this.#verdict = reason === 'stopped' ? { reason } : { reason, error };
    this.#cancelTimers();
    // A service that only listens for the abort must have had a chance to: its `run` is called earlier in this turn's queue.
    if (!this.#hasBegun) await Promise.resolve();
    this.#abort.abort(error);
    const { stopTimeoutMs } = this.#options;
    const isBrutal = stopTimeoutMs === 0 && this.#service.kill !== undefined; // OTP's brutal_kill
    if (!isBrutal && (await this.#endsWithin(stopTimeoutMs))) return 'ended';
    if (!isBrutal && this.#service.kill !== undefined) this.#hooks.overdue('killed');
    if (this.#kill() && (await this.#endsWithin(killLimitMs))) return 'ended';
    this.#hooks.overdue('left-behind');
    return 'left-behind';
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    if (limitMs < Infinity) return (await settledWithin(this.#clock, limitMs, this.ended)) === 'settled';
    await this.ended;
    return true;
  }

  #kill(): boolean {
    if (this.#service.kill === undefined) return false;
    this.#wasKilled = true;
    try {
      // An asynchronous one may fail later. Whether it helped is seen from the end of `run`.
      Promise.resolve(this.#service.kill()).catch(() => {});
    } catch {
      return false; // It lives on, and is reported as left behind.
    }
    return true;
  }

  #ready(info: unknown): void {
    if (this.isReady || this.#hasEnded || this.isStopping) return;
    this.#info = info;
    const nowMs = this.#clock.nowMs();
    this.#readyAtMs = nowMs;
    this.#timers.start?.cancel();
    this.#hooks.ready(nowMs - this.startedAtMs);
  }

  #beat(): void {
    this.#lastBeatAtMs = this.#clock.nowMs();
  }

  #watchStart(): void {
    const { startTimeoutMs } = this.#options;
    if (startTimeoutMs === undefined) return;
    const error = new TimeoutError(
      'CHILD_START_TIMEOUT',
      `${this.#service.name} was not ready within ${startTimeoutMs} ms`,
    );
    this.#timers.start = this.#clock.setTimer(startTimeoutMs, () => void this.#end('start-timeout', error));
  }

  #watchHeartbeat(): void {
    const { heartbeatTimeoutMs } = this.#options;
    if (heartbeatTimeoutMs === undefined) return;
    const dueMs = this.#lastBeatAtMs + heartbeatTimeoutMs;
    this.#timers.heartbeat = this.#clock.setTimer(dueMs - this.#clock.nowMs(), () => {
      // Beats that waited in the same turn of a late event loop count before the verdict.
      this.#timers.heartbeat = this.#clock.setTimer(0, () => this.#checkHeartbeat(heartbeatTimeoutMs));
    });
  }

  #checkHeartbeat(heartbeatTimeoutMs: number): void {
    const silentMs = this.#clock.nowMs() - this.#lastBeatAtMs;
    if (silentMs < heartbeatTimeoutMs) return this.#watchHeartbeat();
    const error = new TimeoutError(
      'CHILD_HUNG',
      `${this.#service.name} made no progress for ${Math.round(silentMs)} ms, limit ${heartbeatTimeoutMs} ms`,
    );
    this.#hooks.hung(silentMs);
    void this.#end('hung', error);
  }

  #cancelTimers(): void {
    this.#timers.start?.cancel();
    this.#timers.heartbeat?.cancel();
  }
}

// By way of a record, since what was thrown may be a proxy that throws at every look.
function codeOf(thrown: unknown): string | undefined {
  const { isOurs, code } = toErrorRecord(thrown);
  return isOurs ? code : undefined;
}
