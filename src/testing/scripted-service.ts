import { onAbort } from '../core/abort.ts';
import type { Service, ServiceContext } from '../core/service.ts';

/** What a {@link ScriptedService} does when it is asked to stop. */
export type StopBehaviour =
  /** Returns at once. */
  | 'return'
  /** Does not notice: `run` goes on until the test ends it. */
  | 'ignore';

/** A service whose life a test directs: each `run` lasts until the test, or the abort, ends it. */
export class ScriptedService implements Service {
  readonly name: string;
  /** Contexts of all runs so far, the newest last. */
  readonly contexts: ServiceContext[] = [];
  readonly #onStop: StopBehaviour;
  #life = Promise.withResolvers<void>();
  #alive = 0;
  #mostAlive = 0;

  constructor(name: string, onStop: StopBehaviour = 'return') {
    this.name = name;
    this.#onStop = onStop;
  }

  /** How often `run` was called. */
  get runs(): number {
    return this.contexts.length;
  }

  /** Runs that have not settled; a supervisor keeps this at 0 or 1. */
  get alive(): number {
    return this.#alive;
  }

  /** The most runs that were ever alive at the same time. */
  get mostAlive(): number {
    return this.#mostAlive;
  }

  async run(context: ServiceContext): Promise<void> {
    this.contexts.push(context);
    this.#life = Promise.withResolvers<void>();
    this.#mostAlive = Math.max(this.#mostAlive, ++this.#alive);
    const release = onAbort(context.signal, () => {
      if (this.#onStop === 'return') this.finish();
    });
    try {
      await this.#life.promise;
    } finally {
      release();
      this.#alive--;
    }
  }

  /** Makes the current `run` return. */
  finish(): void {
    this.#life.resolve();
  }

  /** Makes the current `run` throw. */
  fail(error: unknown = new Error(`${this.name} failed`)): void {
    this.#life.reject(error);
  }

  /** Calls `ready()` for the current run. */
  ready(): void {
    this.contexts.at(-1)?.ready();
  }

  /** Calls `beat()` for the current run. */
  beat(): void {
    this.contexts.at(-1)?.beat();
  }
}
