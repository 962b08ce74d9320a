/** Slots of the page; each on a cache line of its own, so that two threads that count do not slow each other down. */
const slots = {
  stop: 0,
  beat: 1,
  controlToWorker: 2,
  controlToParent: 3,
  queuedItems: 4,
  queuedBytes: 5,
  droppedItems: 6,
} as const;

const intsPerLine = 16;

/** What a {@link StatePage} counts. */
export type Counter = keyof typeof slots;

/**
 * Memory that parent and worker share. Reading it needs no message, so it tells the truth about a worker whose event
 * loop stands still. Numbers are unsigned and wrap at 2^32.
 */
export class StatePage {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Uint32Array;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(Object.keys(slots).length * intsPerLine * 4),
  ) {
    this.buffer = buffer;
    this.#ints = new Uint32Array(buffer);
  }

  get(counter: Counter): number {
    return Atomics.load(this.#ints, slots[counter] * intsPerLine);
  }

  set(counter: Counter, value: number): void {
    Atomics.store(this.#ints, slots[counter] * intsPerLine, value);
  }

  add(counter: Counter, amount: number): void {
    Atomics.add(this.#ints, slots[counter] * intsPerLine, amount);
  }
}
