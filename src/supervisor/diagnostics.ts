import { channel } from 'node:diagnostics_channel';
import type { SupervisorEvents } from './events.ts';

/**
 * What is published on the `node:diagnostics_channel` named {@link supervisorDiagnostics}: the payload of a supervisor's
 * event, with the supervisor's name and the event's.
 */
export type SupervisorDiagnostic = {
  [Event in keyof SupervisorEvents]: SupervisorEvents[Event][0] & {
    /** The supervisor's name. */
    readonly supervisor: string;
    /** The event's name. */
    readonly event: Event;
  };
}[keyof SupervisorEvents];

/** Name of the diagnostics channel that carries the events of every supervisor in this thread. */
export const supervisorDiagnostics = 'spillway:supervisor';

const diagnostics = channel(supervisorDiagnostics);

/** Publishes an event. Costs one comparison while nobody listens. */
export function publishDiagnostic<Event extends keyof SupervisorEvents>(
  supervisor: string,
  event: Event,
  payload: SupervisorEvents[Event][0],
): void {
  if (diagnostics.hasSubscribers) diagnostics.publish({ ...payload, supervisor, event });
}
