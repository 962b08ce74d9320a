/** What the writer of a data lane publishes, in this order. */
export const laneCounters: readonly LaneCounter[] = [
  'queuedItems',
  'queuedBytes',
  'highWaterItems',
  'highWaterBytes',
  'droppedItems',
  'droppedBytes',
  'sentItems',
  'lostItems',
  'blockedMs',
];

/** What the writing end of a lane counts: items and bytes, but `blockedMs`. */
export type LaneCounter =
  | 'queuedItems'
  | 'queuedBytes'
  | 'highWaterItems'
  | 'highWaterBytes'
  | 'droppedItems'
  | 'droppedBytes'
  | 'sentItems'
  | 'lostItems'
  | 'blockedMs';

// Every counter has one writer, so that none needs an atomic addition: there is no such thing between processes. A writer
// has a line of 64 bytes to itself, so that two that count do not slow each other down.
const lines: readonly (readonly Counter[])[] = [
  ['stop', 'controlTakenByParent'], // written by the parent
  ['beat', 'controlTakenByWorker'], // written by the worker
  laneCounters, // written by the worker, all at once
];
const intsPerLine = 16;

/** What a {@link StatePage} counts. */
export type Counter = 'stop' | 'beat' | 'controlTakenByParent' | 'controlTakenByWorker' | LaneCounter;

const slots = Object.fromEntries(
  lines.flatMap((names, line) => names.map((name, index) => [name, line * intsPerLine + index])),
) as Readonly<Record<Counter, number>>;

/** Size of a page, in numbers of 32 bits. */
export const pageInts: number = lines.length * intsPerLine;

/**
 * Numbers that parent and worker share. Reading them needs no message, so they tell the truth about a worker whose event
 * loop stands still. They are unsigned and wrap at 2^32.
 */
export abstract class StatePage {
  /** What this end has written: adding needs no look at the page. */
  readonly #written = new Uint32Array(pageInts);

  get(counter: Counter): number {
    return this.load(slots[counter]);
  }

  set(counter: Counter, value: number): void {
    this.#written[slots[counter]] = value;
    this.#store(slots[counter], 1);
  }

  /** Adds 1 to a counter of this end. */
  count(counter: Counter): void {
    this.#written[slots[counter]]!++;
    this.#store(slots[counter], 1);
  }

  /** Writes all lane counters, in the order of {@link laneCounters}. */
  setLane(values: Uint32Array): void {
    this.#written.set(values, slots.queuedItems);
    this.#store(slots.queuedItems, values.length);
  }

  protected abstract load(slot: number): number;
  protected abstract store(slot: number, values: Uint32Array): void;

  #store(slot: number, length: number): void {
    this.store(slot, this.#written.subarray(slot, slot + length));
  }
}

/** A page in memory that the threads of one process share. */
export class MemoryPage extends StatePage {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Uint32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(pageInts * 4)) {
    super();
    this.buffer = buffer;
    this.#ints = new Uint32Array(buffer);
  }

  protected override load(slot: number): number {
    return Atomics.load(this.#ints, slot);
  }

  protected override store(slot: number, values: Uint32Array): void {
    for (let index = 0; index < values.length; index++)
      Atomics.store(this.#ints, slot + index, values[index]!);
  }
}
