import type { Child } from './child.ts';
import type { Ending } from './incarnation.ts';

/**
 * Whether a child failed before it was up for the first time. As in OTP that ends the start of the tree: trying again would
 * hide a wrong configuration.
 */
export function hasFailedToStart(child: Child, { error }: Ending): boolean {
  return error !== undefined && child.options.startTimeoutMs !== undefined && !child.wasUp;
}

/** Whether a child that ended by itself is started again, by its restart type. */
export function wantsRestart(child: Child, { exit }: Ending): boolean {
  if (child.options.restart === 'temporary' || exit.reason === 'ignored') return false;
  if (child.options.restart === 'permanent') return true;
  return exit.reason !== 'returned' && exit.reason !== 'shutdown';
}
