import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DueHeap } from './due-heap.ts';

interface Item {
  readonly dueMs: number;
  heapIndex: number;
}

it('gives items in order of their due times, whichever were removed before', () => {
  const times = fc.array(fc.record({ dueMs: fc.nat(20), isRemoved: fc.boolean() }), { maxLength: 60 });
  fc.assert(
    fc.property(times, (entries) => {
      const heap = new DueHeap<Item>();
      const items = entries.map(({ dueMs, isRemoved }) => ({ dueMs, isRemoved, heapIndex: -1 }));
      for (const item of items) heap.add(item);
      for (const item of items) if (item.isRemoved) heap.remove(item);
      const kept = items.filter(({ isRemoved }) => !isRemoved).map(({ dueMs }) => dueMs);
      expect(drain(heap)).toEqual(kept.toSorted((a, b) => a - b));
    }),
  );
});

it('leaves the others alone when an item is removed twice', () => {
  const heap = new DueHeap<Item>();
  const [early, late] = [item(1), item(2)];
  heap.add(early);
  heap.add(late);
  heap.remove(early);
  heap.remove(early);
  expect(heap.first).toBe(late);
  expect(early.heapIndex).toBe(-1);
});

function item(dueMs: number): Item {
  return { dueMs, heapIndex: -1 };
}

function drain(heap: DueHeap<Item>): number[] {
  const times: number[] = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    times.push(first.dueMs);
    heap.remove(first);
  }
  return times;
}
