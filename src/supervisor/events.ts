import type { ChildExit } from './health.ts';

/** Which life of which child an event is about. */
export interface ChildIncarnation {
  /** The child's name. */
  readonly child: string;
  /** Which life of the child; 1 is the first. */
  readonly incarnation: number;
}

/** Payload of `child:ready`. */
export interface ChildReady extends ChildIncarnation {
  /** How long it took from the start, in ms. */
  readonly afterMs: number;
}

/** Payload of `child:exited`. */
export interface ChildExited extends ChildIncarnation {
  /** How and when it ended. */
  readonly exit: ChildExit;
}

/** Payload of `child:restarting`. */
export interface ChildRestarting {
  /** The child's name. */
  readonly child: string;
  /** What it is restarted after. */
  readonly exit: ChildExit;
  /** The back-off before the restart, in ms. */
  readonly delayMs: number;
}

/** Payload of `child:hung`. */
export interface ChildHung extends ChildIncarnation {
  /** How long it had been silent, in ms. */
  readonly silentMs: number;
}

/** Payload of `child:stopTimeout`. */
export interface ChildStopTimeout extends ChildIncarnation {
  /** The limit it did not keep, in ms. */
  readonly stopTimeoutMs: number;
  /** What comes of it: it is being killed; or it cannot be, or that did not help, and it is left behind. */
  readonly outcome: 'killed' | 'left-behind';
}

/** Payload of `autoShutdown`. */
export interface AutoShutdownCause {
  /** The significant child whose end was the reason. */
  readonly child: string;
  /** How it ended. */
  readonly exit: ChildExit;
}

/** Payload of `gaveUp`. */
export interface GaveUp {
  /** The child whose end was one too many. */
  readonly child: string;
  /** The limit that was reached. */
  readonly maxRestarts: number;
  /** The window the limit counts in, in ms. */
  readonly restartWindowMs: number;
  /** The child's last failure. */
  readonly error: unknown;
}

/** What a supervisor tells. Events inform; nothing waits for a listener. */
export type SupervisorEvents = {
  /** A child's `run` was called. */
  'child:started': [ChildIncarnation];
  /** A child with a start limit called `ready()`. */
  'child:ready': [ChildReady];
  /** A child's `run` settled, for whatever reason. */
  'child:exited': [ChildExited];
  /** A child will be started again after a back-off. */
  'child:restarting': [ChildRestarting];
  /** A child fell silent and is being ended. */
  'child:hung': [ChildHung];
  /** A child did not stop within its limit. Told again when killing it did not help either. */
  'child:stopTimeout': [ChildStopTimeout];
  /** A significant child ended: all children are being stopped and `run` will return. */
  autoShutdown: [AutoShutdownCause];
  /** Too many restarts: all children are being stopped and `run` will reject. */
  gaveUp: [GaveUp];
};
