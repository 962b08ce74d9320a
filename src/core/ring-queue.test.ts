import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RingQueue } from './ring-queue.ts';

describe('RingQueue', () => {
  it('does what an array with a bound does', () => {
    const steps = fc.array(fc.constantFrom('push', 'push', 'push', 'shift', 'shift', 'peek', 'clear'), {
      size: 'large',
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), steps, (capacity, actions) => {
        const queue = new RingQueue<number>(capacity);
        const model: number[] = [];
        actions.forEach((action, index) => {
          expect(act(queue, action, index)).toEqual(actOnArray(model, capacity, action, index));
          expect([queue.length, queue.isFull]).toEqual([model.length, model.length === capacity]);
        });
        expect(drain(queue)).toEqual(model);
      }),
    );
  });

  it('refuses what does not fit, and takes it once there is room', () => {
    const queue = new RingQueue<string>(2);
    expect(['a', 'b', 'c'].map((item) => queue.push(item))).toEqual([true, true, false]);
    expect(queue.shift()).toBe('a');
    expect(queue.push('c')).toBe(true);
    expect(drain(queue)).toEqual(['b', 'c']);
  });

  it('keeps the order when it grows while its front is not at the start', () => {
    const queue = new RingQueue<number>(1_000);
    for (let item = 0; item < 16; item++) queue.push(item);
    for (let item = 0; item < 10; item++) queue.shift();
    for (let item = 16; item < 500; item++) queue.push(item);
    expect(drain(queue)).toEqual(Array.from({ length: 490 }, (_, index) => index + 10));
  });

  it.each(['shift', 'clear'] as const)('lets go of an item on %s', async (way) => {
    const queue = new RingQueue<object>(8);
    const item = pushOne(queue);
    await collectGarbage();
    expect(item.deref()).toBeDefined();
    queue[way]();
    await collectGarbage();
    expect(item.deref()).toBeUndefined();
    expect(queue.length).toBe(0);
  });
});

type Action = 'push' | 'shift' | 'peek' | 'clear';

function act(queue: RingQueue<number>, action: Action, item: number): unknown {
  return action === 'push' ? queue.push(item) : queue[action]();
}

function actOnArray(items: number[], capacity: number, action: Action, item: number): unknown {
  switch (action) {
    case 'push':
      return items.length < capacity && items.push(item) > 0;
    case 'shift':
      return items.shift();
    case 'peek':
      return items[0];
    case 'clear':
      items.length = 0;
      return undefined;
  }
}

function drain<T>(queue: RingQueue<T>): T[] {
  const items: T[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) items.push(item);
  return items;
}

/** In a function of its own, so that nothing but the queue holds the item. */
function pushOne(queue: RingQueue<object>): WeakRef<object> {
  const item = {};
  queue.push(item);
  return new WeakRef(item);
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  await new Promise((resolve) => setImmediate(resolve)); // A WeakRef holds on until the end of the job.
  runInNewContext('gc')();
}
