import type { Service } from '../core/service.ts';
import { Child, type ChildTally } from './child.ts';
import { isSupervisor } from './health.ts';
import type { ResolvedChildOptions } from './options.ts';

/** How many children there are, by OTP's `count_children`. */
export interface ChildCount {
  /** All the supervisor knows of, running or not. */
  readonly specs: number;
  /** Those with a living incarnation. One that is about to be restarted has none. */
  readonly active: number;
  /** Those that are supervisors. */
  readonly supervisors: number;
  /** Those that are not. */
  readonly workers: number;
}

/**
 * The children of a supervisor in start order. Those from before the run are there again in each run, as OTP's `init`
 * gives them again; those added during it are gone with it.
 */
export class ChildTable<Name extends string = string> {
  readonly #permanent: Child<Name>[] = [];
  readonly #byName = new Map<Name, Child<Name>>();
  readonly #tally: ChildTally = { activeSignificant: 0 };
  #nextOrder = 0;

  get size(): number {
    return this.#byName.size;
  }

  /** Whether a significant child runs or is about to. */
  get hasActiveSignificant(): boolean {
    return this.#tally.activeSignificant > 0;
  }

  get(name: string): Child<Name> | undefined {
    return this.#byName.get(name as Name);
  }

  /** Whether this very record is in the table; another one may have its name. */
  has(child: Child<Name>): boolean {
    return this.#byName.get(child.name) === child;
  }

  add(
    service: Service & { readonly name: Name },
    options: ResolvedChildOptions,
    isDynamic: boolean,
  ): Child<Name> {
    const place = { order: this.#nextOrder++, isDynamic, tally: this.#tally };
    const child = new Child(service, options, place);
    this.#byName.set(child.name, child);
    if (!isDynamic) this.#permanent.push(child);
    return child;
  }

  delete(child: Child<Name>): void {
    if (this.has(child)) this.#byName.delete(child.name);
  }

  /** Puts the table into the state before a run. One that was left behind stays until it has ended. */
  restore(): void {
    const leftBehind = [...this].filter(({ incarnation }) => incarnation !== undefined);
    this.#byName.clear();
    for (const child of [...this.#permanent, ...leftBehind]) this.#byName.set(child.name, child);
  }

  /** All children in start order, those that are added meanwhile included. */
  [Symbol.iterator](): IterableIterator<Child<Name>> {
    return this.#byName.values();
  }

  /** The children with at least that place in the start order; those that are added meanwhile included. */
  *from(order: number): Generator<Child<Name>, undefined> {
    for (const child of this) if (child.order >= order) yield child;
  }

  count(): ChildCount {
    const children = [...this];
    const supervisors = children.filter(({ service }) => isSupervisor(service)).length;
    return {
      specs: children.length,
      active: children.filter(({ incarnation }) => incarnation !== undefined).length,
      supervisors,
      workers: children.length - supervisors,
    };
  }
}
