import { EventEmitter } from 'eventemitter3';
import { describeError } from './error-transfer.ts';
import { type Logger, safeLogger, silentLogger } from './logger.ts';

/** Event name to its arguments; by our convention one payload object each. */
export type EventMap<Events> = Record<keyof Events, readonly unknown[]>;

/** A function that is called for an event. */
export type Listener<Events extends EventMap<Events>, Name extends keyof Events> = (
  ...payload: Events[Name]
) => void;

/**
 * Typed events for a class to extend. Events inform: a listener that throws, or whose promise rejects, is reported to the
 * logger and neither the emitting code nor the other listeners notice.
 */
export class Emitter<Events extends EventMap<Events>> {
  readonly #emitter = new EventEmitter();
  // eventemitter3 stops at the first listener that throws. So what it calls is always this guard, with the real
  // listener as the context; event, function and context together also identify what `off` removes.
  readonly #guard: Guard;
  readonly #onceGuards = new Map<string, Guard>();

  constructor(logger: Logger = silentLogger) {
    const { error: log } = safeLogger(logger);
    this.#guard = function guard(...payload) {
      const report = (error: unknown): void =>
        log('a listener threw', { listener: this.name, error: describeError(error) });
      try {
        const returned = this(...payload);
        if (returned instanceof Promise) returned.catch(report);
      } catch (error) {
        report(error);
      }
    };
  }

  /** Calls `listener` each time `name` happens. Returns the function that takes it off again. */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events, Name>): () => void {
    this.#emitter.on(name, this.#guard, listener);
    return () => this.off(name, listener);
  }

  /** Calls `listener` the next time `name` happens, and then no more. */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events, Name>): () => void {
    this.#emitter.on(name, this.#onceGuard(name), listener);
    return () => this.off(name, listener);
  }

  /** Takes a listener off, however often and in whichever way it was added for `name`. */
  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events, Name>): void {
    this.#emitter.off(name, this.#guard, listener);
    this.#emitter.off(name, this.#onceGuard(name), listener);
  }

  /** How many listeners `name` has. */
  listenerCount(name: keyof Events & string): number {
    return this.#emitter.listenerCount(name);
  }

  /** Tells every listener, whatever one of them throws. For the class that extends this one. */
  protected emit<Name extends keyof Events & string>(name: Name, ...payload: Events[Name]): void {
    this.#emitter.emit(name, ...payload);
  }

  // eventemitter3's own `once` takes off by function alone. Here that is everybody's guard, so a listener that another
  // one has just added would go, too.
  #onceGuard(name: string): Guard {
    const known = this.#onceGuards.get(name);
    if (known !== undefined) return known;
    const guard = this.#guard;
    const emitter = this.#emitter;
    const onceGuard: Guard = function onceGuard(...payload) {
      const before = emitter.listenerCount(name);
      emitter.off(name, onceGuard, this);
      if (emitter.listenerCount(name) < before) guard.apply(this, payload); // Else it has been called meanwhile.
    };
    this.#onceGuards.set(name, onceGuard);
    return onceGuard;
  }
}

type AnyListener = (...payload: unknown[]) => unknown;
type Guard = (this: AnyListener, ...payload: unknown[]) => void;
