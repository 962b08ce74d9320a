import { RingQueue } from '../core/ring-queue.ts';
import type { IngestItem } from './ingest-protocol.ts';

/** The way to the main thread, as far as one connection needs it. */
export interface IngestLane {
  /** Hands an item over; `false`, and nothing taken, while the main thread is behind. */
  offer(item: IngestItem): boolean;
  /** Waits until an item would be taken. Rejects when the main thread takes nothing any more. */
  room(): Promise<void>;
}

/** What an {@link IngestOutbox} tells its connection. */
export interface OutboxListener {
  /** Items wait: read no more. */
  full(): void;
  /** None waits at this moment. What is offered now may wait again. */
  emptied(): void;
  /** All were taken: read on. */
  drained(): void;
  /** The lane is closed; what waited is gone. */
  lost(): void;
}

/** The items of one connection, in order, on their way to the main thread. Those that find no room wait here. */
export class IngestOutbox {
  readonly #lane: IngestLane;
  readonly #listener: OutboxListener;
  readonly #waiting: RingQueue<IngestItem>;
  #isDraining = false;
  #isLost = false;

  /** @param capacity - More than its connection ever offers while items wait. */
  constructor(lane: IngestLane, capacity: number, listener: OutboxListener) {
    this.#lane = lane;
    this.#waiting = new RingQueue(capacity);
    this.#listener = listener;
  }

  /** Whether items wait, between `full` and `drained`. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Whether there are such items at this moment. */
  get hasItems(): boolean {
    return this.#waiting.length > 0;
  }

  offer(item: IngestItem): void {
    if (this.#isLost || (!this.hasItems && this.#lane.offer(item))) return;
    this.#waiting.push(item);
    if (!this.#isDraining) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    this.#listener.full();
    try {
      while (this.hasItems) {
        await this.#lane.room();
        this.#handOver();
        if (!this.hasItems) this.#listener.emptied();
      }
    } catch {
      this.#isLost = true; // Nobody takes anything any more: the thread is being stopped.
    }
    this.#isDraining = false;
    if (this.#isLost) this.#listener.lost();
    else this.#listener.drained();
  }

  #handOver(): void {
    for (let item = this.#waiting.peek(); item !== undefined; item = this.#waiting.peek()) {
      if (!this.#lane.offer(item)) return;
      this.#waiting.shift();
    }
  }
}
