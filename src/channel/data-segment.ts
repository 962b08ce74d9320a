import type { WorkerChannelStats } from './channel-stats.ts';
import type { WorkerExit } from './exit.ts';

/** What a {@link DataSegment} needs of a worker's channel. */
export interface SegmentSource<Item> {
  readonly data: AsyncIterator<Item, undefined>;
  stats(): Pick<WorkerChannelStats, 'unreadItems' | 'queuedItems' | 'inFlightItems' | 'discardedItems'>;
}

/**
 * What one incarnation of a worker contributes to the data of all of them. Items stay in the channel, which bounds them
 * and holds the worker back; one is held here: it was asked for, and its consumer may have left meanwhile.
 */
export class DataSegment<Item> {
  readonly incarnation: number;
  /** Whether the loop that reads it is over behind its last item, since the run ended in good order. */
  endsLoop = false;
  readonly #source: SegmentSource<Item>;
  readonly #onChange: () => void;
  #exit: WorkerExit | undefined;
  #lostItems = 0;
  #held: { readonly value: Item } | undefined;
  #isWanted = false;
  #isPulling = false;
  #isDrained = false;

  constructor(incarnation: number, source: SegmentSource<Item>, onChange: () => void) {
    this.incarnation = incarnation;
    this.#source = source;
    this.#onChange = onChange;
  }

  /** Whether its worker has ended. */
  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** How the incarnation ended, once it has ended and all its items were taken. */
  get exit(): WorkerExit | undefined {
    return this.#isDrained ? this.#exit : undefined;
  }

  /** Items that were received and not yet taken. */
  get unreadItems(): number {
    return this.#source.stats().unreadItems + (this.#held === undefined ? 0 : 1);
  }

  /** Items that nobody will be given any more, its own and those of the segments it absorbed. */
  get lostItems(): number {
    return this.#lostItems;
  }

  /** The next item, if it is here. The one behind it is asked for, and the owner hears of the change when it has come. */
  take(): { readonly value: Item } | undefined {
    const held = this.#held;
    this.#held = undefined;
    void this.#pull();
    return held;
  }

  /**
   * A loop is open, at this segment or before it. The channel must know that somebody comes, because one that closes
   * discards what nobody reads; asking for the first item tells it.
   */
  attach(): void {
    this.#isWanted = true;
    if (this.#held === undefined) void this.#pull();
  }

  /** No loop is open. What is left of an incarnation that has ended stays for a later one. */
  detach(): void {
    this.#isWanted = false;
    if (!this.#isPulling && !this.hasEnded) void this.#source.data.return?.();
  }

  /** The incarnation has ended. What was received may still be taken; what waited in the worker is lost. */
  end(exit: WorkerExit): void {
    const { queuedItems, inFlightItems, discardedItems } = this.#source.stats();
    this.#exit = exit;
    this.#lostItems += queuedItems + inFlightItems + discardedItems;
    this.#onChange();
  }

  /** Stands for the next segment as well, whose items nobody will see. */
  absorb(next: DataSegment<Item>): void {
    this.#lostItems += next.lostItems + next.unreadItems;
    this.endsLoop ||= next.endsLoop;
  }

  async #pull(): Promise<void> {
    if (this.#isPulling || this.#isDrained) return;
    this.#isPulling = true;
    try {
      const { done, value } = await this.#source.data.next();
      if (done) this.#isDrained = true;
      else this.#held = { value };
    } catch {
      this.#isDrained = true; // What it failed with stands in `exit`.
    }
    this.#isPulling = false;
    if (!this.#isWanted) this.detach();
    this.#onChange();
  }
}
