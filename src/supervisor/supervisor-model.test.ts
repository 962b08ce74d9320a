import fc from 'fast-check';
import { describe, it } from 'vitest';
import { commands, setups, treeSteps, trees } from './conformance/model/arbitraries.ts';
import { Model } from './conformance/model/model.ts';
import { Act, end } from './conformance/model/steps.ts';
import { Tree } from './conformance/model/tree.ts';
import { endTree, take } from './conformance/model/tree-steps.ts';
import { World } from './conformance/model/world.ts';

// More runs for a long search: SPILLWAY_MODEL_SCALE=20 vitest run src/supervisor/supervisor-model
const scale = Number(process.env.SPILLWAY_MODEL_SCALE ?? 1);
const timeout = 60_000 * scale;

describe('Supervisor, whatever happens', () => {
  it('does what its model does', { timeout }, async () => {
    const property = fc.asyncProperty(setups, commands, async ({ options, specs }, steps) => {
      const model = new Model(options, specs);
      const real = new World(options, specs);
      await new Act([{ kind: 'run' }]).run(model, real);
      await fc.asyncModelRun(() => ({ model, real }), steps);
      await end(model, real);
    });
    await fc.assert(property, { numRuns: 500 * scale });
  });

  it('keeps its order, leaves nothing behind and settles every call, in any tree', { timeout }, async () => {
    const property = fc.asyncProperty(trees, treeSteps, async (spec, steps) => {
      const tree = new Tree(spec);
      tree.run();
      for (const step of steps) await take(tree, step);
      await endTree(tree);
    });
    await fc.assert(property, { numRuns: 200 * scale });
  });
});
