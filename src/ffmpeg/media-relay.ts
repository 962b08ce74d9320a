import type { WriteOptions } from '../channel/lane-writer.ts';
import { orAbort } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type { DemuxEnd, DemuxItem } from './demux-protocol.ts';
import { MediaQueue, type QueuedPacket, type QueueLimits, type QueueStats } from './media-queue.ts';

/** The way to the main thread. */
export interface DemuxLane {
  readonly hasRoom: boolean;
  tryWrite(item: DemuxItem, options: WriteOptions): boolean;
  room(): Promise<void>;
}

/**
 * The worker's side of the media: picture and sound wait in queues of their own while the main thread is busy, and go in
 * the order they came. So a full picture queue drops pictures, and the sound goes on.
 */
export class MediaRelay {
  readonly #lane: DemuxLane;
  readonly #clock: Clock;
  readonly #video: MediaQueue;
  readonly #audio: MediaQueue;
  #epoch = 1;
  #order = 0;
  #isWaiting = false;
  #moved = Promise.withResolvers<void>();

  constructor(
    lane: DemuxLane,
    limits: { readonly video: QueueLimits; readonly audio: QueueLimits },
    clock: Clock,
  ) {
    this.#lane = lane;
    this.#clock = clock;
    this.#video = new MediaQueue(limits.video);
    this.#audio = new MediaQueue(limits.audio);
  }

  /** Takes a packet. Look at {@link room} first. Metadata goes with the picture. */
  push(packet: MediaPacket): void {
    this.#queueOf(packet).push({ packet, order: ++this.#order, atMs: this.#clock.wallMs() });
    this.#pump();
  }

  /** Whether a packet has to wait because its queue is full and may drop nothing. */
  isBlocked(packet: MediaPacket): boolean {
    return this.#queueOf(packet).isBlocked;
  }

  /** Waits until a packet need not wait. Returns early when the signal aborts. */
  async room(packet: MediaPacket, signal: AbortSignal): Promise<void> {
    while (this.isBlocked(packet) && !signal.aborted) await this.#change(signal);
  }

  /** Waits until everything is on its way, and sends the end behind it. Returns early when the signal aborts. */
  async finish(end: DemuxEnd['end'], signal: AbortSignal): Promise<void> {
    while (this.#next !== undefined && !signal.aborted) await this.#change(signal);
    try {
      await orAbort(this.#lane.room(), signal);
    } catch {
      return; // The source is not wanted any more, or the channel closes.
    }
    this.#lane.tryWrite({ epoch: this.#epoch, end }, {});
  }

  /** Makes everything void that was pushed so far, here and on its way. Returns the epoch that ended. */
  clear(): { readonly epoch: number; readonly clearedVideo: number; readonly clearedAudio: number } {
    return { epoch: this.#epoch++, clearedVideo: this.#video.clear(), clearedAudio: this.#audio.clear() };
  }

  stats(): { readonly workerVideo: QueueStats; readonly workerAudio: QueueStats } {
    return { workerVideo: this.#video.stats(), workerAudio: this.#audio.stats() };
  }

  #queueOf({ kind }: MediaPacket): MediaQueue {
    return kind === 'audio' ? this.#audio : this.#video;
  }

  get #next(): MediaQueue | undefined {
    const video = this.#video.peek();
    const audio = this.#audio.peek();
    if (video === undefined || audio === undefined)
      return video === undefined ? audio && this.#audio : this.#video;
    return video.order < audio.order ? this.#video : this.#audio;
  }

  #pump(): void {
    for (let queue = this.#next; queue !== undefined && !this.#isWaiting; queue = this.#next) {
      if (!this.#lane.hasRoom) return void this.#pumpLater();
      const queued = queue.shift();
      if (queued !== undefined) this.#send(queued);
    }
  }

  #send({ packet: { tag }, atMs }: QueuedPacket): void {
    this.#lane.tryWrite({ epoch: this.#epoch, tag, atMs }, { transfer: [tag.buffer] });
  }

  async #pumpLater(): Promise<void> {
    this.#isWaiting = true;
    try {
      await this.#lane.room();
    } catch {
      return; // The channel closes: nothing goes any more.
    }
    this.#isWaiting = false;
    this.#pump();
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }

  async #change(signal: AbortSignal): Promise<void> {
    await orAbort(this.#moved.promise, signal).catch(() => {});
  }
}
