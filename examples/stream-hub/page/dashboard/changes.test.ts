import { describe, expect, it } from 'vitest';

type Change = { tone: string; text: string };
type ChangesModule = {
  describeStreams(changes: readonly object[]): Change[];
  mergeStreams(pushed: readonly object[] | null, answered: readonly object[], isAnswering: boolean): object[];
  compareTrees(before: object, after: object): Change[];
};

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./changes.js', import.meta.url).href;
const { compareTrees, describeStreams, mergeStreams } = (await import(source)) as ChangesModule;

const ingest = { name: 'ingest', state: 'running', restartsTotal: 0, lastExit: null };
const hung = { reason: 'failed', error: 'WORKER_HUNG: no beat' };
const texts = (changes: readonly Change[]): string[] => changes.map(({ text }) => text);
const treeOf = (...children: object[]): object => ({ name: 'hub', status: 'healthy', children });

describe('describeStreams', () => {
  it('tells what came, what went and what was interrupted, with the reason', () => {
    const about = (name: string): object => ({ stream: name, id: 1, state: 'live' });
    const told = describeStreams([
      { kind: 'ended', stream: about('a'), reason: 'unpublished' },
      { kind: 'ended', stream: about('b'), reason: '' },
      { kind: 'interrupted', stream: about('c') },
      { kind: 'resumed', stream: about('c') },
      { kind: 'started', stream: about('d') },
    ]);
    expect(told).toEqual([
      { tone: 'idle', text: 'a ended – unpublished' },
      { tone: 'idle', text: 'b ended' },
      { tone: 'warn', text: 'c is interrupted – the publisher was lost; waiting for it to come back' },
      { tone: 'ok', text: 'c is live again' },
      { tone: 'ok', text: 'd is live' },
    ]);
  });
});

describe('mergeStreams', () => {
  const answered = [
    { name: 'a', state: 'interrupted', reason: 'old', viewers: 3 },
    { name: 'gone', state: 'live' },
  ];

  it('believes what was pushed, and takes the numbers from the last answer', () => {
    const pushed = [
      { stream: 'a', id: 1, state: 'live' },
      { stream: 'new', id: 2, state: 'interrupted' },
    ];
    expect(mergeStreams(pushed, answered, true)).toEqual([
      { name: 'a', state: 'live', reason: null, viewers: 3 },
      { name: 'new', state: 'interrupted', reason: expect.stringContaining('publisher') },
    ]);
  });

  it('makes do with the last answer while there is no connection', () => {
    expect(mergeStreams(null, answered, true)).toEqual(answered);
  });

  it('claims nothing of the streams while the server does not answer either', () => {
    expect(mergeStreams(null, answered, false)).toEqual([
      { name: 'a', state: 'unknown', reason: null, viewers: 3 },
      { name: 'gone', state: 'unknown', reason: null },
    ]);
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
