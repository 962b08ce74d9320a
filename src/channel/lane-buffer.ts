import type { Transferable } from 'node:worker_threads';
import { RingQueue } from '../core/ring-queue.ts';
import type { LaneLimits } from './lane-limits.ts';
import { type LaneCounter, laneCounters } from './state-page.ts';

/** An item that waits to be sent. */
export interface QueuedItem {
  readonly item: unknown;
  readonly transfer: readonly Transferable[];
  readonly bytes: number;
}

const index = Object.fromEntries(laneCounters.map((name, slot) => [name, slot])) as Readonly<
  Record<LaneCounter, number>
>;

/** The bounded queue in front of a lane, and the lane's counters. */
export class LaneBuffer {
  /** In the order of {@link laneCounters}. */
  readonly counts: Uint32Array = new Uint32Array(laneCounters.length);
  readonly #limits: LaneLimits;
  readonly #queue: RingQueue<QueuedItem>;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
    this.#queue = new RingQueue(limits.capacity);
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Whether an item is taken now. The byte bound is checked before the item, so one item may reach beyond it. */
  get hasRoom(): boolean {
    return !this.#queue.isFull && this.counts[index.queuedBytes]! < this.#limits.maxBytes;
  }

  /** Takes an item, or does with it what the policy says; `false` when its writer has to wait. */
  offer(queued: QueuedItem): boolean {
    if (!this.hasRoom && this.#limits.overflow === 'block') return false;
    if (!this.hasRoom && this.#limits.overflow === 'drop-newest') {
      this.countDropped(queued);
      return true;
    }
    while (!this.hasRoom) this.countDropped(this.shift()!);
    this.#queue.push(queued);
    this.#countQueued(queued.bytes);
    return true;
  }

  shift(): QueuedItem | undefined {
    const queued = this.#queue.shift();
    if (queued !== undefined) this.#countQueued(-queued.bytes);
    return queued;
  }

  count(counter: LaneCounter, amount: number): void {
    this.counts[index[counter]]! += amount;
  }

  setBlockedMs(blockedMs: number): void {
    this.counts[index.blockedMs] = blockedMs;
  }

  countDropped({ bytes }: QueuedItem): void {
    this.count('droppedItems', 1);
    this.count('droppedBytes', bytes);
  }

  #countQueued(bytes: number): void {
    const { counts } = this;
    counts[index.queuedItems] = this.#queue.length;
    counts[index.queuedBytes]! += bytes;
    if (bytes < 0) return;
    counts[index.highWaterItems] = Math.max(counts[index.highWaterItems]!, this.#queue.length);
    counts[index.highWaterBytes] = Math.max(counts[index.highWaterBytes]!, counts[index.queuedBytes]!);
  }
}

/** What an item weighs by default: the buffers that it hands over, or itself if it is a typed array. */
export function itemBytes(item: unknown, transfer: readonly Transferable[]): number {
  let bytes = 0;
  for (const buffer of transfer) if (buffer instanceof ArrayBuffer) bytes += buffer.byteLength;
  return ArrayBuffer.isView(item) ? Math.max(bytes, item.byteLength) : bytes;
}
