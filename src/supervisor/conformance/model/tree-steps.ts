import { expect } from 'vitest';
import type { ExitKind } from '../test-support.ts';
import type { ActorSpec } from './actor.ts';
import type { Tree } from './tree.ts';

/** One thing that is done to a tree; the numbers pick a supervisor, a child or an actor out of those that are there. */
export type TreeAction =
  | { readonly kind: 'run' | 'stop' }
  | { readonly kind: 'exit'; readonly which: number; readonly how: ExitKind }
  | { readonly kind: 'ready' | 'beat'; readonly which: number }
  | { readonly kind: 'startChild'; readonly which: number; readonly spec: ActorSpec }
  | {
      readonly kind: 'stopChild' | 'restartChild' | 'removeChild';
      readonly which: number;
      readonly child: number;
    };

/** A few things at the same moment, then some time. */
export interface TreeStep {
  readonly actions: readonly TreeAction[];
  readonly waitMs: number;
}

/** Takes a step, and looks whether anything is as it must not be. */
export async function take(tree: Tree, { actions, waitMs }: TreeStep): Promise<void> {
  for (const action of actions) act(tree, action);
  await tree.clock.advance(waitMs);
  tree.watch.lookAtRest();
  expect(tree.watch.violations).toEqual([]);
}

/** Stops the tree, helps those that stop for nobody, and looks whether anything is left. */
export async function endTree(tree: Tree): Promise<void> {
  tree.stop();
  // Enough for all to be killed and left behind one after the other, but for those that have for ever.
  await tree.clock.advance(500_000);
  while (tree.actors.some((actor) => actor.isAlive)) {
    for (const actor of tree.actors) actor.exit('normal');
    await tree.clock.advance(500_000);
  }
  tree.watch.lookAtEnd();
  expect(tree.watch.violations).toEqual([]);
  const { pending, listeners, clock } = tree;
  expect({ pending, listeners, timers: clock.timers }).toEqual({ pending: 0, listeners: 0, timers: 0 });
  for (const { mostAlive } of tree.actors) expect(mostAlive).toBeLessThanOrEqual(1);
}

function act(tree: Tree, action: TreeAction): void {
  switch (action.kind) {
    case 'run':
    case 'stop':
      return tree[action.kind]();
    case 'exit':
      return pick(tree.actors, action.which).exit(action.how);
    case 'ready':
    case 'beat':
      return pick(tree.actors, action.which)[action.kind]();
    case 'startChild':
      return tree.startChild(pick(tree.supervisors, action.which), action.spec);
    default:
      return administer(tree, action);
  }
}

type Administration = Extract<TreeAction, { child: number }>;

function administer(tree: Tree, { kind, which, child }: Administration): void {
  const supervisor = pick(tree.supervisors, which);
  const children = supervisor.children();
  const name = children.length === 0 ? 'nobody' : pick(children, child).name;
  tree.note(new Promise((resolve) => resolve(supervisor[kind](name))));
}

function pick<T>(list: readonly T[], which: number): T {
  return list[which % list.length]!;
}
