import type { Clock } from '../core/clock.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type { PacketCounts } from './input-record.ts';
import { MediaOutput } from './media-output.ts';
import type { QueueLimits } from './media-queue.ts';

/** Which packets belong together: those of one incarnation between two disconnections. */
export interface Era {
  readonly incarnation: number;
  readonly epoch: number;
}

const nothing: PacketCounts = { video: 0, audio: 0 };

/**
 * Picture and sound of a source. What belongs to an era that is over is void, and the packets of the next era may arrive
 * before the word that the last one is over: whichever comes first closes it, and clears once.
 */
export class OutputPair {
  readonly video: MediaOutput;
  readonly audio: MediaOutput;
  #newest: Era = { incarnation: 0, epoch: 0 };
  #isOpen = false;
  #unreported: PacketCounts = nothing;
  #order = 0;

  constructor(
    name: string,
    limits: { readonly video: QueueLimits; readonly audio: QueueLimits },
    clock: Clock,
  ) {
    this.video = new MediaOutput(`the video of ${name}`, limits.video, clock);
    this.audio = new MediaOutput(`the audio of ${name}`, limits.audio, clock);
  }

  /** Whether a packet of this era is to be used. The first one of a new era closes the one before. */
  admits(era: Era): boolean {
    const order = compareEras(era, this.#newest);
    if (order > 0) {
      if (this.#isOpen) this.#unreported = this.#clear();
      this.#newest = era;
      this.#isOpen = true;
    }
    return order >= 0 && this.#isOpen;
  }

  /** Ends an era and tells what was cleared by it. */
  close(era: Era): PacketCounts {
    const cleared = this.#unreported;
    this.#unreported = nothing;
    if (compareEras(era, this.#newest) < 0) return cleared; // Its successor's packets were faster.
    this.#newest = era;
    this.#isOpen = false;
    return this.#clear();
  }

  async push(packet: MediaPacket, atMs: number, signal: AbortSignal): Promise<void> {
    if (packet.kind === 'data') return; // Metadata: `connected` told it.
    const output = this[packet.kind];
    await output.room(signal);
    if (!signal.aborted) output.push({ packet, order: ++this.#order, atMs });
  }

  countStale({ kind }: MediaPacket): void {
    if (kind !== 'data') this[kind].countStale();
  }

  /** Ends the loops that are open. */
  end(): void {
    this.video.end();
    this.audio.end();
  }

  #clear(): PacketCounts {
    return { video: this.video.clear(), audio: this.audio.clear() };
  }
}

/** Below 0 when the first era is before the other, above 0 when it is behind it. */
export function compareEras(era: Era, other: Era): number {
  return era.incarnation - other.incarnation || era.epoch - other.epoch;
}
