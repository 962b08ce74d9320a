import { RingQueue } from '../core/ring-queue.ts';
import type { MediaPacket } from '../media/media-packet.ts';

/** What happens to a packet when its queue is full. */
export type MediaOverflow =
  /** The oldest packets make room, up to the next one that a decoder can start with: for video a keyframe. */
  | 'drop'
  /** Nothing is dropped: ffmpeg waits, and with it the source, if that can. */
  | 'block';

/** The bounds of a queue of packets. */
export interface QueueLimits {
  readonly capacity: number;
  readonly maxBytes: number;
  readonly overflow: MediaOverflow;
}

/** A moment of a queue of packets. */
export interface QueueStats {
  /** Packets that wait. */
  readonly depth: number;
  /** Bytes that wait. */
  readonly bytes: number;
  /** The most packets that have waited at the same time. */
  readonly highWaterPackets: number;
  /** The most bytes that have waited at the same time. */
  readonly highWaterBytes: number;
  /** Packets that were dropped because the queue was full. */
  readonly dropped: number;
  /** Media time between the oldest and the newest packet that wait, in ms. */
  readonly lagMs: number;
}

/** A packet that waits. `order` is its place among the packets of all queues, `atMs` when ffmpeg gave it to us. */
export interface QueuedPacket {
  readonly packet: MediaPacket;
  readonly order: number;
  readonly atMs: number;
}

/**
 * Packets of one kind that wait for their consumer. When it is full, it skips to a packet that a decoder can start with.
 * Codec headers are never lost: of those that are skipped, the newest of each kind comes first when it goes on.
 */
export class MediaQueue {
  readonly #limits: QueueLimits;
  readonly #packets: RingQueue<QueuedPacket>;
  readonly #skippedConfigs = new Map<MediaPacket['kind'], QueuedPacket>();
  #isSkipping = false;
  #newestDtsMs = 0;
  #bytes = 0;
  #highWaterPackets = 0;
  #highWaterBytes = 0;
  #dropped = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#packets = new RingQueue(limits.capacity);
  }

  /** Whether a packet is taken and nothing dropped. One packet may reach beyond the byte bound. */
  get hasRoom(): boolean {
    return !this.#packets.isFull && this.#bytes < this.#limits.maxBytes;
  }

  /** Whether a producer has to wait: it is full and may drop nothing. */
  get isBlocked(): boolean {
    return this.#limits.overflow === 'block' && !this.hasRoom;
  }

  /** Takes a packet, dropping what it must. Under `'block'` the producer looks at {@link isBlocked} first. */
  push(queued: QueuedPacket): void {
    while (!this.hasRoom) this.#skip();
    if (this.#isSkipping && !canStart(queued.packet)) return this.#drop(queued);
    // Headers come back only in front of a frame that starts afresh, so behind a skip they wait for that frame.
    if (canStart(queued.packet)) this.#isSkipping = false;
    this.#packets.push(queued);
    this.#bytes += queued.packet.tag.byteLength;
    this.#newestDtsMs = queued.packet.dtsMs;
    this.#highWaterPackets = Math.max(this.#highWaterPackets, this.#packets.length);
    this.#highWaterBytes = Math.max(this.#highWaterBytes, this.#bytes);
  }

  /** The next packet, left in place. */
  peek(): QueuedPacket | undefined {
    if (this.#packets.length === 0) return undefined;
    return this.#firstConfig ?? this.#packets.peek();
  }

  /** Takes the next packet. */
  shift(): QueuedPacket | undefined {
    if (this.#packets.length === 0) return undefined;
    const config = this.#firstConfig;
    if (config === undefined) return this.#takeOldest();
    this.#skippedConfigs.delete(config.packet.kind);
    return config;
  }

  /** Forgets everything and returns how many packets that were. */
  clear(): number {
    const count = this.#packets.length;
    this.#packets.clear();
    this.#skippedConfigs.clear();
    this.#isSkipping = false;
    this.#bytes = 0;
    return count;
  }

  stats(): QueueStats {
    const oldest = this.#packets.peek();
    return {
      depth: this.#packets.length,
      bytes: this.#bytes,
      highWaterPackets: this.#highWaterPackets,
      highWaterBytes: this.#highWaterBytes,
      dropped: this.#dropped,
      // `| 0` makes the difference right across the wrap at 2^32, too.
      lagMs: oldest === undefined ? 0 : (this.#newestDtsMs - oldest.packet.dtsMs) | 0,
    };
  }

  get #firstConfig(): QueuedPacket | undefined {
    return this.#skippedConfigs.values().next().value;
  }

  #takeOldest(): QueuedPacket | undefined {
    const oldest = this.#packets.shift();
    this.#bytes -= oldest?.packet.tag.byteLength ?? 0;
    return oldest;
  }

  #skip(): void {
    this.#isSkipping = true;
    for (let oldest = this.#takeOldest(); oldest !== undefined; oldest = this.#takeOldest()) {
      this.#drop(oldest);
      const next = this.#packets.peek();
      if (next === undefined || !canStart(next.packet)) continue;
      this.#isSkipping = false;
      return;
    }
  }

  #drop(queued: QueuedPacket): void {
    if (queued.packet.isConfig) this.#skippedConfigs.set(queued.packet.kind, queued);
    else this.#dropped++;
  }
}

/** Whether a decoder that has its headers can go on here. Every frame of sound will do. */
function canStart({ kind, isFrame, isKeyframe }: MediaPacket): boolean {
  return isKeyframe || (kind === 'audio' && isFrame);
}
