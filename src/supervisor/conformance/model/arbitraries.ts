import fc, { type Arbitrary, type AsyncCommand } from 'fast-check';
import type { ActorSpec } from './actor.ts';
import type { Model } from './model.ts';
import { type ModelOptions, maySignify, type Treatment } from './model-rules.ts';
import { Act, type Action, Wait } from './steps.ts';
import type { TreeSpec } from './tree.ts';
import type { TreeAction, TreeStep } from './tree-steps.ts';
import type { World } from './world.ts';

/** A supervisor and the children it has before its first run. */
export interface Setup {
  readonly options: ModelOptions;
  readonly specs: readonly ActorSpec[];
}

const staticNames = ['a', 'b', 'c', 'd', 'e', 'f'];
const names = fc.constantFrom(...staticNames, 'x', 'y');
const which = fc.nat(40);
const startResults = fc.constantFrom('ok', 'ok', 'ok', 'ok', 'ignore', 'fail', 'never', 'never');
const exitKinds = fc.constantFrom('normal', 'shutdown', 'abnormal', 'abnormal');

/** Limits that coincide now and then, with each other and with the waits. */
const waits = fc.constantFrom(0, 1, 10, 20, 40, 50, 100, 500, 1_000, 2_000);

const options: Arbitrary<ModelOptions> = fc.record({
  strategy: fc.constantFrom('one-for-one', 'one-for-all', 'rest-for-one'),
  maxRestarts: fc.nat(3),
  baseMs: fc.constantFrom(0, 40),
  autoShutdown: fc.constantFrom('never', 'never', 'any-significant', 'all-significant'),
  stopOrder: fc.constantFrom('reverse', 'reverse', 'parallel'),
});

const anySpec: Arbitrary<ActorSpec> = fc.record({
  name: names,
  restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
  significant: fc.boolean(),
  startTimeoutMs: fc.constantFrom(undefined, 20, 100, 100),
  stopTimeoutMs: fc.constantFrom(0, 20, 20, 100, Infinity),
  heartbeatTimeoutMs: fc.constantFrom(undefined, undefined, undefined, 50, 500),
  onStop: fc.constantFrom('obey', 'obey', 'obey', 'busy', 'deaf', 'deaf'),
  canBeKilled: fc.boolean(),
  start: startResults,
});

/** Mostly a few children, so that what happens to one of them is not lost among the others. */
function family<Child>(child: Arbitrary<Child>): Arbitrary<Child[]> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.array(child, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.array(child, { minLength: 4, maxLength: 6 }) },
  );
}

/** A supervisor refuses significant children where they make no sense. */
function suit<Child extends Treatment>(child: Child, options: ModelOptions): Child {
  return { ...child, significant: child.significant && maySignify(child, options) };
}

/** Supervisors with one to six children. */
export const setups: Arbitrary<Setup> = fc.tuple(options, family(anySpec)).map(([chosen, specs]) => ({
  options: chosen,
  specs: specs.map((spec, place) => suit({ ...spec, name: staticNames[place]! }, chosen)),
}));

const named = <Kind extends string>(...kinds: Kind[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), name: names });

const exits: Arbitrary<Action> = fc.record({ kind: fc.constant('exit'), which, how: exitKinds });

const endings: Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: exits },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('ready', 'beat'), which }) },
  { weight: 3, arbitrary: named('stopChild', 'removeChild') },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stopHandle'), which: fc.nat(9) }) },
);

const beginnings: Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('run', 'run', 'stop') }) },
  { weight: 2, arbitrary: named('restartChild') },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('nextStarts'), which, result: startResults }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('startChild'), spec: anySpec }) },
);

type Command = AsyncCommand<Model, World, boolean>;

/** What is done to it: mostly one thing at a time, sometimes several at the same moment, and time goes by. */
export const commands: Arbitrary<Iterable<Command>> = fc.commands<Model, World, boolean>(
  [
    fc.oneof(endings, beginnings).map((action) => new Act([action])),
    fc.array(endings, { minLength: 2, maxLength: 4 }).map((list) => new Act(list)),
    waits.map((durationMs) => new Wait(durationMs)),
  ],
  { maxCommands: 30, size: 'max' },
);

const inner: Arbitrary<TreeSpec['as']> = fc.record(
  {
    restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
    significant: fc.boolean(),
    startTimeoutMs: fc.constantFrom(100, 1_000),
    stopTimeoutMs: fc.constantFrom(Infinity, Infinity, 100),
  },
  { requiredKeys: ['restart', 'significant', 'stopTimeoutMs'] },
);

function treeOf(depth: number): Arbitrary<TreeSpec> {
  const child: Arbitrary<ActorSpec | TreeSpec> = depth <= 1 ? anySpec : fc.oneof(anySpec, treeOf(depth - 1));
  return fc
    .record({ options, as: inner, children: family(child) })
    .map((spec) => ({ ...spec, children: spec.children.map((one) => suitInto(one, spec.options)) }));
}

function suitInto(child: ActorSpec | TreeSpec, parent: ModelOptions): ActorSpec | TreeSpec {
  return 'children' in child ? { ...child, as: suit(child.as, parent) } : suit(child, parent);
}

/** Trees of one to three levels. */
export const trees: Arbitrary<TreeSpec> = fc.oneof(treeOf(1), treeOf(2), treeOf(3));

const treeActions: Arbitrary<TreeAction> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('exit'), which, how: exitKinds }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('run', 'run', 'stop') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('ready', 'beat'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('startChild'), which, spec: anySpec }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('stopChild', 'restartChild', 'removeChild'),
      ...{ which, child: fc.nat(9) },
    }),
  },
);

/** What is done to a tree: anything, also at the same moment. */
export const treeSteps: Arbitrary<TreeStep[]> = fc.array(
  fc.record({ actions: fc.array(treeActions, { maxLength: 4 }), waitMs: waits }),
  { maxLength: 30, size: 'max' },
);
