/** Somebody who has read everything and waits for more. */
export interface Waiter {
  /** Its place in the list, -1 while it is in none. Only the list writes it. */
  waitIndex: number;
  /** There is something new. `false` when it was of no use to the waiter, which then goes on waiting. */
  wake(): boolean;
}

/** Who waits for the next item. Adding and removing cost the same however many there are. */
export class WaitList<W extends Waiter> {
  // Emptied by hand: an array whose length is set to 0 lets its memory go, and would grow anew for every item.
  #waiters: (W | undefined)[] = [];
  #count = 0;
  #spare: (W | undefined)[] = [];
  #length = 0;

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds a waiter that is not in the list already. */
  add(waiter: W): void {
    if (waiter.waitIndex >= 0) return;
    waiter.waitIndex = this.#count;
    this.#waiters[this.#count++] = waiter;
    this.#length++;
  }

  /** Removes a waiter that may be in the list. */
  remove(waiter: W): void {
    const index = waiter.waitIndex;
    if (index < 0) return;
    waiter.waitIndex = -1;
    this.#length--;
    if (this.#waiters[index] !== waiter) return; // It is in the batch being woken, which passes it over.
    const last = this.#waiters[--this.#count]!;
    this.#waiters[this.#count] = undefined;
    if (last === waiter) return;
    this.#waiters[index] = last;
    last.waitIndex = index;
  }

  /** Wakes everyone who waits now. Whoever begins to wait meanwhile waits for the next time. */
  wake(): void {
    if (this.#length === 0) return;
    const batch = this.#waiters;
    const count = this.#count;
    this.#waiters = this.#spare;
    this.#count = 0;
    for (let index = 0; index < count; index++) {
      const waiter = batch[index]!;
      batch[index] = undefined;
      if (waiter.waitIndex < 0) continue;
      waiter.waitIndex = -1;
      this.#length--;
      if (!waiter.wake()) this.add(waiter);
    }
    this.#spare = batch;
  }
}
