import { orAbort } from '../core/abort.ts';
import { Emitter } from '../core/emitter.ts';
import { ClosedError } from '../core/errors.ts';
import type { LaneLimits } from './lane-limits.ts';
import type { LanePort } from './lane-port.ts';
import { LaneWriter, type WriteOptions } from './lane-writer.ts';
import { type LaneCounter, laneCounters } from './state-page.ts';

/** Payload of `discontinuity`. */
export interface ReaderReplaced {
  /** Items that were on their way and may not have been taken. */
  readonly lostItems: number;
}

/** What a {@link DirectLaneWriter} tells. */
export type DirectLaneWriterEvents = {
  /** The reader was replaced. What waited here still goes. */
  discontinuity: [ReaderReplaced];
};

/** A moment of a {@link DirectLaneWriter}, counted since it was made, modulo 2^32. Items and bytes, but `blockedMs`. */
export type DirectLaneWriterStats = Readonly<Record<LaneCounter, number>>;

/**
 * The writing end of a direct lane. It outlives the worker that reads: while there is none, items wait here within the
 * lane's bounds, and then its policy decides. Get it from `channel.laneWriter(name)`.
 */
export class DirectLaneWriter<Item> extends Emitter<DirectLaneWriterEvents> {
  readonly #connected = Promise.withResolvers<void>();
  #writer: LaneWriter<Item> | undefined;
  #lostAtLastReader = 0;
  #isClosed = false;

  /** Whether an item is taken without waiting. */
  get hasRoom(): boolean {
    return this.#writer?.hasRoom ?? false;
  }

  /** As `channel.tryWrite`: `false`, and nothing taken, when there is no room. */
  tryWrite(item: Item, options?: WriteOptions): boolean {
    this.#refuseWhenClosed();
    return this.#writer?.tryWrite(item, options) ?? false;
  }

  /** As `channel.write`: waits for room under the `'block'` policy, and for the lane to be connected at all. */
  async write(item: Item, options: WriteOptions = {}): Promise<void> {
    const writer = this.#writer ?? (await this.#untilConnected(options.signal));
    return writer.write(item, options);
  }

  /** Waits until the lane has room. */
  async room(signal?: AbortSignal): Promise<void> {
    const writer = this.#writer ?? (await this.#untilConnected(signal));
    return writer.room(signal);
  }

  /** How full the lane is, and what became of its items. */
  stats(): DirectLaneWriterStats {
    const counts = this.#writer?.counts;
    return Object.fromEntries(
      laneCounters.map((name, index) => [name, counts?.[index] ?? 0]),
    ) as DirectLaneWriterStats;
  }

  /** @internal Whether it takes nothing any more; a new lane of that name gets a new writer. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @internal */
  attach(port: LanePort, limits: LaneLimits): void {
    if (this.#isClosed) return port.close();
    const isFirst = this.#writer === undefined;
    this.#writer ??= new LaneWriter(limits, () => {});
    this.#writer.attach(port);
    this.#connected.resolve();
    const lostItems = this.stats().lostItems - this.#lostAtLastReader;
    this.#lostAtLastReader += lostItems;
    if (!isFirst) this.emit('discontinuity', { lostItems });
  }

  /** @internal */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connected.resolve();
    await this.#writer?.close();
  }

  async #untilConnected(signal: AbortSignal | undefined): Promise<LaneWriter<Item>> {
    this.#refuseWhenClosed();
    await orAbort(this.#connected.promise, signal);
    this.#refuseWhenClosed();
    return this.#writer!;
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new ClosedError('the lane is closed');
  }
}
