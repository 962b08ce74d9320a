import { LagLimit } from './lag-limit.ts';
import type { ResolvedSubscribeOptions } from './options.ts';
import type { RetainedEntry } from './retained.ts';
import type { Ring } from './ring.ts';
import type { Gap, GapReason, MaxLag, SubscriptionEnd, SubscriptionStats } from './types.ts';

const nowhere = -1;

/** Who is told of gaps. */
interface GapListener {
  tell(gap: Gap): void;
}

/**
 * One subscriber's place in the ring, and the rules for moving it. It looks at the ring only when asked, so a subscriber
 * that does not read costs a publisher nothing. What the subscriber's own `filter` and `onGap` throw comes through.
 */
export class Cursor<T> {
  readonly #ring: Ring<T>;
  readonly #options: ResolvedSubscribeOptions<T>;
  readonly #listener: GapListener;
  #limit: LagLimit | undefined;
  #isOpen = true;
  #isPlain = false;
  /** Number of the item to look at next. */
  #next: number;
  #start: number;
  /** Whether the start is not known yet: it waits for the first resync point. */
  #isJoining = false;
  /** The first resync point that would do, or `nowhere` when none is needed. */
  #resumeFrom = nowhere;
  /** Whether retained items from number `#seen` on may be due before the next item. */
  #owesRetained = true;
  #seen = 0;
  #gap: Gap | undefined;
  #lost: SubscriptionEnd | undefined;
  #missed = 0;
  #filtered = 0;
  #gaps = 0;
  #resent = 0;

  constructor(ring: Ring<T>, options: ResolvedSubscribeOptions<T>, listener: GapListener) {
    this.#ring = ring;
    this.#options = options;
    this.#listener = listener;
    this.#limit = options.maxLag && new LagLimit(ring, options.maxLag);
    this.#next = options.from === 'oldest' ? ring.tail : ring.head;
    this.#start = this.#next;
    if (options.from === 'resync') this.#join();
    this.#limit?.excuseFrom(this.#next);
  }

  /** Number of the item to look at next. */
  get next(): number {
    return this.#next;
  }

  /** Whether the next item, if the ring still holds it, is all that is due. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** Whether retained items may be due although there is no next item yet. */
  get owesRetained(): boolean {
    return this.#owesRetained;
  }

  /** Things handed over so far, retained items included. */
  get handedOver(): number {
    return this.#delivered + this.#resent;
  }

  /** Whether the next thing to hand over has a gap before it. */
  get owesNotice(): boolean {
    return this.#gap !== undefined;
  }

  /** Items lost so far, those the ring has overtaken unnoticed included. */
  get missed(): number {
    return this.#missed + this.#overtaken;
  }

  /** The end that has come: lost by lagging, or the ring's own once everything is read. */
  get outcome(): SubscriptionEnd | undefined {
    return this.#lost ?? (this.#next === this.#ring.head ? this.#ring.end : undefined);
  }

  /** Whether it is too far behind to go on without a loss. */
  get isLagging(): boolean {
    if (this.#isJoining || this.#resumeFrom !== nowhere) return false;
    if (this.#next < this.#ring.tail) return true;
    return this.#limit?.isExceededAt(this.#next) ?? false;
  }

  /** Hands over what comes next; `undefined` when there is nothing. */
  take(): T | undefined {
    const item = this.#plainItem;
    if (item === undefined) return this.#takeCarefully();
    this.#next++;
    return item;
  }

  /** Steps over items that were handed over in its place. Only for a plain cursor. */
  moveTo(sequence: number): void {
    this.#next = sequence;
  }

  /** Sets other limits. What it lags by now is judged by them at the next look. */
  limitLag(maxLag: MaxLag): void {
    this.#isPlain = false;
    this.#limit ??= new LagLimit(this.#ring, maxLag);
    this.#limit.change(maxLag);
  }

  /** Whether `take` would hand something over. */
  hasNext(): boolean {
    return this.#plainItem !== undefined || this.#locate();
  }

  /** Tells of the gap that is pending, if any. */
  tellGap(): void {
    const gap = this.#gap;
    if (gap === undefined) return;
    this.#gap = undefined;
    this.#gaps++;
    this.#listener.tell(gap);
  }

  /** Hands over nothing any more. The counters stay as they are. */
  close(): void {
    const overtaken = this.#overtaken;
    this.#missed += overtaken;
    this.#next += overtaken;
    this.#isOpen = false;
    this.#isPlain = false;
  }

  /** Gives up what is unread. A joiner that still waits for its start has nothing to lose. */
  abandon(end: (missed: number) => SubscriptionEnd): void {
    const missed = this.#isJoining ? 0 : this.#ring.head - this.#next;
    this.#missed += missed;
    if (!this.#isJoining) this.#next = this.#ring.head;
    this.#lost = end(missed);
    this.close();
  }

  stats(): SubscriptionStats {
    const unread = Math.max(this.#next, this.#ring.tail);
    const isReading = this.#isOpen && !this.#isJoining;
    return {
      delivered: this.#delivered,
      missed: this.missed,
      gaps: this.#gaps,
      filtered: this.#filtered,
      resent: this.#resent,
      lagItems: isReading ? this.#ring.head - unread : 0,
      lagBytes: isReading ? this.#ring.bytesFrom(unread) : 0,
      lagMs: isReading ? this.#ring.ageMs(unread) : 0,
    };
  }

  get #delivered(): number {
    return this.#next - this.#start - this.#missed - this.#filtered;
  }

  get #overtaken(): number {
    return this.#isOpen && !this.#isJoining ? Math.max(0, this.#ring.tail - this.#next) : 0;
  }

  /** The next item when nothing else is due: the short way that nearly every delivery takes. */
  get #plainItem(): T | undefined {
    const { head, tail } = this.#ring;
    const isThere = this.#isPlain && this.#next < head && this.#next >= tail;
    return isThere ? this.#ring.slot(this.#next)!.item : undefined;
  }

  #takeCarefully(): T | undefined {
    while (this.#locate()) {
      const located = this.#next;
      const resent = this.#resent;
      this.tellGap();
      // `onGap` may have read, left, or published so much that the ring has moved on.
      const isStillThere = this.#isOpen && this.#next === located && this.#resent === resent;
      if (isStillThere && located >= this.#ring.tail) return this.#handOver();
    }
    return undefined;
  }

  #handOver(): T | undefined {
    const entry = this.#dueEntry();
    if (entry !== undefined) {
      this.#seen = entry.sequence + 1;
      this.#resent++;
      return entry.item;
    }
    this.#isPlain = this.#options.filter === undefined && this.#limit === undefined;
    return this.#ring.slot(this.#next++)!.item;
  }

