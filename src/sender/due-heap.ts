/** Something that is due at a moment. */
export interface Due {
  readonly dueMs: number;
  /** Its place in the heap, kept by the heap; -1 when it is in none. */
  heapIndex: number;
}

/** A binary heap: the earliest in front, any one removable, both in O(log n). */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  /** The one due first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item. Its `dueMs` must not change until it is removed. */
  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Removes an item; nothing happens when it is in no heap. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop()!; // Not empty: `item` is in it.
    if (last === item) return;
    this.#rise(last, index);
    this.#sink(last, last.heapIndex);
  }

  #rise(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex]!;
      if (parent.dueMs <= item.dueMs) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #sink(item: T, from: number): void {
    let index = from;
    for (let child = this.#earlierChild(index); child !== undefined; child = this.#earlierChild(index)) {
      if (item.dueMs <= child.dueMs) break;
      const next = child.heapIndex;
      this.#place(child, index);
      index = next;
    }
    this.#place(item, index);
  }

  #earlierChild(index: number): T | undefined {
    const left = this.#items[2 * index + 1];
    const right = this.#items[2 * index + 2];
    return right !== undefined && right.dueMs < left!.dueMs ? right : left;
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
