import type { LanePort } from './lane-port.ts';
import type { StatePage } from './state-page.ts';

/**
 * What a worker was doing when its event loop stood still. A thread that runs JavaScript can be ended, one that is
 * blocked in a native call cannot; of a process it is not known, and it can be ended in any case.
 */
export type HangKind = 'javascript' | 'native' | 'unknown';

/** How a worker ended, as its host saw it. */
export interface WorkerEnd {
  /** Absent when a signal ended it, and when it did not end. */
  readonly exitCode?: number;
  /** The signal that ended a process. */
  readonly signal?: NodeJS.Signals;
  /** What nobody caught in it. */
  readonly error?: unknown;
  /** The end of what a process wrote to its standard error, when a signal ended it. */
  readonly lastWords?: string;
  /** It used up its heap. */
  readonly isOutOfMemory?: boolean;
  /** What it was doing when it was ended for being hung. */
  readonly hang?: HangKind;
  /** It could not be ended: it is blocked in a native call, and still there. */
  readonly isLeftBehind?: true;
}

/** A worker and what connects it with its parent, whether it is a thread or a process. */
export interface WorkerHost {
  readonly control: LanePort;
  readonly data: LanePort;
  readonly page: StatePage;
  /** Settles, and never rejects, when the worker has ended or was left behind. */
  readonly ended: Promise<WorkerEnd>;
  /** Ends the worker at once. Settles with {@link ended}. */
  terminate(): Promise<void>;
  /** As `terminate()`, for a worker whose event loop stands still: finds out first where. */
  terminateHung(): Promise<void>;
  /** Gives back what the channel needed to the last; the worker has ended. */
  release(): void;
}
