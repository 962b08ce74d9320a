import { expect, it } from 'vitest';
import { type Logger, silentLogger } from '../core/logger.ts';
import { LossLog } from './loss-log.ts';

it('writes at most one line a second, and forgets none', () => {
  const lines: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, fields) => lines.push(fields) };
  const log = new LossLog(logger);
  log.count('overflow', undefined, 0);
  log.count('overflow', undefined, 10);
  log.count('expired', new Error('gone'), 999);
  expect(lines).toEqual([{ overflow: 1 }]);
  expect(log.dueMs).toBe(1_000);
  log.count('overflow', undefined, 1_000);
  expect(lines.slice(1)).toEqual([{ overflow: 2, expired: 1, error: 'Error: gone' }]);
  expect(log.dueMs).toBe(Number.POSITIVE_INFINITY);
  log.write(5_000);
  expect(lines).toHaveLength(2);
});
