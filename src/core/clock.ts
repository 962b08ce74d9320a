/** A timer that was set. Cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  /** Makes sure the callback is not called from now on. */
  cancel(): void;
}

/** Where time comes from. Tests put a manual clock in its place. */
export interface Clock {
  /** Milliseconds on a clock that never goes back; only differences mean something. */
  nowMs(): number;
  /** Milliseconds since 1970, for timestamps that people or other machines read. */
  wallMs(): number;
  /** Calls `callback` once after `delayMs`. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/** What a {@link Clock} can do, for checks of options. */
export const clockMethods: readonly (keyof Clock)[] = ['nowMs', 'wallMs', 'setTimer'];

/** Node's own clocks and timers. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
