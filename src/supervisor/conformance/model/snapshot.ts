import { expect } from 'vitest';
import type { ChildHealth } from '../../health.ts';
import type { Actor } from './actor.ts';
import type { Model } from './model.ts';
import type { ModelChild } from './model-child.ts';
import type { World } from './world.ts';

/** Fails when the two sides differ in anything that can be seen. Takes what stands in the diaries. */
export function compare(model: Model, world: World): void {
  const seen = { diary: world.diary.splice(0), calls: [...world.calls], ...lookAt(world) };
  expect(seen).toEqual({ diary: model.diary.splice(0), calls: [...model.calls], ...predict(model) });
  for (const actor of world.actors) expect(actor.mostAlive).toBeLessThanOrEqual(1);
  expect(world.listeners).toBeLessThanOrEqual(model.isActive ? 1 : 0);
}

function predict(model: Model) {
  const { children, state, restartsInWindow, nowMs } = model;
  const active = children.filter((child) => child.isLiving).length;
  return {
    state,
    restartsInWindow,
    count: { specs: children.length, active, supervisors: 0, workers: children.length },
    children: children.map((child) => predictChild(child, nowMs)),
  };
}

function predictChild(child: ModelChild, nowMs: number) {
  const { name, state, incarnation, restarts, lastExit, dueMs, beatMs, isLiving, spec } = child;
  const isWatched = isLiving && spec.heartbeatTimeoutMs !== undefined;
  return {
    ...{ name, state, incarnation, restarts, lastExit, isAlive: isLiving },
    lastBeatAgeMs: isWatched ? nowMs - beatMs : null,
    nextRestartInMs: state === 'backing-off' ? Math.max(0, dueMs - nowMs) : null,
  };
}

function lookAt({ supervisor, actors }: World) {
  const { state, restartsInWindow, children } = supervisor.health();
  const count = supervisor.count();
  return { state, restartsInWindow, count, children: children.map((child) => lookAtChild(child, actors)) };
}

function lookAtChild(health: ChildHealth, actors: readonly Actor[]) {
  const { name, state, incarnation, lastBeatAgeMs, nextRestartInMs, restartsTotal, lastExit } = health;
  return {
    ...{ name, state, incarnation, lastBeatAgeMs, nextRestartInMs },
    restarts: restartsTotal,
    lastExit: lastExit?.reason,
    isAlive: actors.some((actor) => actor.name === name && actor.isAlive),
  };
}
