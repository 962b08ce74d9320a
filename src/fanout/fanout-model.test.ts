import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { Gap, GapReason, LagPolicy, StartPoint, Subscription } from './types.ts';

const bounds = { maxItems: 6, maxBytes: 40, maxAgeMs: 100 };

interface Draft {
  readonly size: number;
  readonly isResync: boolean;
  readonly key: string | undefined;
}

interface Item extends Draft {
  readonly sequence: number;
  readonly atMs: number;
}

interface Join {
  readonly from: StartPoint;
  readonly onLag: LagPolicy;
  readonly isPushed: boolean;
  readonly hasFilter: boolean;
}

const isRefused = ({ size }: Item): boolean => size > bounds.maxBytes;
const isWanted = ({ sequence }: Item): boolean => sequence % 3 !== 1;

/** The naive truth: every item ever published, and from where on the bounds let the ring keep them. */
class World {
  readonly clock = new ManualClock();
  readonly log: Item[] = [];
  tail = 0;
  readonly fanout = new BoundedFanout<Item>({
    ...bounds,
    clock: this.clock,
    sizeOf: ({ size }) => size,
    isResyncPoint: ({ isResync }) => isResync,
    retainKey: ({ key }) => key,
  });
  readonly followers: Follower[] = [];

  publish(draft: Draft): void {
    const item = { ...draft, sequence: this.log.length, atMs: this.clock.nowMs() };
    const { sequence } = this.fanout.publish(item);
    if (this.fanout.hasEnded) return expect(sequence).toBe(-1);
    expect(sequence).toBe(item.sequence);
    this.log.push(item);
    this.settle();
    expect(this.fanout.stats()).toMatchObject({ items: this.log.length - this.tail, bytes: this.#bytes() });
  }

  /** Forgets from the front until the bounds hold. */
  settle(): void {
    const isTooOld = (item: Item): boolean => this.clock.nowMs() - item.atMs > bounds.maxAgeMs;
    while (this.#kept().length > bounds.maxItems || this.#bytes() > bounds.maxBytes) this.tail++;
    while (this.#kept().slice(0, 1).some(isTooOld)) this.tail++;
  }

  /** The first item that was taken in, from `sequence` on. */
  firstFrom(sequence: number): number {
    return this.log.findIndex((item) => item.sequence >= sequence && !isRefused(item));
  }

  newestResync(): number {
    return this.#kept().findLast((item) => item.isResync && !isRefused(item))?.sequence ?? -1;
  }

  retainedBefore(sequence: number): Map<string, Item> {
    const keyed = this.log.slice(0, sequence).filter((item) => item.key !== undefined && !isRefused(item));
    return new Map(keyed.map((item) => [item.key!, item]));
  }

  #kept(): Item[] {
    return this.log.slice(this.tail);
  }

  #bytes(): number {
    return this.#kept().reduce((sum, item) => sum + (isRefused(item) ? 0 : item.size), 0);
  }
}

/** One subscriber, which checks whatever it is given against rules that know nothing of cursors. */
class Follower {
  readonly #world: World;
  readonly #join: Join;
  readonly #start: number | undefined;
  readonly #subscription: Subscription<Item>;
  /** The newest item of each key that it was given. */
  readonly #had = new Map<string, Item>();
  #position: number | undefined;
  #gap = 0;
  #gapReason: GapReason | undefined;
  #wasJustTold = false;
  #missed = 0;
  #delivered = 0;
  #resent = 0;
  #filtered = 0;
  #ends = 0;

  constructor(world: World, join: Join) {
    this.#world = world;
    this.#join = join;
    world.settle();
    const starts = { live: world.log.length, oldest: world.tail, resync: world.newestResync() };
    this.#start = starts[join.from] >= 0 ? starts[join.from] : undefined;
    this.#position = this.#start;
    this.#subscription = world.fanout.subscribe({
      from: join.from,
      onLag: join.onLag,
      onGap: (gap) => this.#checkGap(gap),
      onEnd: ({ reason }) => this.#checkEnd(reason),
      ...(join.hasFilter ? { filter: isWanted } : {}),
      ...(join.isPushed ? { onItem: (item: Item) => this.#checkGiven(item) } : {}),
    });
  }

  read(count: number): void {
    if (this.#join.isPushed) return;
    for (let reads = 0; reads < count; reads++) {
      const item = this.#subscription.read();
      if (item !== undefined) this.#checkGiven(item);
    }
  }

  leave(): void {
    this.#subscription.unsubscribe();
  }

  /** A rule broken inside a callback only ends the subscription, so it must be looked for. */
  checkAccounts(): void {
    const { end } = this.#subscription;
    if (end?.reason === 'failed') throw end.error;
    const { delivered, missed, filtered, lagItems, resent } = this.#subscription.stats();
    expect({ delivered, resent }).toEqual({ delivered: this.#delivered, resent: this.#resent });
    if (this.#start === undefined || end?.reason === 'unsubscribed' || this.#world.fanout.hasEnded) return;
    const published =
      end === undefined ? this.#world.log.length - this.#start : delivered + missed + filtered;
    expect(delivered + missed + filtered + lagItems).toBe(published);
  }

  #checkGap({ missed, reason }: Gap): void {
    expect(missed).toBeGreaterThan(0);
    expect(this.#wasJustTold).toBe(false); // Two notices in a row would be one gap in two pieces.
    this.#wasJustTold = true;
    this.#gap += missed;
    this.#gapReason = reason;
    this.#missed += missed;
  }

  #checkGiven(item: Item): void {
    const { resent } = this.#subscription.stats();
    this.#wasJustTold = false;
    if (this.#join.hasFilter) expect(isWanted(item)).toBe(true);
    if (resent === this.#resent) this.#checkInOrder(item);
    else expect(this.#had.get(item.key!)).not.toBe(item);
    this.#resent = resent;
    if (item.key !== undefined) this.#had.set(item.key, item);
  }

  #checkInOrder(item: Item): void {
    const stats = this.#subscription.stats();
    const filtered = stats.filtered - this.#filtered;
    this.#position ??= item.sequence - this.#gap - filtered; // A joiner did not know where it would start.
    // Nothing lost silently, nothing twice, nothing out of order: each step forward is accounted for.
    expect(item.sequence).toBe(this.#position + this.#gap + filtered);
    expect(stats.missed).toBe(this.#missed);
    expect(item.sequence).toBeGreaterThanOrEqual(this.#world.tail);
    if (!this.#join.hasFilter) this.#checkPlace(item);
    this.#checkHeaders(item);
    this.#filtered = stats.filtered;
    this.#position = item.sequence + 1;
    this.#delivered++;
    this.#gap = 0;
    this.#gapReason = undefined;
  }

  #checkPlace(item: Item): void {
    const { onLag } = this.#join;
    if (onLag === 'skip-to-resync' && this.#gap > 0) expect(item.isResync).toBe(true);
    if (onLag === 'latest' && this.#gapReason === 'lag')
      expect(this.#world.firstFrom(item.sequence + 1)).toBe(-1);
    if (onLag !== 'drop-oldest') return;
    expect(item.sequence).toBe(this.#world.firstFrom(Math.max(this.#position!, this.#world.tail)));
  }

  /** It has exactly the headers that were current when the item was published, none from before and none from later. */
  #checkHeaders(item: Item): void {
    const current = this.#world.retainedBefore(item.sequence);
    for (const [key, retained] of current) {
      if (!this.#join.hasFilter || isWanted(retained)) expect(this.#had.get(key)).toBe(retained);
    }
    for (const had of this.#had.values()) expect(had.sequence).toBeLessThan(item.sequence);
  }

  #checkDisconnect(): void {
    expect(this.#join.onLag).toBe('disconnect');
    if (this.#position !== undefined) expect(this.#position).toBeLessThan(this.#world.tail);
  }

  #checkEnd(reason: string): void {
    expect(++this.#ends).toBe(1);
    if (reason === 'lagged') this.#checkDisconnect();
    if (reason !== 'ended' || this.#start === undefined) return;
    const { delivered, missed, filtered } = this.#subscription.stats();
    expect(delivered + missed + filtered).toBe(this.#world.log.length - this.#start);
    if (this.#join.onLag !== 'disconnect') expect(missed).toBe(this.#missed);
  }
}

type Command = (world: World) => void | Promise<void>;

const pick = fc.nat({ max: 7 });
const draft: fc.Arbitrary<Draft> = fc.record({
  size: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 15 }) },
    { weight: 1, arbitrary: fc.constant(41) },
  ),
  isResync: fc.oneof(
    { weight: 1, arbitrary: fc.constant(true) },
    { weight: 3, arbitrary: fc.constant(false) },
  ),
  key: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.constantFrom('video', 'audio')),
});
const join: fc.Arbitrary<Join> = fc.record({
  from: fc.constantFrom<StartPoint>('live', 'resync', 'oldest'),
  onLag: fc.constantFrom<LagPolicy>('skip-to-resync', 'drop-oldest', 'latest', 'disconnect'),
  isPushed: fc.boolean(),
  hasFilter: fc.boolean(),
});
const turn: Command = async ({ clock }) => clock.settle();
const publish = fc.array(draft, { minLength: 1, maxLength: 9 }).map(
  (drafts): Command =>
    (world) => {
      for (const each of drafts) world.publish(each);
    },
);
const subscribe = join.map(
  (each): Command =>
    (world) => {
      if (world.followers.length < 8) world.followers.push(new Follower(world, each));
    },
);
const read = fc.tuple(pick, fc.nat({ max: 6 })).map(
  ([index, count]): Command =>
    ({ followers }) => {
      followers[index]?.read(count);
    },
);
const leave = pick.map(
  (index): Command =>
    ({ followers }) =>
      followers[index]?.leave(),
);
const wait = fc.integer({ min: 1, max: 70 }).map(
  (ms): Command =>
    ({ clock }) =>
      clock.advance(ms),
);
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: publish },
    { weight: 5, arbitrary: read },
    { weight: 3, arbitrary: fc.constant(turn) },
    { weight: 2, arbitrary: subscribe },
    { weight: 1, arbitrary: wait },
    { weight: 1, arbitrary: leave },
  ),
  { maxLength: 60 },
);

it('loses nothing silently, repeats nothing and keeps order and headers, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(join, { maxLength: 4 }), commands, async (joins, steps) => {
      const world = new World();
      for (const each of joins) world.followers.push(new Follower(world, each));
      const end: Command = ({ fanout }) => fanout.end();
      const drain: Command = ({ followers }) => {
        for (const follower of followers) follower.read(20);
      };
      for (const step of [...steps, turn, end, subscribeLate, turn, drain, turn]) {
        world.settle();
        await step(world);
        world.settle();
        for (const follower of world.followers) follower.checkAccounts();
      }
      expect(world.fanout.stats()).toMatchObject({ subscribers: 0, items: 0, bytes: 0 });
    }),
    { numRuns: 500 },
  );
});

const subscribeLate: Command = ({ fanout }) => {
  expect(fanout.subscribe().end?.reason).toBe('ended');
  fanout.publish({ size: 1, isResync: true, key: undefined, sequence: -1, atMs: 0 });
};
