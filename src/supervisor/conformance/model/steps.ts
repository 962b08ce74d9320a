import type { AsyncCommand } from 'fast-check';
import { expect } from 'vitest';
import type { ExitKind, StartResult } from '../test-support.ts';
import type { ActorSpec } from './actor.ts';
import type { Model } from './model.ts';
import type { ModelChild } from './model-child.ts';
import { compare } from './snapshot.ts';
import type { World } from './world.ts';

/** One thing that is done to both sides. */
export type Action =
  | { readonly kind: 'run' | 'stop' }
  | { readonly kind: 'exit'; readonly which: number; readonly how: ExitKind }
  | { readonly kind: 'ready' | 'beat'; readonly which: number }
  | { readonly kind: 'nextStarts'; readonly which: number; readonly result: StartResult }
  | { readonly kind: 'startChild'; readonly spec: ActorSpec }
  | { readonly kind: 'stopChild' | 'restartChild' | 'removeChild'; readonly name: string }
  | { readonly kind: 'stopHandle'; readonly which: number };

/** Several actions at the same moment. */
export class Act implements AsyncCommand<Model, World, boolean> {
  readonly #actions: readonly Action[];

  constructor(actions: readonly Action[]) {
    this.#actions = actions;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    const handles = [...model.handles];
    for (const action of this.#actions) act(action, model, world, handles);
    model.settle();
    await world.clock.settle();
    compare(model, world);
  }

  toString(): string {
    return JSON.stringify(this.#actions);
  }
}

/** Time goes by. */
export class Wait implements AsyncCommand<Model, World, boolean> {
  readonly #durationMs: number;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, world: World): Promise<void> {
    model.advance(this.#durationMs);
    await world.clock.advance(this.#durationMs);
    compare(model, world);
  }

  toString(): string {
    return `wait ${this.#durationMs}`;
  }
}

/** Stops both sides, helps those that stop for nobody, and looks whether anything is left. */
export async function end(model: Model, world: World): Promise<void> {
  await new Act([{ kind: 'stop' }]).run(model, world);
  await new Wait(20_000).run(model, world);
  while (model.children.some((child) => child.isLiving)) {
    for (const child of model.children) exit(child, 'normal', model, world);
    await new Act([]).run(model, world);
  }
  const timers = world.clock.timers;
  expect({ calls: world.calls, timers }).toEqual({
    calls: expect.not.arrayContaining(['pending']),
    timers: 0,
  });
}

function act(action: Action, model: Model, world: World, handles: readonly number[]): void {
  switch (action.kind) {
    case 'run':
    case 'stop':
      model[action.kind]();
      return world[action.kind]();
    case 'startChild':
      model.startChild(action.spec);
      return world.startChild(action.spec);
    case 'stopChild':
    case 'restartChild':
    case 'removeChild':
      model[action.kind](action.name);
      return world[action.kind](action.name);
    case 'stopHandle': {
      const startCall = handles[action.which % handles.length];
      if (startCall === undefined) return;
      model.stopHandle(startCall);
      return world.stopHandle(startCall);
    }
    default:
      return direct(action, model, world);
  }
}

type Direction = Extract<Action, { kind: 'exit' | 'ready' | 'beat' | 'nextStarts' }>;

/** Tells one of the actors what to do. */
function direct(direction: Direction, model: Model, world: World): void {
  const child = pick(model, direction.which);
  if (child === undefined) return;
  const actor = world.actors[child.order]!;
  switch (direction.kind) {
    case 'exit':
      return exit(child, direction.how, model, world);
    case 'ready':
    case 'beat':
      model[direction.kind](child);
      return actor[direction.kind]();
    case 'nextStarts':
      child.start = direction.result;
      actor.start = direction.result;
  }
}

function exit(child: ModelChild, how: ExitKind, model: Model, world: World): void {
  model.exit(child, how);
  world.actors[child.order]!.exit(how);
}

/** One of the children; rather often one that was left behind, as those are few and what they do matters. */
function pick({ children }: Model, which: number): ModelChild | undefined {
  const stuck = children.filter(({ state }) => state === 'stuck');
  const among = which % 3 === 0 && stuck.length > 0 ? stuck : children;
  return among[which % among.length];
}
