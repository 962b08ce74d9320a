import { settledWithin } from '../core/abort.ts';
import { systemClock } from '../core/clock.ts';
import { Mailbox } from '../core/mailbox.ts';
import type { LaneLimits } from './lane-limits.ts';
import type { LanePort } from './lane-port.ts';
import { LaneReader } from './lane-reader.ts';

/** An item that came over a direct lane. */
export interface LaneItem<Item> {
  /** Tells it from a {@link LaneDiscontinuity}. */
  readonly kind: 'item';
  /** What the writer wrote. */
  readonly value: Item;
}

/** The writer was replaced. */
export interface LaneDiscontinuity {
  /** Tells it from a {@link LaneItem}. */
  readonly kind: 'discontinuity';
  /**
   * `'closed'`: the one before had ended its lane, and all of it has been delivered. `'lost'`: it had not, so some of what it
   * wrote may be missing.
   */
  readonly reason: 'closed' | 'lost';
}

/** What a {@link DirectLaneReader} yields. */
export type DirectLaneItem<Item> = LaneItem<Item> | LaneDiscontinuity;

/** A moment of a {@link DirectLaneReader}, counted since it was made. */
export interface DirectLaneReaderStats {
  /** Items and notices that wait for the consumer. */
  readonly unreadItems: number;
  /** Items and notices the consumer has taken. */
  readonly takenItems: number;
  /** Items that had to go since writers came and went and nobody took anything. */
  readonly discardedItems: number;
}

// The end of a writer that died is told at once. One that is blocked in a native call never says anything again.
const lastWordsLimitMs = 250;

/**
 * The reading end of a direct lane. It outlives the worker that writes: one loop goes over all of them. It ends when the
 * lane or this worker's channel is closed. Get it from `channel.laneReader(name)`.
 */
export class DirectLaneReader<Item> implements AsyncIterableIterator<DirectLaneItem<Item>, undefined> {
  readonly #attaching = new Mailbox();
  #reader: LaneReader<DirectLaneItem<Item>> | undefined;
  #waitingForFirst = Promise.withResolvers<LaneReader<DirectLaneItem<Item>>>();
  #port: LanePort | undefined;
  #hasWriterEnded = false;
  #isClosed = false;

  /** The loop itself: there is one consumer. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item or notice. */
  async next(): Promise<IteratorResult<DirectLaneItem<Item>, undefined>> {
    return (this.#reader ?? (await this.#waitingForFirst.promise)).next();
  }

  /** Leaves the loop. The lane stays open for another one. */
  async return(): Promise<IteratorResult<DirectLaneItem<Item>, undefined>> {
    await this.#reader?.return();
    return { done: true, value: undefined };
  }

  /** How much waits here, and how much was taken. */
  stats(): DirectLaneReaderStats {
    return {
      unreadItems: this.#reader?.unread ?? 0,
      takenItems: this.#reader?.takenTotal ?? 0,
      discardedItems: this.#reader?.discardedTotal ?? 0,
    };
  }

  /** @internal */
  attach(port: LanePort, limits: LaneLimits): void {
    void this.#attaching.post(() => this.#attach(port, limits));
  }

  /** @internal Whether nothing comes any more; a new lane of that name gets a new reader. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @internal */
  close(): void {
    this.#isClosed = true;
    this.#port?.close();
    this.#ensureReader(1).finish();
  }

  async #attach(port: LanePort, { windowItems }: LaneLimits): Promise<void> {
    const reader = this.#ensureReader(windowItems);
    const before = this.#port;
    // What the one before has sent is delivered first.
    if (before !== undefined) await settledWithin(systemClock, lastWordsLimitMs, before.closed);
    if (this.#isClosed) return port.close();
    const reason = this.#hasWriterEnded ? 'closed' : 'lost';
    this.#hasWriterEnded = false;
    this.#port = port;
    reader.attach(port, before && { kind: 'discontinuity', reason });
  }

  #ensureReader(windowItems: number): LaneReader<DirectLaneItem<Item>> {
    this.#reader ??= new LaneReader<DirectLaneItem<Item>>(windowItems, {
      wrap: (value) => ({ kind: 'item', value: value as Item }),
      onEnd: () => {
        this.#hasWriterEnded = true;
      },
    });
    this.#waitingForFirst.resolve(this.#reader);
    return this.#reader;
  }
}
