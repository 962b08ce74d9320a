import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, setups } from './conformance/model/arbitraries.ts';
import { Model } from './conformance/model/model.ts';
import { compare } from './conformance/model/snapshot.ts';
import { Act, Wait } from './conformance/model/steps.ts';
import { World } from './conformance/model/world.ts';

const numRuns = Number(process.env.SPILLWAY_MODEL_RUNS ?? 1_000);

describe('Supervisor against its model', () => {
  it('does what the model does, whatever happens', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(setups, commands, async ({ options, specs }, steps) => {
        const model = new Model(options, specs);
        const world = new World(options, specs);
        await fc.asyncModelRun(async () => {
          await new Act([{ kind: 'run' }]).run(model, world);
          return { model, real: world };
        }, steps);
        await finish(model, world);
      }),
      { numRuns },
    );
  });
});

async function finish(model: Model, world: World): Promise<void> {
  await new Act([{ kind: 'stop' }]).run(model, world);
  await new Wait(10_000).run(model, world);
  for (let round = 0; round < 20 && model.children.some((c) => c.isLiving); round++) {
    for (const child of model.children) {
      model.exit(child, 'normal');
      world.actors[child.order]!.exit('normal');
    }
    model.settle();
    await world.clock.settle();
    compare(model, world);
  }
  expect(model.isActive).toBe(false);
  expect(world.calls).not.toContain('pending');
  expect(world.clock.timers).toBe(0);
}
