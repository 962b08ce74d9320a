import { ConfigError } from '../core/errors.ts';
import { DataSegment, type SegmentSource } from './data-segment.ts';
import type { WorkerExit } from './exit.ts';
import type { DataLoop, DeliveryStats, Discontinuity, WorkerData, WorkerDelivery } from './worker-data.ts';

// Each holds up to a lane's window of 64 items and one more, so eight of them at most 520. A worker that dies more often than that while
// its consumer does not look has nothing to say that is worth more memory.
const maxEndedSegments = 8;

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Joins the data lanes of one incarnation after the other into one. Invariant: only the first segment is read, and only
 * for a loop that waits, so a slow consumer is felt by the worker that lives now.
 */
export class ContinuousData<Item> implements WorkerData<Item> {
  readonly #name: string;
  readonly #segments: DataSegment<Item>[] = [];
  #loop: DataLoop<Item> | undefined;
  #waiter: PromiseWithResolvers<IteratorResult<WorkerDelivery<Item>, undefined>> | undefined;
  #deliveredItems = 0;
  #discontinuities = 0;
  #lostItems = 0;

  constructor(name: string) {
    this.#name = name;
  }

  [Symbol.asyncIterator](): DataLoop<Item> {
    if (this.#loop !== undefined)
      throw new ConfigError(`the data of ${this.#name} is for one loop, and another one is open`);
    // A run that ended before the present one began, with nobody in a loop: that is a seam to who looks only now.
    for (const segment of this.#segments.slice(0, -1)) segment.endsLoop = false;
    const loop: DataLoop<Item> = {
      [Symbol.asyncIterator]: () => loop,
      next: () => this.#next(loop),
      return: () => this.#leave(loop),
    };
    this.#loop = loop;
    for (const segment of this.#segments) segment.attach();
    return loop;
  }

  /** Appends an incarnation that begins to serve. */
  begin(incarnation: number, source: SegmentSource<Item>): DataSegment<Item> {
    const segment = new DataSegment(incarnation, source, () => this.#advance());
    this.#segments.push(segment);
    if (this.#loop !== undefined) segment.attach();
    if (this.#segments.length > maxEndedSegments + 1) this.#absorbOne();
    this.#advance();
    return segment;
  }

  /** Notes how an incarnation ended. The loop goes on: another incarnation may follow. */
  finish(segment: DataSegment<Item>, exit: WorkerExit): void {
    segment.end(exit);
    this.#lostItems += segment.lostItems;
  }

  /** Ends the loop that is open behind the items that were received: the run is over in good order. */
  end(): void {
    const newest = this.#segments.at(-1);
    if (newest === undefined) return this.#answer(done);
    newest.endsLoop = true;
    this.#advance();
  }

  stats(): DeliveryStats {
    const ended = this.#segments.filter((segment) => segment.hasEnded);
    return {
      deliveredItems: this.#deliveredItems,
      discontinuities: this.#discontinuities,
      leftoverItems: ended.reduce((sum, { unreadItems }) => sum + unreadItems, 0),
      lostItems: this.#lostItems,
    };
  }

  async #next(loop: DataLoop<Item>): Promise<IteratorResult<WorkerDelivery<Item>, undefined>> {
    if (loop !== this.#loop) return done;
    if (this.#waiter !== undefined)
      throw new ConfigError(`the data of ${this.#name} is for one loop; next() is pending already`);
    const waiter = Promise.withResolvers<IteratorResult<WorkerDelivery<Item>, undefined>>();
    this.#waiter = waiter;
    this.#advance();
    return waiter.promise;
  }

  async #leave(loop: DataLoop<Item>): Promise<IteratorReturnResult<undefined>> {
    if (loop === this.#loop) this.#answer(done);
    return done;
  }

  #advance(): void {
    if (this.#waiter === undefined) return;
    const result = this.#poll();
    if (result !== undefined) this.#answer(result);
  }

  #answer(result: IteratorResult<WorkerDelivery<Item>, undefined>): void {
    if (result.done) this.#closeLoop();
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(result);
  }

  #closeLoop(): void {
    this.#loop = undefined;
    for (const segment of this.#segments) segment.detach();
  }

  #poll(): IteratorResult<WorkerDelivery<Item>, undefined> | undefined {
    const head = this.#segments[0];
    if (head === undefined) return undefined;
    const item = head.take();
    if (item === undefined) return this.#passSeam(head);
    const sequence = this.#nextSequence;
    this.#deliveredItems++;
    return { done: false, value: { kind: 'item', ...item, sequence, incarnation: head.incarnation } };
  }

  #passSeam(head: DataSegment<Item>): IteratorResult<Discontinuity, undefined> | undefined {
    const { exit, incarnation: from, lostItems } = head;
    const next = this.#segments[1];
    if (exit === undefined || (next === undefined && !head.endsLoop)) return undefined;
    this.#segments.shift();
    if (next === undefined || head.endsLoop) return done;
    const sequence = this.#nextSequence;
    this.#discontinuities++;
    const to = next.incarnation;
    return { done: false, value: { kind: 'discontinuity', from, to, exit, lostItems, sequence } };
  }

  get #nextSequence(): number {
    return this.#deliveredItems + this.#discontinuities;
  }

  // The first segment may be half read, and the newest ones are worth most; so the second one goes.
  #absorbOne(): void {
    const [second] = this.#segments.splice(1, 1);
    this.#lostItems += second!.unreadItems;
    this.#segments[0]!.absorb(second!);
  }
}
