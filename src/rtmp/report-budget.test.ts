import { describe, expect, it } from 'vitest';
import { OverflowError } from '../core/errors.ts';
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

  it('counts a report that found no room as left out', () => {
    const budget = new ReportBudget();
    const told: number[] = [];
    const full = (): never => {
      throw new OverflowError('OVERFLOW_CONTROL_LANE', 'full');
    };
    budget.add(full, 10);
    budget.add(full, 10);
    budget.add((suppressed) => void told.push(suppressed), 10);
    budget.add((suppressed) => void told.push(suppressed), 10);
    expect(told).toEqual([2, 0]);
  });

  it('passes on what else a report throws', () => {
    const report = (): never => {
      throw new TypeError('mistake');
    };
    expect(() => new ReportBudget().add(report, 10)).toThrow('mistake');
  });
});
