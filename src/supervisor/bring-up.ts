import { onAbort } from '../core/abort.ts';
import type { SpillwayError } from '../core/errors.ts';
import type { Child } from './child.ts';
import type { ChildTable } from './child-table.ts';

// Thousands of children are started and stopped without holding up everybody else's event loop.
const childrenPerTurn = 512;

/**
 * Children that are brought up in start order, from a place on: at the start of the supervisor all of them, later the
 * group that falls with a child. Each one is started when all before it are up or will not come up.
 */
export class BringUp<Name extends string = string> {
  /** While the group is still being stopped, an end that one of them comes to by itself is part of it. */
  isStopping = false;
  readonly #children: ChildTable<Name>;
  readonly #start: (child: Child<Name>) => void;
  readonly #abort = new AbortController();
  #position: number;
  #wake: () => void = () => {};

  constructor(children: ChildTable<Name>, from: number, start: (child: Child<Name>) => void) {
    this.#children = children;
    this.#position = from;
    this.#start = start;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The children it still has to bring up. */
  get rest(): Iterable<Child<Name>> {
    return this.#children.from(this.#position);
  }

  /** Whether it will start this child, or is about to see that it is up. */
  covers(child: Child<Name>): boolean {
    return child.order >= this.#position;
  }

  /** Has it look again: a child came up, ended or is not wanted any more. */
  wake(): void {
    this.#wake();
  }

  abort(): void {
    this.#abort.abort();
  }

  /** Ends when all are up and calls `done` in the same turn; without calling it when it was aborted. */
  async run(done: () => void): Promise<void> {
    let visited = 0;
    for (const child of this.rest) {
      this.#position = child.order;
      while (!this.signal.aborted && !child.isSettled) {
        if (child.phase.kind === 'waiting') this.#start(child);
        else await this.#nextChange();
      }
      if (++visited % childrenPerTurn === 0) await nextTurn();
      if (this.signal.aborted) return;
    }
    if (!this.signal.aborted) done();
  }

  #nextChange(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const release = onAbort(this.signal, resolve);
    return promise.finally(release);
  }
}

/**
 * Stops those that live, the last one first or all at once. Whoever is left behind does not hold up the others.
 *
 * @param reason - What their signals abort with.
 */
export async function stopChildren(
  children: Iterable<Child>,
  order: 'reverse' | 'parallel',
  { signal, reason }: { readonly signal?: AbortSignal; readonly reason?: SpillwayError } = {},
): Promise<void> {
  const living = [...children].filter(({ incarnation }) => incarnation !== undefined).reverse();
  const ends: Promise<unknown>[] = [];
  let asked = 0;
  for (const { incarnation } of living) {
    if (signal?.aborted) return;
    const end = incarnation?.stop(reason);
    if (order === 'parallel') ends.push(end ?? Promise.resolve());
    else await end;
    if (++asked % childrenPerTurn === 0) await nextTurn();
  }
  await Promise.all(ends);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
