import { describeError } from '../core/error-transfer.ts';
import { RestartLimitError } from '../core/errors.ts';
import type { LogFields } from '../core/logger.ts';
import type { RestartWindow } from '../core/restart-window.ts';
import type { Child } from './child.ts';
import type { ChildTable } from './child-table.ts';
import type { SupervisorEvents } from './events.ts';
import type { Ending } from './incarnation.ts';
import type { ResolvedSupervisorOptions } from './options.ts';

/** What a run needs of the supervisor it is a run of. */
export interface RunHost<Name extends string> {
  readonly options: ResolvedSupervisorOptions;
  readonly children: ChildTable<Name>;
  readonly window: RestartWindow;
  tell<Event extends keyof SupervisorEvents>(event: Event, payload: SupervisorEvents[Event][0]): void;
}

/** Says what a run has decided: to the log, to listeners, and to the child that it concerns. */
export class RunReporter<Name extends string = string> {
  readonly #host: RunHost<Name>;

  constructor(host: RunHost<Name>) {
    this.#host = host;
  }

  warn(message: string, child: Child<Name>, { exit }: Ending, more: LogFields = {}): void {
    const { logger, name } = this.#host.options;
    const { reason, error } = exit;
    logger.warn(message, { supervisor: name, child: child.name, reason, error, ...more });
  }

  overdue(child: Child<Name>, outcome: 'killed' | 'left-behind'): void {
    const { logger, name } = this.#host.options;
    const { stopTimeoutMs } = child.options;
    logger.error('child does not stop', { supervisor: name, child: child.name, stopTimeoutMs, outcome });
    const payload = { child: child.name, incarnation: child.incarnations };
    this.#host.tell('child:stopTimeout', { ...payload, stopTimeoutMs, outcome });
  }

  gaveUp(child: Child<Name>, cause: unknown): void {
    const { name, maxRestarts, restartWindowMs, logger } = this.#host.options;
    const error = describeError(cause);
    logger.error('supervisor gave up', { supervisor: name, child: child.name, error });
    this.#host.tell('gaveUp', { child: child.name, maxRestarts, restartWindowMs, error: cause });
  }

  limitError(child: Child<Name>, cause: unknown): RestartLimitError {
    const { name, maxRestarts, restartWindowMs } = this.#host.options;
    return new RestartLimitError(
      `${name} gave up: more than ${maxRestarts} restarts within ${restartWindowMs} ms, the last one of ` +
        `'${child.name}' after ${describeError(cause)}`,
      { cause },
    );
  }

  /** Tells a service that no `run` follows. */
  retire({ name: child, service }: Child<Name>): void {
    const { logger, name } = this.#host.options;
    try {
      service.retire?.();
    } catch (error) {
      logger.error('retire() threw', { supervisor: name, child, error: describeError(error) });
    }
  }
}
