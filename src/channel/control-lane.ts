import type { Transferable } from 'node:worker_threads';
import { OverflowError } from '../core/errors.ts';
import type { LanePort } from './lane-port.ts';
import type { StatePage } from './state-page.ts';
import { type ControlMessage, maxControlBacklog, maxPendingCalls, replies } from './wire.ts';

/**
 * One end of the control lane. Nothing is dropped here, so each end counts what it has taken where the other can see it:
 * when {@link maxControlBacklog} messages wait, the next one is refused to its sender. Replies have room beyond.
 */
export class ControlLane {
  readonly #port: LanePort;
  readonly #page: StatePage;
  readonly #takenByOther: 'controlTakenByParent' | 'controlTakenByWorker';
  #sent = 0;
  #seenTaken = 0;

  constructor(
    port: LanePort,
    page: StatePage,
    end: 'parent' | 'worker',
    onMessage: (message: ControlMessage) => void,
  ) {
    const taken = end === 'parent' ? 'controlTakenByParent' : 'controlTakenByWorker';
    this.#port = port;
    this.#page = page;
    this.#takenByOther = end === 'parent' ? 'controlTakenByWorker' : 'controlTakenByParent';
    port.onMessage((message: ControlMessage) => {
      page.count(taken);
      onMessage(message);
    });
  }

  /** @throws {OverflowError} when the other end does not take its messages; what the port throws. */
  post(message: ControlMessage, transfer?: readonly Transferable[]): void {
    const limit = replies.includes(message.type) ? maxControlBacklog + maxPendingCalls : maxControlBacklog;
    const backlog = this.#backlog(limit);
    if (backlog >= limit) {
      throw new OverflowError(
        'OVERFLOW_CONTROL_LANE',
        `'${message.type}' not sent: ${backlog} control messages wait for the other end, limit ${limit}`,
      );
    }
    this.#port.post(message, transfer);
    this.#sent++;
  }

  close(): void {
    this.#port.close();
  }

  // What was seen last is enough as long as it leaves room: in a worker process a look is a system call.
  #backlog(limit: number): number {
    if (this.#sent - this.#seenTaken < limit) return this.#sent - this.#seenTaken;
    const taken = this.#page.get(this.#takenByOther);
    this.#seenTaken += (taken - this.#seenTaken) >>> 0; // The number on the page wraps.
    return this.#sent - this.#seenTaken;
  }
}
