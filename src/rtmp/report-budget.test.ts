import { describe, expect, it } from 'vitest';
import { ReportBudget } from './report-budget.ts';

describe('ReportBudget', () => {
  it('lets 100 reports a second through and tells how many it left out', () => {
    const budget = new ReportBudget();
    const told: number[] = [];
    const report = (suppressed: number): void => void told.push(suppressed);
    for (let index = 0; index < 250; index++) budget.add(report, 10);
    expect(told).toEqual(new Array(100).fill(0));
    budget.add(report, 1_010);
    budget.add(report, 1_010);
    expect(told.slice(100)).toEqual([150, 0]);
  });
});
