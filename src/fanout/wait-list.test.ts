import { expect, it } from 'vitest';
import { type Waiter, WaitList } from './wait-list.ts';

function waiter(woken: string[], name: string, isServed: boolean): Waiter {
  return { waitIndex: -1, wake: () => woken.push(name) > 0 && isServed };
}

it('wakes each waiter once, however they came and went', () => {
  const woken: string[] = [];
  const [a, b, c] = [waiter(woken, 'a', true), waiter(woken, 'b', true), waiter(woken, 'c', false)] as const;
  const list = new WaitList<Waiter>();
  for (const each of [a, b, c, b]) list.add(each);
  list.remove(a);
  list.remove(a);
  list.remove(c);
  expect(list.length).toBe(1);
  list.add(c);
  list.wake();
  expect(woken).toEqual(['b', 'c']);
});

it('keeps the one who had no use for it, and nobody else', () => {
  const woken: string[] = [];
  const list = new WaitList<Waiter>();
  list.add(waiter(woken, 'served', true));
  list.add(waiter(woken, 'waiting', false));
  list.wake();
  expect(list.length).toBe(1);
  list.wake();
  expect(woken).toEqual(['served', 'waiting', 'waiting']);
});

it('leaves those who begin to wait meanwhile for the next time', () => {
  const woken: string[] = [];
  const list = new WaitList<Waiter>();
  const late = waiter(woken, 'late', true);
  list.add({
    waitIndex: -1,
    wake: () => {
      list.add(late);
      return true;
    },
  });
  list.wake();
  expect(woken).toEqual([]);
  list.wake();
  expect(woken).toEqual(['late']);
});
