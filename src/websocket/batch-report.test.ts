import { describe, expect, it } from 'vitest';
import type { Logger } from '../core/logger.ts';
import { silentLogger } from '../core/logger.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { BatchReport } from './batch-report.ts';

describe('BatchReport', () => {
  it('writes one line for all that came within a second, with the state at its end', async () => {
    const { clock, lines, report, state } = reporting();
    report.add('stalled');
    state.remaining = 8;
    await clock.advance(999);
    report.add('stalled');
    report.add('missed', 40);
    expect(lines).toEqual([]);
    state.remaining = 7;
    await clock.advance(1);
    expect(lines).toEqual([{ message: 'viewers dropped', stalled: 2, missed: 40, remaining: 7 }]);
  });

  it('starts the next line afresh, and is silent while nothing happens', async () => {
    const { clock, lines, report } = reporting();
    report.add('stalled');
    await clock.advance(5_000);
    report.add('unresponsive');
    await clock.advance(5_000);
    expect(lines).toMatchObject([{ stalled: 1 }, { unresponsive: 1 }]);
    expect(lines[1]).not.toHaveProperty('stalled');
    expect(clock.timers).toBe(0);
  });

  it('writes at once what is left when it is flushed', () => {
    const { clock, lines, report } = reporting();
    report.add('stalled');
    report.flush();
    report.flush();
    expect(lines).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});

function reporting() {
  const clock = new ManualClock();
  const lines: object[] = [];
  const state = { remaining: 9 };
  const logger: Logger = {
    ...silentLogger,
    warn: (message, fields) => void lines.push({ message, ...fields }),
  };
  const report = new BatchReport(clock, logger, 'viewers dropped', () => ({ remaining: state.remaining }));
  return { clock, lines, report, state };
}
