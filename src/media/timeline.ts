import { writeFlvTimestamp } from './flv-tag.ts';
import type { MediaPacket } from './media-packet.ts';

// The pause a viewer's clock sees where one publisher ends and the next begins: one frame at 25 fps.
const seamMs = 40;

/**
 * Keeps the timestamps of a stream going on when its publisher comes back and counts from 0 again. All kinds of packets
 * move by the same amount, so picture and sound stay together.
 */
export class Timeline {
  #offsetMs = 0;
  #latestMs: number | undefined;
  #isSeam = false;

  /** Says that the next packet comes from another publisher. */
  startOver(): void {
    this.#isSeam = this.#latestMs !== undefined;
  }

  /** Moves a packet onto the stream's timeline; its tag is changed in place. */
  place(packet: MediaPacket): MediaPacket {
    // Many encoders stamp headers and data with 0 whatever the time is, so only picture and sound tell the time.
    const tellsTime = packet.kind !== 'data' && !packet.isConfig;
    if (this.#isSeam) this.#offsetMs = (this.#latestMs ?? 0) + seamMs - packet.dtsMs;
    const placed = this.#offsetMs === 0 ? packet : move(packet, this.#offsetMs);
    if (tellsTime) this.#note(placed.dtsMs);
    return placed;
  }

  #note(dtsMs: number): void {
    this.#isSeam = false;
    this.#latestMs ??= dtsMs;
    if (((dtsMs - this.#latestMs) | 0) > 0) this.#latestMs = dtsMs; // The difference is right across the wrap, too.
  }
}

function move(packet: MediaPacket, offsetMs: number): MediaPacket {
  const dtsMs = (packet.dtsMs + offsetMs) >>> 0;
  writeFlvTimestamp(packet.tag, dtsMs);
  return { ...packet, dtsMs, ptsMs: dtsMs + packet.ptsMs - packet.dtsMs };
}
