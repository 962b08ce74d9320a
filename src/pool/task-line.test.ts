import { describe, expect, it } from 'vitest';
import { TaskLine } from './task-line.ts';

describe('TaskLine', () => {
  it('gives out in the order of arrival, also what came after it had been empty', () => {
    const line = new TaskLine<number>();
    expect(line.shift()).toBeUndefined();
    for (const task of [1, 2, 3]) line.push(task);
    expect([line.shift(), line.shift()]).toEqual([1, 2]);
    line.push(4);
    expect([line.shift(), line.shift(), line.shift()]).toEqual([3, 4, undefined]);
    line.push(5);
    expect([line.length, line.shift(), line.length]).toEqual([1, 5, 0]);
  });

  it('lets any task leave, wherever it stands', () => {
    const line = new TaskLine<number>();
    for (const task of [1, 2, 3, 4, 5]) line.push(task);
    expect(line.shift()).toBe(1);
    for (const task of [2, 4, 9]) line.remove(task);
    expect(line.all()).toEqual([3, 5]);
    expect([line.shift(), line.shift(), line.shift()]).toEqual([3, 5, undefined]);
  });

  it('costs the same per task however long it is', () => {
    const perTask = (count: number): number => {
      const durations = [1, 2, 3].map(() => {
        const line = new TaskLine<object>();
        const tasks = Array.from({ length: count }, () => ({}));
        const startMs = performance.now();
        for (const task of tasks) line.push(task);
        for (let index = 0; index < count; index += 2) line.remove(tasks[index]!);
        while (line.shift() !== undefined);
        return performance.now() - startMs;
      });
      return Math.min(...durations) / count;
    };
    perTask(2_000);
    expect(perTask(100_000) / perTask(5_000)).toBeLessThan(8); // 20 if a take walked over what has left.
  });
});
