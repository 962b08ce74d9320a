import { orAbort } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import { MediaQueue, type QueuedPacket, type QueueLimits, type QueueStats } from './media-queue.ts';

/** A moment of a {@link MediaOutput}. */
export interface MediaOutputStats extends QueueStats {
  /** Packets the loops were given. */
  readonly delivered: number;
  /** Packets that nobody had read when their source was disconnected. */
  readonly cleared: number;
  /** How long the last packet took from ffmpeg's pipe to the loop, in ms; `null` before the first. */
  readonly latencyMs: number | null;
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The packets of one kind, for one loop at a time. A loop outlives disconnections and restarts of the worker, and ends
 * when the input stops. Leaving it loses nothing: the next one goes on there.
 */
export class MediaOutput implements AsyncIterable<MediaPacket, undefined> {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #queue: MediaQueue;
  #loop: AsyncIterableIterator<MediaPacket, undefined> | undefined;
  #waiter: PromiseWithResolvers<IteratorResult<MediaPacket, undefined>> | undefined;
  #roomWaiter: PromiseWithResolvers<void> | undefined;
  #delivered = 0;
  #cleared = 0;
  #latencyMs: number | null = null;

  /** @internal */
  constructor(name: string, limits: QueueLimits, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
    this.#queue = new MediaQueue(limits);
  }

  /**
   * Begins a loop.
   *
   * @throws {ConfigError} while another one is open.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<MediaPacket, undefined> {
    if (this.#loop !== undefined)
      throw new ConfigError(`${this.#name} is for one loop, and another one is open`);
    const loop: AsyncIterableIterator<MediaPacket, undefined> = {
      [Symbol.asyncIterator]: () => loop,
      next: () => this.#next(loop),
      return: () => this.#leave(loop),
    };
    this.#loop = loop;
    return loop;
  }

  /** How full it is and what became of the packets so far. */
  stats(): MediaOutputStats {
    const { delivered, cleared, latencyMs } = {
      delivered: this.#delivered,
      cleared: this.#cleared,
      latencyMs: this.#latencyMs,
    };
    return { ...this.#queue.stats(), delivered, cleared, latencyMs };
  }

  /** @internal Takes a packet; under `'block'` only when there is room. */
  push(queued: QueuedPacket): void {
    this.#queue.push(queued);
    const waiter = this.#waiter;
    if (waiter === undefined || this.#queue.peek() === undefined) return;
    this.#waiter = undefined;
    waiter.resolve(this.#take());
  }

  /** @internal Waits until a packet is taken without dropping one, if dropping is not allowed. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#queue.isBlocked && !signal.aborted) {
      this.#roomWaiter ??= Promise.withResolvers();
      await orAbort(this.#roomWaiter.promise, signal).catch(() => {});
    }
  }

  /** @internal Forgets what waits and returns how many packets that were. */
  clear(): number {
    const count = this.#queue.clear();
    this.#cleared += count;
    this.#wakeWriter();
    return count;
  }

  /** @internal Counts a packet that came after its source was disconnected. */
  countStale(): void {
    this.#cleared++;
  }

  /** @internal Nothing follows for the loop that is open. */
  end(): void {
    this.clear();
    this.#loop = undefined;
    this.#waiter?.resolve(done);
    this.#waiter = undefined;
  }

  async #next(loop: unknown): Promise<IteratorResult<MediaPacket, undefined>> {
    if (loop !== this.#loop) return done;
    if (this.#waiter !== undefined)
      throw new ConfigError(`${this.#name} is for one consumer; next() is pending already`);
    if (this.#queue.peek() !== undefined) return this.#take();
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  async #leave(loop: unknown): Promise<IteratorReturnResult<undefined>> {
    if (loop !== this.#loop) return done;
    this.#loop = undefined;
    this.#waiter?.resolve(done);
    this.#waiter = undefined;
    return done;
  }

  #take(): IteratorResult<MediaPacket, undefined> {
    const queued = this.#queue.shift();
    if (queued === undefined) return done;
    this.#delivered++;
    this.#latencyMs = Math.max(0, this.#clock.wallMs() - queued.atMs);
    this.#wakeWriter();
    return { done: false, value: queued.packet };
  }

  #wakeWriter(): void {
    this.#roomWaiter?.resolve();
    this.#roomWaiter = undefined;
  }
}