  /** Moves to the next thing to hand over, passing what was missed, refused or filtered. */
  #locate(): boolean {
    while (this.#isOpen && this.#isOnTrack()) {
      const slot = this.#next < this.#ring.head ? this.#ring.slot(this.#next) : undefined;
      if (slot !== undefined && slot.item === undefined) this.#passRefused();
      else if (this.#dueEntry() !== undefined) return true;
      else if (slot === undefined) return this.#caughtUp();
      else if (this.#accepts(slot.item!)) return true;
      else {
        this.#filtered++;
        this.#next++;
      }
    }
    return false;
  }

  #caughtUp(): false {
    this.#limit?.excuseFrom(this.#ring.head);
    return false;
  }

  #passRefused(): void {
    if (this.#options.onLag === 'skip-to-resync') this.#resumeFrom = this.#next + 1;
    this.#miss(this.#next + 1, 'refused');
  }

  #accepts(item: T): boolean {
    return this.#options.filter?.(item) ?? true;
  }

  // What was retained before `#seen` the subscriber has had, by a re-send or in its order, or it was filtered.
  #dueEntry(): RetainedEntry<T> | undefined {
    if (!this.#owesRetained) return undefined;
    const retained = this.#ring.retainedBefore(this.#next);
    const entry = retained.find(({ sequence, item }) => sequence >= this.#seen && this.#accepts(item));
    this.#owesRetained = entry !== undefined;
    return entry;
  }

  #isOnTrack(): boolean {
    if (this.#resumeFrom !== nowhere) return this.#resume();
    return !this.isLagging || this.#recover();
  }

  #recover(): boolean {
    switch (this.#options.onLag) {
      case 'skip-to-resync':
        this.#resumeFrom = this.#next + 1;
        return this.#resume();
      case 'drop-oldest':
        this.#miss(this.#oldestWithinLimit(), 'lag');
        return true;
      case 'latest':
        this.#miss(Math.max(this.#ring.tail, this.#ring.head - 1), 'lag');
        return true;
      case 'disconnect':
        this.abandon((missed) => ({ reason: 'lagged', missed }));
        return false;
    }
  }

  #resume(): boolean {
    const { head, newestResync } = this.#ring;
    const isFound = newestResync >= this.#resumeFrom;
    this.#jump(isFound ? newestResync : head, isFound ? 'lag' : 'waiting-for-resync');
    this.#resumeFrom = isFound ? nowhere : head;
    if (isFound) this.#limit?.excuseFrom(newestResync);
    return isFound;
  }

  #join(): void {
    this.#isJoining = true;
    this.#resumeFrom = 0;
    this.#resume();
  }

  #jump(to: number, reason: GapReason): void {
    if (!this.#isJoining) return this.#miss(to, reason);
    this.#next = to; // Before its first resync point nothing is owed to it.
    this.#start = to;
    this.#isJoining = this.#ring.newestResync !== to;
  }

  #miss(to: number, reason: GapReason): void {
    const count = to - this.#next;
    if (count === 0) return;
    if (!this.#owesRetained) this.#seen = this.#next;
    this.#owesRetained = true;
    this.#isPlain = false;
    this.#missed += count;
    this.#gap = { missed: count + (this.#gap?.missed ?? 0), reason: this.#gap?.reason ?? reason };
    this.#next = to;
  }

  #oldestWithinLimit(): number {
    const ring = this.#ring;
    let sequence = Math.max(this.#next, ring.tail);
    while (this.#limit?.isExceededAt(sequence)) sequence++;
    return sequence;
  }
}
