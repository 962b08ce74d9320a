import type { Readable } from 'node:stream';
import { settledWithin } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';

const maxTailBytes = 8192;

// A process that the worker started, and that lives on, holds the stream open.
const endLimitMs = 200;

/**
 * Passes on what a process writes to its standard error and keeps the end of it: when V8 or a native module gives up,
 * that is all there is to tell why.
 */
export class StderrTail {
  readonly #ended: Promise<void>;
  #tail: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#ended = new Promise((resolve) => stream.once('close', () => resolve()));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      passOn(chunk);
      this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-maxTailBytes);
    });
  }

  /** The last of it, when the process has ended. */
  async read(clock: Clock): Promise<string> {
    await settledWithin(clock, endLimitMs, this.#ended);
    return this.#tail.toString().trim();
  }
}

// When nobody reads this process's own standard error any more, that must not end it: an `error` without a listener would.
function passOn(chunk: Buffer): void {
  const { stderr } = process;
  stderr.write(chunk, (error) => {
    if (error && stderr.listenerCount('error') === 0) stderr.once('error', () => {});
  });
}
