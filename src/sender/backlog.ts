import { EventList } from './event-list.ts';
import type { OutgoingEvent } from './outgoing-event.ts';

/**
 * Every event that is not settled: in order of acceptance, in lanes by key, and, when its turn has come, in the ready
 * line. Invariant: of a lane only the first event is ever ready, sent or retried, so a key's events cannot overtake each
 * other; an event without a key is a lane of its own.
 */
export class Backlog {
  readonly #inOrder = new EventList('older', 'newer');
  readonly #ready = new EventList('readyBefore', 'readyBehind');
  readonly #lanes = new Map<string, EventList>();

  get size(): number {
    return this.#inOrder.length;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  get keyCount(): number {
    return this.#lanes.size;
  }

  /** The event accepted first, thus also the one with the earliest deadline. */
  get oldest(): OutgoingEvent | undefined {
    return this.#inOrder.first;
  }

  add(event: OutgoingEvent): void {
    this.#inOrder.push(event);
    if (event.key === undefined) return this.#ready.push(event);
    const lane = this.#lane(event.key);
    lane.push(event);
    if (lane.first === event) this.#ready.push(event);
  }

  /** Takes the event whose turn it is out of the ready line, to be sent. It stays in the backlog. */
  takeReady(): OutgoingEvent | undefined {
    const event = this.#ready.first;
    if (event === undefined) return undefined;
    this.#ready.remove(event);
    event.state = 'sending';
    return event;
  }

  /** Puts an event that was taken back in line, for its next attempt. */
  makeReady(event: OutgoingEvent): void {
    event.state = 'queued';
    this.#ready.push(event);
  }

  /** Forgets an event in whatever state; the next one of its key gets its turn. */
  remove(event: OutgoingEvent): void {
    this.#inOrder.remove(event);
    const isFirst = event.laneBefore === undefined;
    if (isFirst && event.state === 'queued') this.#ready.remove(event);
    if (event.key !== undefined) this.#leaveLane(event, event.key, isFirst);
  }

  /** The oldest event that no attempt is under way for. Passes over as many events as are being sent, at most. */
  oldestIdle(): OutgoingEvent | undefined {
    let event = this.#inOrder.first;
    while (event?.state === 'sending') event = event.newer;
    return event;
  }

  /** How many events were accepted until `untilMs`. */
  countUntil(untilMs: number): number {
    let count = 0;
    for (let event = this.#inOrder.first; event !== undefined; event = event.newer) {
      if (event.acceptedMs > untilMs) break;
      count++;
    }
    return count;
  }

  #lane(key: string): EventList {
    const lane = this.#lanes.get(key) ?? new EventList('laneBefore', 'laneBehind');
    if (lane.length === 0) this.#lanes.set(key, lane);
    return lane;
  }

  #leaveLane(event: OutgoingEvent, key: string, wasFirst: boolean): void {
    const lane = this.#lane(key);
    lane.remove(event);
    if (lane.first === undefined) this.#lanes.delete(key);
    else if (wasFirst) this.#ready.push(lane.first);
  }
}
