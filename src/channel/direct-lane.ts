import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { checkKnown, checkOneOf, checkText, refusal } from '../core/check.ts';
import { ClosedError, WorkerExitError } from '../core/errors.ts';
import { Mailbox } from '../core/mailbox.ts';
import type { LaneLimits, LaneOverflow } from './lane-limits.ts';
import { checkLaneBounds } from './options.ts';
import { laneWindow } from './start-worker.ts';
import type { LaneOffer } from './wire.ts';
import { WorkerChannel } from './worker-channel.ts';

/** Options of {@link DirectLane}. */
export interface DirectLaneOptions {
  /** By which both workers ask for their ends. */
  readonly name: string;
  /** Items that may wait in the worker that writes, beside the 64 that may be on their way. Default 256. */
  readonly capacity?: number;
  /** Bytes that may wait in the worker that writes, beside the 32 MiB on their way. Default 16 MiB. */
  readonly maxBytes?: number;
  /** What happens to an item when that worker's queue is full. Default `'block'`: the worker waits. */
  readonly overflow?: LaneOverflow;
}

/** The channel of a worker, whatever its protocol. */
export type LaneWorker = Pick<WorkerChannel<unknown>, 'name' | 'host' | 'closed'>;

/** Options of {@link DirectLane.connect}. */
export interface ConnectedLaneOptions extends DirectLaneOptions {
  /** The channel of the worker that writes. */
  readonly from: LaneWorker;
  /** The channel of the worker that reads. */
  readonly to: LaneWorker;
}

type End = LaneOffer['end'];
type Ends = Partial<Record<End, WorkerChannel<unknown>>>;

/**
 * A bounded data lane from one worker to another, past their parent: what travels on it never meets the parent's thread.
 * It outlives the restart of either end, which the parent tells by `attach`; the end that lives on is told of the
 * discontinuity. Nothing is delivered twice, and what is lost is counted.
 *
 * Threads get a `MessagePort`; when one of the two is a process, they get a local socket.
 *
 * @example
 * ```ts
 * const lane = await DirectLane.connect({ name: 'media', from: ingest, to: fanout });
 * // in the one worker                                    in the other
 * const media = channel.laneWriter<Packet>('media');      const media = channel.laneReader<Packet>('media');
 * await media.write(packet, { transfer });                for await (const item of media) …
 * // when a worker was started anew
 * await lane.attach('from', newIngest);
 * ```
 */
export class DirectLane {
  /** By which both workers ask for their ends. */
  readonly name: string;
  readonly #limits: LaneLimits;
  readonly #ends: Ends = {};
  /** The ends that were connected last. */
  #linked: Ends = {};
  readonly #linking = new Mailbox();
  #isClosed = false;

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: DirectLaneOptions) {
    checkKnown('DirectLane', options, ['name', 'capacity', 'maxBytes', 'overflow']);
    this.name = checkText('name', options.name);
    this.#limits = { ...checkLaneBounds(options), ...laneWindow };
  }

  /** Makes a lane and connects both ends. */
  static async connect({ from, to, ...options }: ConnectedLaneOptions): Promise<DirectLane> {
    const lane = new DirectLane(options);
    await Promise.all([lane.attach('from', from), lane.attach('to', to)]);
    return lane;
  }

  /**
   * Gives the lane a new end: the channel of the worker that writes or reads from now on. Settles when both ends are
   * connected, or at once while the other one is missing or when they are connected already; also when a worker ends meanwhile, as another `attach` follows.
   *
   * @throws {ClosedError} when the lane was closed, {@link TimeoutError} when a worker does not answer within 10 s,
   * {@link ConfigError} when a worker uses its end the wrong way round.
   */
  async attach(end: End, channel: LaneWorker): Promise<void> {
    checkOneOf('end', end, ['from', 'to']);
    if (!(channel instanceof WorkerChannel)) throw refusal('channel', channel, 'a WorkerChannel');
    if (this.#isClosed) throw new ClosedError(`the lane '${this.name}' is closed`);
    this.#ends[end] = channel;
    void channel.closed.then(() => this.#forget(end, channel));
    await this.#linking.post(() => this.#link());
  }

  /** Ends the lane: the writer takes nothing more, the reader's loop ends behind what was written before. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#linking.post(async () => {
      await this.#offer('from', { kind: 'end' });
      await this.#offer('to', { kind: 'end' });
    });
  }

  async #link(): Promise<void> {
    const { from, to } = this.#ends;
    if (from === undefined || to === undefined || this.#isClosed) return;
    if (this.#linked.from === from && this.#linked.to === to) return;
    if (from.host === 'thread' && to.host === 'thread') await this.#linkThreads();
    else await this.#linkBySocket(socketPath());
    this.#linked = { from, to };
  }

  async #linkBySocket(path: string): Promise<void> {
    try {
      await this.#offer('to', { kind: 'listen', path });
      await this.#offer('from', { kind: 'connect', path });
    } finally {
      // A process that was killed while it listened leaves the name behind.
      if (process.platform !== 'win32') await rm(path, { force: true });
    }
  }

  async #linkThreads(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    await Promise.all([
      this.#offer('from', { kind: 'port', port: port1 }),
      this.#offer('to', { kind: 'port', port: port2 }),
    ]);
  }

  async #offer(end: End, link: LaneOffer['link']): Promise<void> {
    try {
      await this.#ends[end]?.offerLane({ name: this.name, end, limits: this.#limits, link });
    } catch (error) {
      // That worker is gone; its successor will be attached.
      if (!(error instanceof WorkerExitError || error instanceof ClosedError)) throw error;
    }
  }

  #forget(end: End, channel: WorkerChannel<unknown>): void {
    if (this.#ends[end] === channel) delete this.#ends[end];
  }
}

function socketPath(): string {
  const name = `spillway-${randomUUID().slice(0, 18)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}
