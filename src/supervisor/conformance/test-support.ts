import { onAbort } from '../../core/abort.ts';
import { exponentialBackoff } from '../../core/backoff.ts';
import { ShutdownError } from '../../core/errors.ts';
import type { Service, ServiceContext } from '../../core/service.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { ChildOptions, SupervisorOptions } from '../options.ts';
import { Supervisor } from '../supervisor.ts';

/** How a child's start goes: OTP's `{ok, Pid}`, `ignore` and `{error, Reason}`; or it never answers. */
export type StartResult = 'ok' | 'ignore' | 'fail' | 'never';

/** How a child ends by itself: OTP's exit reasons. */
export type ExitKind = 'normal' | 'shutdown' | 'abnormal';

/** How a child takes the request to stop. */
export type StopManner = 'obey' | 'busy' | 'busy-forever';

/** A child in the vocabulary of OTP's suite. A `'busy'` one does not stop until it is killed, `'busy-forever'` not even then. */
export class OtpChild implements Service {
  readonly name: string;
  /** What its next starts come to. */
  startResult: StartResult = 'ok';
  /** What it gives to `ready()`. */
  info: unknown;
  stopManner: StopManner = 'obey';
  /** All starts so far, those that failed included. */
  starts = 0;
  #alive = 0;
  #mostAlive = 0;
  #life = Promise.withResolvers<void>();

  constructor(name: string) {
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive > 0;
  }

  /** The most incarnations that ever lived at the same time. */
  get mostAlive(): number {
    return this.#mostAlive;
  }

  async run({ signal, ready }: ServiceContext): Promise<void> {
    this.starts++;
    if (this.startResult === 'ignore') return;
    if (this.startResult === 'fail') throw new Error(`${this.name} cannot start`);
    this.#life = Promise.withResolvers();
    this.#mostAlive = Math.max(this.#mostAlive, ++this.#alive);
    if (this.startResult === 'ok') ready(this.info);
    const release = onAbort(signal, () => this.stopManner === 'obey' && this.#life.resolve());
    await this.#life.promise.finally(() => {
      release();
      this.#alive--;
    });
  }

  kill(): void {
    if (this.stopManner !== 'busy-forever') this.#life.resolve();
  }

  /** Ends by itself. */
  exit(kind: ExitKind): void {
    if (kind === 'normal') return this.#life.resolve();
    this.#life.reject(
      kind === 'shutdown' ? new ShutdownError(`${this.name} shuts down`) : new Error(`${this.name} crashed`),
    );
  }
}

/** Start limit of every child here, so that its start can fail as OTP's can. */
export const startTimeoutMs = 1_000;

/** A supervisor without delays, as OTP's is: every restart is due at once. */
export function otpSupervisor(options: Partial<SupervisorOptions> = {}): {
  supervisor: Supervisor;
  clock: ManualClock;
} {
  const clock = (options.clock as ManualClock | undefined) ?? new ManualClock();
  const backoff = exponentialBackoff({ baseMs: 0 });
  return { clock, supervisor: new Supervisor({ name: 'sup', backoff, ...options, clock }) };
}

/** A supervisor that runs, and everything around it. */
export interface OtpRun {
  readonly supervisor: Supervisor;
  readonly clock: ManualClock;
  readonly stop: AbortController;
  /** What `run` came to: `'returned'`, or what it threw. */
  readonly outcome: Promise<unknown>;
  /** Starts and ends so far: `a started`, `a failed`. */
  readonly diary: string[];
  /** Lets everything that is due at once happen. */
  settle(): Promise<void>;
}

/** Starts a supervisor whose children have a start limit, and lets everything settle. */
export async function startOtp(
  children: readonly (Service | readonly [Service, ChildOptions])[],
  options: Partial<SupervisorOptions> = {},
): Promise<OtpRun> {
  const { supervisor, clock } = otpSupervisor(options);
  for (const entry of children) {
    const [child, childOptions] = 'run' in entry ? [entry, {}] : entry;
    supervisor.add(child, { startTimeoutMs, ...childOptions });
  }
  const diary: string[] = [];
  supervisor.on('child:started', ({ child }) => diary.push(`${child} started`));
  supervisor.on('child:exited', ({ child, exit }) => diary.push(`${child} ${exit.reason}`));
  const stop = new AbortController();
  const outcome = supervisor.run({ signal: stop.signal }).then(
    () => 'returned' as const,
    (error: unknown) => error,
  );
  await clock.settle();
  return { supervisor, clock, stop, outcome, diary, settle: () => clock.advance(0) };
}

/** OTP's `[specs, active, supervisors, workers]`. */
export function counts(supervisor: Supervisor): number[] {
  const { specs, active, supervisors, workers } = supervisor.count();
  return [specs, active, supervisors, workers];
}

/** Each child's name and state, in start order. */
export function states(supervisor: Supervisor): string[] {
  return supervisor.children().map(({ name, state }) => `${name} ${state}`);
}

/** Each child's name and which life it is in, in start order: what tells OTP's pids apart. */
export function lives(supervisor: Supervisor): string[] {
  return supervisor.children().map(({ name, incarnation }) => `${name} #${incarnation}`);
}
