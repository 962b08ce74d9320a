import { describe, expect, it } from 'vitest';

type Change = { tone: string; text: string };
type ChangesModule = {
  compareStreams(before: readonly object[], after: readonly object[]): Change[];
  compareTrees(before: object, after: object): Change[];
};

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./changes.js', import.meta.url).href;
const { compareStreams, compareTrees } = (await import(source)) as ChangesModule;

const ingest = { name: 'ingest', state: 'running', restartsTotal: 0, lastExit: null };
const hung = { reason: 'failed', error: 'WORKER_HUNG: no beat' };
const texts = (changes: readonly Change[]): string[] => changes.map(({ text }) => text);
const treeOf = (...children: object[]): object => ({ name: 'hub', status: 'healthy', children });

describe('compareStreams', () => {
  it('tells what came, what went and what was interrupted, with the reason', () => {
    const before = [
      { name: 'a', state: 'live' },
      { name: 'b', state: 'live' },
    ];
    const after = [
      { name: 'b', state: 'interrupted', reason: 'no frame for 3 s' },
      { name: 'c', state: 'live' },
    ];
    expect(texts(compareStreams(before, after))).toEqual([
      'a ended',
      'b is interrupted – no frame for 3 s',
      'c is live',
    ]);
  });

  it('tells nothing when nothing changed', () => {
    expect(compareStreams([{ name: 'a', state: 'live' }], [{ name: 'a', state: 'live' }])).toEqual([]);
  });
});

describe('compareTrees', () => {
  it('tells a restart that happened between two answers, with its reason', () => {
    const after = { ...ingest, restartsTotal: 2, lastExit: hung };
    expect(texts(compareTrees(treeOf(ingest), treeOf(after)))).toEqual([
      'ingest restarted 2 times – WORKER_HUNG: no beat',
    ]);
  });

  it('tells the wait for a restart once and then that the child runs', () => {
    const waiting = { ...ingest, state: 'backing-off', restartsTotal: 1, lastExit: hung };
    const starting = { ...waiting, state: 'starting' };
    const running = { ...waiting, state: 'running' };
    expect(texts(compareTrees(treeOf(ingest), treeOf(waiting)))).toEqual([
      'ingest is backing-off – WORKER_HUNG: no beat',
    ]);
    expect(compareTrees(treeOf(waiting), treeOf(starting))).toEqual([]);
    expect(texts(compareTrees(treeOf(starting), treeOf(running)))).toEqual(['ingest is running']);
  });

  it('names a child of a nested supervisor by its path', () => {
    const nest = (child: object): object => treeOf({ ...ingest, name: 'viewers', supervisor: treeOf(child) });
    const failed = { ...ingest, state: 'failed', lastExit: hung };
    expect(texts(compareTrees(nest(ingest), nest(failed)))).toEqual([
      'viewers / ingest is failed – WORKER_HUNG: no beat',
    ]);
  });

  it('copes with a tree that has no children', () => {
    expect(compareTrees({ name: 'hub', status: 'healthy' }, { name: 'hub', status: 'failing' })).toEqual([
      { tone: 'bad', text: 'hub is failing' },
    ]);
  });
});
