export type {
  ChildExited,
  ChildHung,
  ChildIncarnation,
  ChildReady,
  ChildRestarting,
  ChildStopTimeout,
  GaveUp,
  SupervisorEvents,
} from './events.ts';
export type {
  ChildExit,
  ChildHealth,
  ChildState,
  ExitReason,
  HealthStatus,
  SupervisorHealth,
} from './health.ts';
export type { ChildOptions, RestartType, SupervisorOptions } from './options.ts';
export { Supervisor } from './supervisor.ts';
