import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Act, type Draft, type Join, World } from './fixtures/fanout-model.ts';
import type { LagPolicy, StartPoint } from './types.ts';

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
const act: fc.Arbitrary<Act> = fc.record({
  atCall: fc.nat({ max: 8 }),
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Act['kind']>('publish', 'publish', 'read', 'subscribe') },
    { weight: 2, arbitrary: fc.constantFrom<Act['kind']>('leave', 'send another away') },
    { weight: 1, arbitrary: fc.constant<Act['kind']>('end') },
  ),
  drafts: fc.array(draft, { minLength: 1, maxLength: 9 }),
});
const join: fc.Arbitrary<Join> = fc.record({
  from: fc.constantFrom<StartPoint>('live', 'resync', 'oldest'),
  onLag: fc.constantFrom<LagPolicy>('skip-to-resync', 'drop-oldest', 'latest', 'disconnect'),
  isPushed: fc.boolean(),
  hasFilter: fc.boolean(),
  acts: fc.array(act, { maxLength: 4 }),
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
    (world) =>
      world.join(each),
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

it('loses nothing silently, repeats nothing and keeps order and headers, whatever happens and whatever callbacks do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(join, { maxLength: 4 }), commands, async (joins, steps) => {
      const world = new World();
      for (const each of joins) world.join(each);
      const end: Command = ({ fanout }) => void fanout.end();
      const drain: Command = ({ followers }) => {
        for (const follower of followers) follower.read(20);
      };
      for (const step of [...steps, turn, end, subscribeLate, turn, drain, turn]) {
        world.settle();
        world.hasReentered = false;
        await step(world);
        world.settle();
        for (const follower of world.followers) follower.checkAccounts();
        expect(world.fanout.stats().subscribersFailed).toBe(0); // A rule broken after unsubscribing shows here only.
      }
      expect(world.fanout.stats()).toMatchObject({ subscribers: 0, items: 0, bytes: 0 });
    }),
    { numRuns: 500 },
  );
});

const subscribeLate: Command = ({ fanout }) => {
  expect(fanout.subscribe().end?.reason).toBe('ended'); // Who comes after the end.
  fanout.publish({ size: 1, isResync: true, key: undefined, sequence: -1, atMs: 0 });
};
