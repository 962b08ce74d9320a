import type { MessagePort } from 'node:worker_threads';
import { OverflowError } from '../core/errors.ts';
import type { Counter, StatePage } from './state-page.ts';
import { type ControlMessage, maxControlBacklog, maxPendingCalls, replies } from './wire.ts';

/**
 * One end of the control lane. Nothing is dropped here, so the backlog is counted in shared memory: when the other end
 * has not taken {@link maxControlBacklog} messages, the next one is refused to its sender. Replies have room beyond.
 */
export class ControlLane {
  readonly #port: MessagePort;
  readonly #page: StatePage;
  readonly #outgoing: Counter;

  constructor(
    port: MessagePort,
    page: StatePage,
    end: 'parent' | 'worker',
    onMessage: (message: ControlMessage) => void,
  ) {
    const incoming = end === 'parent' ? 'controlToParent' : 'controlToWorker';
    this.#port = port;
    this.#page = page;
    this.#outgoing = end === 'parent' ? 'controlToWorker' : 'controlToParent';
    port.on('message', (message: ControlMessage) => {
      page.add(incoming, -1);
      onMessage(message);
    });
  }

  /** @throws {OverflowError} when the other end does not take its messages; what postMessage throws. */
  post(message: ControlMessage): void {
    const backlog = this.#page.get(this.#outgoing);
    const limit = replies.includes(message.type) ? maxControlBacklog + maxPendingCalls : maxControlBacklog;
    if (backlog >= limit) {
      throw new OverflowError(
        'OVERFLOW_CONTROL_LANE',
        `'${message.type}' not sent: ${backlog} control messages wait for the other end, limit ${limit}`,
      );
    }
    // Counted first: the other end may take the message before this line returns, and the count is never negative.
    this.#page.add(this.#outgoing, 1);
    try {
      this.#port.postMessage(message);
    } catch (error) {
      this.#page.add(this.#outgoing, -1);
      throw error;
    }
  }

  close(): void {
    this.#port.close();
  }
}
