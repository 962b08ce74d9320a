import { describe, expect, it } from 'vitest';
import { RateBudget } from './rate-budget.ts';

describe('RateBudget', () => {
  it("lets a second's worth through at once, and no more", () => {
    const budget = new RateBudget(5, 1_000);
    expect(takes(budget, 8, 1_000)).toBe(5);
  });

  it('lets the rate through for ever', () => {
    const budget = new RateBudget(60, 0);
    let taken = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000 / 120) taken += takes(budget, 1, nowMs);
    expect(taken).toBeGreaterThan(60 * 60);
    expect(taken).toBeLessThanOrEqual(60 * 60 + 60);
  });

  it('does not save up more than a second', () => {
    const budget = new RateBudget(5, 0);
    takes(budget, 5, 0);
    expect(takes(budget, 20, 3_600_000)).toBe(5);
  });
});

function takes(budget: RateBudget, tries: number, nowMs: number): number {
  return Array.from({ length: tries }, () => budget.take(nowMs)).filter(Boolean).length;
}
