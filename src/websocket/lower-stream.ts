import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import type { Logger } from '../core/logger.ts';

type LowerStream = (stream: string) => string | undefined;

const reportIntervalMs = 1_000;

/** The application's `lowerStream`, which asks nothing of who calls it: where it throws, there is no lower stream. */
export function safeLowerStream(lowerStream: LowerStream, clock: Clock, logger: Logger): LowerStream {
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  return (stream) => {
    try {
      return lowerStream(stream);
    } catch (error) {
      const nowMs = clock.nowMs();
      if (nowMs - reportedAtMs < reportIntervalMs) return undefined; // It is asked before each write.
      reportedAtMs = nowMs;
      logger.error('lowerStream failed', { stream, error: describeError(error) });
      return undefined;
    }
  };
}
