import type { Child } from './child.ts';
import { type ChildExit, type ChildState, isSupervisor } from './health.ts';
import type { ResolvedChildOptions } from './options.ts';

/** A child as `Supervisor.children()` lists it. */
export interface ChildInfo<Name extends string = string> {
  /** The service's name. */
  readonly name: Name;
  /** What it does. */
  readonly state: ChildState;
  /** Which life it is in; 1 is the first, 0 means never started. */
  readonly incarnation: number;
  /** Whether it is a supervisor itself. */
  readonly isSupervisor: boolean;
  /** How it is treated, with every default in place. */
  readonly options: ResolvedChildOptions;
}

/** A child that `startChild()` or `restartChild()` brought up. */
export interface StartedChild<Name extends string = string> {
  /** The service's name. */
  readonly name: Name;
  /** Which life of the child was started; 1 is the first. */
  readonly incarnation: number;
  /** What the child gave to `ready()`. `undefined` without a start limit, as nobody waited for it. */
  readonly info: unknown;
  /** Settles, and never rejects, when that incarnation has ended. One that declined to run has ended as `'ignored'`. */
  readonly ended: Promise<ChildExit>;
  /**
   * Stops the child, whichever incarnation it is in now. Does nothing when it is gone already; while the supervisor stops,
   * it waits for the child's end.
   *
   * @throws {TimeoutError} `CHILD_STOP_TIMEOUT` when it did not end within its stop limit and was left behind.
   */
  stop(): Promise<void>;
}

export function describeChild<Name extends string>(child: Child<Name>): ChildInfo<Name> {
  const { name, state, incarnations, service, options } = child;
  return { name, state, incarnation: incarnations, isSupervisor: isSupervisor(service), options };
}
