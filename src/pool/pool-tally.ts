import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { maxTimerMs } from '../core/check.ts';
import type { Percentiles } from './types.ts';

/** How an accepted task ended. */
export type TaskFate = 'completed' | 'failed' | 'timedOut' | 'aborted' | 'cutOff';

/** What happened to a pool over all its runs. */
export class PoolTally {
  readonly fates: Record<TaskFate, number> = { completed: 0, failed: 0, timedOut: 0, aborted: 0, cutOff: 0 };
  readonly waitTime: DurationHistogram = new DurationHistogram();
  readonly runTime: DurationHistogram = new DurationHistogram();
  refused = 0;
  respawns = 0;
  lostThreads = 0;
}

/** Durations in a fixed amount of memory, exact to 1 %. */
export class DurationHistogram {
  readonly #microseconds: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: maxTimerMs * 1_000,
    figures: 2,
  });

  record(durationMs: number): void {
    this.#microseconds.record(Math.max(1, Math.round(durationMs * 1_000)));
  }

  percentiles(): Percentiles {
    const atMs = (percent: number): number => this.#microseconds.percentile(percent) / 1_000;
    return { p50: atMs(50), p99: atMs(99) };
  }
}
