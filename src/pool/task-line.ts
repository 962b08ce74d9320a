/**
 * Waiting tasks, first in, first out. Taking the oldest and removing any one of them cost the same however many wait. Its
 * owner bounds it.
 */
export class TaskLine<T> {
  readonly #tasks = new Set<T>();
  // One walk for all takes: each new iterator of a set would step over the holes that the earlier takes left at its front.
  #walk: Iterator<T, undefined> | undefined;

  get length(): number {
    return this.#tasks.size;
  }

  push(task: T): void {
    this.#tasks.add(task);
  }

  remove(task: T): void {
    this.#tasks.delete(task);
  }

  /** Takes the oldest. */
  shift(): T | undefined {
    this.#walk ??= this.#tasks.values();
    const { done, value } = this.#walk.next();
    if (done === true) {
      this.#walk = undefined; // A walk that has reached the end stays there; what comes later needs a new one.
      return undefined;
    }
    this.#tasks.delete(value);
    return value;
  }

  /** All of them, oldest first, for going through while they leave. */
  all(): readonly T[] {
    return [...this.#tasks];
  }
}
