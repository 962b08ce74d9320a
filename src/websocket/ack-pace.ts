/** How often a viewer is to acknowledge while data comes in: after so much time or so many bytes, what is first. */
export interface AckPace {
  readonly everyMs: number;
  readonly everyBytes: number;
}

/** What a viewer does before it is told anything, and whenever something is late. */
export const quickPace: AckPace = { everyMs: 20, everyBytes: 64 << 10 };

const calmEveryMs = 100;
const maxCalmBytes = 1 << 20;
// Late is what has waited for half of the queue that a window allows.
const lateMs = 50;
const calmAfterMs = 2_000;

/**
 * Decides how often a viewer is asked to acknowledge. Reading acknowledgements costs as much as sending small frames, and
 * while nothing is late they tell nothing: so they may be few. With the first sign of a queue they are wanted quickly.
 * Pure.
 */
export class AckPacer {
  #pace = quickPace;
  #lateAtMs: number;

  constructor(nowMs: number) {
    this.#lateAtMs = nowMs;
  }

  /** What the viewer was asked for last. */
  get pace(): AckPace {
    return this.#pace;
  }

  /** The window was full: something waits. Gives the new pace when that changes it. */
  noteFull(nowMs: number): AckPace | undefined {
    this.#lateAtMs = nowMs;
    return this.#change(quickPace);
  }

  /**
   * Notes an acknowledgement. Gives the new pace when that changes it.
   *
   * @param queuedMs - How much longer the newest message took than the bare round trip.
   * @param windowBytes - How much may be under way: an acknowledgement has to come well before that much is.
   */
  note(queuedMs: number, windowBytes: number, nowMs: number): AckPace | undefined {
    if (queuedMs > lateMs) return this.noteFull(nowMs);
    if (nowMs - this.#lateAtMs < calmAfterMs) return undefined;
    const everyBytes = Math.min(maxCalmBytes, windowBytes >> 1);
    return everyBytes < quickPace.everyBytes ? undefined : this.#change({ everyMs: calmEveryMs, everyBytes });
  }

  #change(pace: AckPace): AckPace | undefined {
    if (pace.everyMs === this.#pace.everyMs) return undefined;
    this.#pace = pace;
    return pace;
  }
}
