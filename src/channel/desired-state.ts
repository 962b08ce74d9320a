import { checkText } from '../core/check.ts';
import { describeError } from '../core/error-transfer.ts';
import { ConfigError } from '../core/errors.ts';
import { readClone, writeClone } from './clone-codec.ts';
import type { ResolvedChannelOptions } from './options.ts';

type WorkerHostKind = ResolvedChannelOptions<unknown>['host'];

// One per command of a protocol, which a person wrote; more means that names are made up while the program runs.
const maxNames = 256;

/** The last value per command name, in the order of setting. Values are copies: what is set later must not change them. */
export class DesiredState<Name extends string> implements Iterable<readonly [Name, unknown]> {
  readonly #host: WorkerHostKind;
  readonly #values = new Map<Name, unknown>();

  constructor(host: WorkerHostKind) {
    this.#host = host;
  }

  get size(): number {
    return this.#values.size;
  }

  [Symbol.iterator](): MapIterator<[Name, unknown]> {
    return this.#values.entries();
  }

  /**
   * Keeps a copy of `params` once `apply` has taken it. When either throws, everything is as before.
   *
   * @throws {ConfigError} when `params` cannot be cloned, or the name would be one too many.
   */
  set<Params>(name: Name, params: Params, apply: (copy: Params) => void): void {
    checkText('name of a command', name);
    if (this.#values.size >= maxNames && !this.#values.has(name))
      throw new ConfigError(
        `'${name}' not set: ${this.#values.size} other commands are set, limit ${maxNames}`,
      );
    const copy = copyOf(name, params, this.#host);
    apply(copy);
    this.#values.delete(name); // Set anew it goes to the end, as a worker that lived all the time has seen it.
    this.#values.set(name, copy);
  }

  delete(name: Name): void {
    this.#values.delete(name);
  }
}

/**
 * A copy as a worker would get it.
 *
 * @throws {ConfigError} when the value cannot be cloned. Memory cannot be shared with a process.
 */
export function copyOf<Value>(what: string, value: Value, host: WorkerHostKind): Value {
  try {
    return host === 'thread' ? structuredClone(value) : (readClone(writeClone(value, 0)) as Value);
  } catch (cause) {
    throw new ConfigError(`${what} cannot be sent to a worker ${host}: ${describeError(cause)}`, { cause });
  }
}
