import type { Ring } from './ring.ts';

/** A subscriber that takes every item by callback. */
export interface PushMember<T> {
  readonly onItem: (item: T) => unknown;
  /** Its place in the pack, -1 outside. Only the group writes it. */
  packIndex: number;
  /** Hands over everything up to now, whatever lies in between. */
  deliver(): void;
  /** Its position in the ring if nothing but the next item is due to it, else -1. */
  packPosition(): number;
  /** The pack carried it to this position. */
  moveTo(sequence: number): void;
  /** Its callback returned something. */
  watch(returned: unknown): void;
  /** Its callback threw. */
  fail(error: unknown): void;
}

/**
 * The subscribers that are called for each item. Nearly all of them are at the same position nearly always, so these
 * form a pack with one position and an array of callbacks: a delivery then costs the call and hardly more, as the
 * members' own state stays out of the processor's cache. Whoever has a gap, retained items, a filter or a limit coming
 * is served singly and joins the pack afterwards.
 */
export class PushGroup<T> {
  readonly #ring: Ring<T>;
  readonly #singles = new Set<PushMember<T>>();
  #pack: PushMember<T>[] = [];
  /** The callbacks of `#pack`; `undefined` for one that left while the pack was served. */
  #callbacks: (((item: T) => unknown) | undefined)[] = [];
  #packSize = 0;
  /** The item that is due to the pack. */
  #next = 0;
  /** Whose turn it is while that item is handed round; -1 at other times. */
  #turn = -1;

  constructor(ring: Ring<T>) {
    this.#ring = ring;
  }

  /** How many there are. */
  get size(): number {
    return this.#singles.size + this.#packSize;
  }

  /** Adds a member. */
  add(member: PushMember<T>): void {
    this.#singles.add(member);
  }

  /** Removes a member. */
  remove(member: PushMember<T>): void {
    this.part(member);
    this.#singles.delete(member);
  }

  /** Tells a member how far the pack has carried it. */
  sync(member: PushMember<T>): void {
    if (member.packIndex >= 0) member.moveTo(member.packIndex <= this.#turn ? this.#next + 1 : this.#next);
  }

  /** Takes a member out of the pack, because it moves on its own now. */
  part(member: PushMember<T>): void {
    const index = member.packIndex;
    if (index < 0) return;
    this.sync(member);
    member.packIndex = -1;
    this.#packSize--;
    this.#singles.add(member);
    this.#callbacks[index] = undefined;
    if (this.#turn < 0) this.#fillHole(index);
  }

  /** Hands everything up to now to everyone. */
  deliver(): void {
    this.#deliverToPack(this.#ring.head);
    if (this.#singles.size > 0) this.#deliverToSingles();
  }

  #deliverToSingles(): void {
    for (const member of [...this.#singles]) {
      member.deliver();
      this.#join(member);
    }
  }

  #deliverToPack(limit: number): void {
    const ring = this.#ring;
    for (; this.#next < limit && this.#packSize > 0; this.#next++) {
      const item = this.#next < ring.tail ? undefined : ring.slot(this.#next)!.item;
      if (item === undefined) return this.#disband(); // Overtaken within one burst, or refused: a gap for everyone.
      this.#handRound(item);
    }
    if (ring.end !== undefined) this.#disband();
  }

  // The hottest loop of the package. The inner loop is the outer one, entered again after a callback has thrown. A
  // callback may take anyone out of the pack, who then has an empty place until the round is over.
  #handRound(item: T): void {
    const callbacks = this.#callbacks;
    for (let turn = 0; turn < callbacks.length; turn++) {
      try {
        for (; turn < callbacks.length; turn++) {
          this.#turn = turn;
          const returned = callbacks[turn]?.(item);
          if (returned !== undefined) this.#pack[turn]!.watch(returned);
        }
      } catch (error) {
        this.#pack[turn]!.fail(error);
      }
    }
    this.#turn = -1;
    if (this.#packSize < callbacks.length) this.#fillHoles();
  }

  #disband(): void {
    for (const member of [...this.#pack]) this.part(member);
  }

  #join(member: PushMember<T>): void {
    const position = member.packPosition();
    if (position < 0 || (this.#packSize > 0 && position !== this.#next) || !this.#singles.delete(member))
      return;
    this.#next = position;
    member.packIndex = this.#pack.push(member) - 1;
    this.#callbacks.push(member.onItem);
    this.#packSize++;
  }

  #fillHole(index: number): void {
    const last = this.#pack.pop()!;
    this.#callbacks.pop();
    if (index === this.#pack.length) return;
    this.#pack[index] = last;
    this.#callbacks[index] = last.onItem;
    last.packIndex = index;
  }

  #fillHoles(): void {
    for (let index = this.#callbacks.length - 1; index >= 0; index--) {
      if (this.#callbacks[index] === undefined) this.#fillHole(index);
    }
  }
}
