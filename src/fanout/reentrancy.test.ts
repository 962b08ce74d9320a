import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { BoundedFanout } from './bounded-fanout.ts';
import type { Subscription } from './types.ts';

const turn = (): Promise<void> => new ManualClock().settle();

/** Three subscribers with onItem, already up to date, of which the middle one does something on item 'x'. */
async function threesome(
  fanout: BoundedFanout<string>,
  act: (self: Subscription<string>, all: Subscription<string>[]) => void,
) {
  const diaries: string[][] = [[], [], []];
  const all: Subscription<string>[] = diaries.map((diary, index) =>
    fanout.subscribe({
      onItem: (item) => {
        diary.push(item);
        if (index === 1 && item === 'x') act(all[1]!, all);
      },
      onGap: ({ missed }) => void diary.push(`gap ${missed}`),
    }),
  );
  fanout.publish('first');
  await turn();
  return { diaries, all };
}

describe('inside a callback', () => {
  it('publish delivers to everyone, in order, in a later microtask', async () => {
    const fanout = new BoundedFanout<string>();
    const seen: number[] = [];
    const { diaries } = await threesome(fanout, () => {
      fanout.publish('y');
      seen.push(diaries[1]!.length);
    });
    fanout.publish('x');
    await turn();
    expect(seen).toEqual([2]);
    expect(diaries).toEqual(Array.from({ length: 3 }, () => ['first', 'x', 'y']));
  });

  it('publish that overtakes the others gives them the exact gap', async () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const { diaries, all } = await threesome(fanout, () => {
      for (const item of ['p', 'q', 'r']) fanout.publish(item);
    });
    fanout.publish('w');
    fanout.publish('x');
    await turn();
    for (const [index, diary] of diaries.entries()) {
      expect(diary).toEqual(['first', 'w', 'x', 'gap 1', 'q', 'r']);
      expect(all[index]!.stats()).toMatchObject({ delivered: 5, missed: 1, lagItems: 0 });
    }
  });

  it('publish does not let a newcomer run ahead of those who are up to date', async () => {
    const fanout = new BoundedFanout<string>();
    const { diaries } = await threesome(fanout, () => fanout.publish('y'));
    const items: string[] = [];
    fanout.subscribe({ onItem: (item) => void items.push(item) });
    for (const item of ['x', 'z']) {
      fanout.publish(item);
      await turn();
    }
    expect([...diaries, ['first', ...items]]).toEqual(
      Array.from({ length: 4 }, () => ['first', 'x', 'y', 'z']),
    );
  });

  it('subscribe serves the new one from its start', async () => {
    const fanout = new BoundedFanout<string>();
    const items: string[] = [];
    const { diaries } = await threesome(fanout, () => {
      fanout.subscribe({ from: 'live', onItem: (item) => void items.push(item) });
    });
    for (const item of ['x', 'y']) {
      fanout.publish(item);
      await turn();
    }
    expect(items).toEqual(['y']);
    expect(diaries[2]).toEqual(['first', 'x', 'y']);
  });

  it.each([
    {
      who: 0,
      expected: [
        ['first', 'x'],
        ['first', 'x', 'y'],
        ['first', 'x', 'y'],
      ],
    },
    {
      who: 1,
      expected: [
        ['first', 'x', 'y'],
        ['first', 'x'],
        ['first', 'x', 'y'],
      ],
    },
    { who: 2, expected: [['first', 'x', 'y'], ['first', 'x', 'y'], ['first']] },
  ])('unsubscribing subscriber $who takes effect at once', async ({ who, expected }) => {
    const fanout = new BoundedFanout<string>();
    const { diaries, all } = await threesome(fanout, (_self, others) => others[who]!.unsubscribe());
    fanout.publish('x');
    fanout.publish('y');
    await turn();
    expect(diaries).toEqual(expected);
    expect(all[who]!.stats().delivered).toBe(expected[who]!.length);
  });

  it('stats tells each position exactly', async () => {
    const fanout = new BoundedFanout<string>();
    const delivered: number[] = [];
    await threesome(fanout, (_self, all) => delivered.push(...all.map((each) => each.stats().delivered)));
    fanout.publish('x');
    fanout.publish('y');
    await turn();
    expect(delivered).toEqual([2, 2, 1]);
  });

  it('end lets everyone have the rest first', async () => {
    const fanout = new BoundedFanout<string>();
    const { diaries, all } = await threesome(fanout, () => fanout.end('done'));
    fanout.publish('x');
    fanout.publish('y');
    await turn();
    expect(diaries).toEqual(Array.from({ length: 3 }, () => ['first', 'x', 'y']));
    expect(all.map(({ end }) => end?.reason)).toEqual(['ended', 'ended', 'ended']);
  });

  it('throwing after unsubscribing keeps the first end and is reported', async () => {
    const fanout = new BoundedFanout<string>();
    const { all } = await threesome(fanout, (self) => {
      self.unsubscribe();
      throw new Error('too late');
    });
    fanout.publish('x');
    await turn();
    expect(all[1]!.end).toEqual({ reason: 'unsubscribed' });
    expect(fanout.stats()).toMatchObject({ subscribersFailed: 1, subscribers: 2 });
  });

  it('onReadable may unsubscribe another one that waits', async () => {
    const fanout = new BoundedFanout<string>();
    const called: string[] = [];
    fanout.subscribe({ onReadable: () => second.unsubscribe() });
    const second = fanout.subscribe({ onReadable: () => void called.push('second') });
    const third = fanout.subscribe({ onReadable: () => void called.push('third') });
    fanout.publish('a');
    await turn();
    expect(called).toEqual(['third']);
    expect(third.read()).toBe('a');
    expect(fanout.stats()).toMatchObject({ subscribers: 2, lagging: 2 });
  });

  it('onGap may read, publish and leave', async () => {
    const fanout = new BoundedFanout<string>({ maxItems: 2 });
    const inner: (string | undefined)[] = [];
    const reading = fanout.subscribe({ onGap: () => void inner.push(reading.read()) });
    const leaving = fanout.subscribe({ onGap: () => leaving.unsubscribe() });
    const gaps: number[] = [];
    const publishing = fanout.subscribe({
      onGap: ({ missed }) => {
        gaps.push(missed);
        if (gaps.length === 1) fanout.publish('d');
      },
    });
    for (const item of ['a', 'b', 'c']) fanout.publish(item);
    expect(reading.read()).toBe('c');
    expect(inner).toEqual(['b']);
    expect(leaving.read()).toBeUndefined();
    expect([publishing.read(), publishing.read(), gaps]).toEqual(['c', 'd', [1, 1]]);
  });
});
