import { describe, expect, it } from 'vitest';

interface Tile {
  readonly name: string;
  readonly endedAtMs: number | null;
}
interface WallPlanModule {
  planWall(tiles: readonly Tile[], names: readonly string[], nowMs: number): Tile[];
  maxTiles: number;
}

const source: string = new URL('./wall-plan.js', import.meta.url).href;
const { planWall, maxTiles } = (await import(source)) as WallPlanModule;
const namesOf = (tiles: readonly Tile[]): string[] => tiles.map(({ name }) => name);
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index}`);

describe('planWall', () => {
  it('hangs up what is on air and keeps each tile in its place', () => {
    const first = planWall([], ['b', 'c'], 0);
    expect(namesOf(planWall(first, ['a', 'b', 'c'], 100))).toEqual(['b', 'c', 'a']);
  });

  it('keeps a stream that has ended for 8 s', () => {
    const hung = planWall([], ['a', 'b'], 0);
    const ended = planWall(hung, ['b'], 1_000);
    expect(ended).toEqual([
      { name: 'a', endedAtMs: 1_000 },
      { name: 'b', endedAtMs: null },
    ]);
    expect(namesOf(planWall(ended, ['b'], 8_999))).toEqual(['a', 'b']);
    expect(namesOf(planWall(ended, ['b'], 9_000))).toEqual(['b']);
  });

  it('gives a stream that is back its place again', () => {
    const ended = planWall(planWall([], ['a', 'b'], 0), ['b'], 1_000);
    expect(planWall(ended, ['a', 'b'], 5_000)).toEqual([
      { name: 'a', endedAtMs: null },
      { name: 'b', endedAtMs: null },
    ]);
  });

  it('hangs up no more than its limit, and prefers what is on air', () => {
    const full = planWall([], many(20), 0);
    expect(namesOf(full)).toEqual(many(maxTiles));
    const withOneEnded = planWall(full, many(20).slice(1), 1_000);
    expect(namesOf(withOneEnded)).toEqual([...many(maxTiles).slice(1), `s${maxTiles}`]);
  });

  it('never hangs up a stream twice', () => {
    let tiles: Tile[] = [];
    for (let turn = 0; turn < 60; turn++) {
      const names = many(24).filter((_, index) => (index * 7 + turn) % 5 !== 0);
      tiles = planWall(tiles, names, turn * 500);
      expect(new Set(namesOf(tiles)).size).toBe(tiles.length);
      expect(tiles.length).toBeLessThanOrEqual(maxTiles);
    }
  });
});
