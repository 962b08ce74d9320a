/**
 * A first-in, first-out queue with a fixed bound. Taking from the front costs the same however long it is, which
 * `Array.prototype.shift` does not promise. Memory grows with use, up to the bound.
 */
export class RingQueue<T> {
  readonly #capacity: number;
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  /** @param capacity - Most items the queue holds, at least 1. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#slots = new Array<T | undefined>(Math.min(16, capacity));
  }

  /** How many items wait. */
  get length(): number {
    return this.#length;
  }

  /** Whether another item would be refused. */
  get isFull(): boolean {
    return this.#length >= this.#capacity;
  }

  /** Puts an item at the end; `false`, and nothing done, when the queue is full. */
  push(item: T): boolean {
    if (this.isFull) return false;
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) % this.#slots.length] = item;
    this.#length++;
    return true;
  }

  /** Takes the oldest item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined; // A kept reference would keep the item's bytes alive.
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#length--;
    return item;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** Removes everything and gives the memory back. */
  clear(): void {
    this.#slots = new Array<T | undefined>(Math.min(16, this.#capacity));
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const slots = new Array<T | undefined>(Math.min(this.#capacity, this.#slots.length * 2));
    for (let index = 0; index < this.#length; index++) {
      slots[index] = this.#slots[(this.#head + index) % this.#slots.length];
    }
    this.#slots = slots;
    this.#head = 0;
  }
}
