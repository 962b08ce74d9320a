import { onAbort } from '../../../core/abort.ts';
import { ShutdownError } from '../../../core/errors.ts';
import type { Service, ServiceContext } from '../../../core/service.ts';
import type { ChildOptions, RestartType } from '../../options.ts';
import type { ExitKind, StartResult } from '../test-support.ts';

/** A child for both sides of the comparison: what the supervisor is told of it, and how it behaves. */
export interface ActorSpec {
  readonly name: string;
  readonly restart: RestartType;
  readonly significant: boolean;
  readonly startTimeoutMs: number | undefined;
  readonly stopTimeoutMs: number;
  readonly heartbeatTimeoutMs: number | undefined;
  /** What it does when it is asked to stop: return; nothing until it is killed; nothing, not even then. */
  readonly onStop: 'obey' | 'busy' | 'deaf';
  /** Whether it has a `kill()` at all. */
  readonly canBeKilled: boolean;
  /** What its starts come to. */
  readonly start: StartResult;
}

/** What an actor throws when it fails. */
class Crash extends Error {
  readonly code = 'CRASHED';
}

/** A service that lives as its specification and the test tell it to. */
export class Actor implements Service {
  readonly name: string;
  readonly kill?: () => void;
  /** What its next starts come to. */
  start: StartResult;
  /** Told of each request to stop. */
  onAsked: (signal: AbortSignal) => void = () => {};
  readonly #spec: ActorSpec;
  #context: ServiceContext | undefined;
  #life = Promise.withResolvers<void>();
  #alive = 0;
  #mostAlive = 0;

  constructor(spec: ActorSpec) {
    this.name = spec.name;
    this.start = spec.start;
    this.#spec = spec;
    if (spec.canBeKilled) this.kill = () => spec.onStop !== 'deaf' && this.#life.resolve();
  }

  get isAlive(): boolean {
    return this.#alive > 0;
  }

  /** The most incarnations that ever lived at the same time. */
  get mostAlive(): number {
    return this.#mostAlive;
  }

  async run(context: ServiceContext): Promise<void> {
    this.#context = context;
    this.#mostAlive = Math.max(this.#mostAlive, ++this.#alive);
    this.#life = Promise.withResolvers();
    const release = onAbort(context.signal, () => this.#stop(context.signal));
    this.#begin();
    try {
      await this.#life.promise;
    } finally {
      release();
      this.#alive--;
    }
  }

  /** Ends by itself. */
  exit(kind: ExitKind): void {
    if (!this.isAlive) return;
    if (kind === 'normal') this.#life.resolve();
    else if (kind === 'shutdown') this.#life.reject(new ShutdownError(`${this.name} shuts down`));
    else this.#life.reject(new Crash(`${this.name} crashed`));
  }

  ready(): void {
    if (this.isAlive) this.#context?.ready();
  }

  beat(): void {
    if (this.isAlive) this.#context?.beat();
  }

  #begin(): void {
    if (this.start === 'ok') this.ready();
    if (this.start === 'ignore') this.exit('normal');
    if (this.start === 'fail') this.exit('abnormal');
  }

  #stop(signal: AbortSignal): void {
    this.onAsked(signal);
    if (this.#spec.onStop === 'obey') this.#life.resolve();
  }
}

/** What a supervisor is told of an actor. */
export function childOptions(spec: ActorSpec): ChildOptions {
  const { restart, significant, stopTimeoutMs, startTimeoutMs, heartbeatTimeoutMs } = spec;
  return {
    ...{ restart, significant, stopTimeoutMs },
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    ...(heartbeatTimeoutMs !== undefined && { heartbeatTimeoutMs }),
  };
}
