import type { OutgoingEvent } from './outgoing-event.ts';

type Neighbour = 'older' | 'newer' | 'laneBefore' | 'laneBehind' | 'readyBefore' | 'readyBehind';

/**
 * A first-in, first-out list from which any event can be taken in constant time: the links are fields of the events, and
 * the constructor says which two. An event is in at most one list of each pair.
 */
export class EventList {
  readonly #before: Neighbour;
  readonly #behind: Neighbour;
  #first: OutgoingEvent | undefined;
  #last: OutgoingEvent | undefined;
  #length = 0;

  constructor(before: Neighbour, behind: Neighbour) {
    this.#before = before;
    this.#behind = behind;
  }

  get first(): OutgoingEvent | undefined {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  push(event: OutgoingEvent): void {
    event[this.#before] = this.#last;
    if (this.#last === undefined) this.#first = event;
    else this.#last[this.#behind] = event;
    this.#last = event;
    this.#length++;
  }

  /** Takes an event out. It must be in this list. */
  remove(event: OutgoingEvent): void {
    const before = event[this.#before];
    const behind = event[this.#behind];
    if (before === undefined) this.#first = behind;
    else before[this.#behind] = behind;
    if (behind === undefined) this.#last = before;
    else behind[this.#before] = before;
    event[this.#before] = undefined;
    event[this.#behind] = undefined;
    this.#length--;
  }
}
