import { refusal } from '../core/check.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { readMediaPacket } from '../media/media-packet.ts';
import { StreamDirectory } from '../media/stream-directory.ts';
import type { DemuxEnd, DemuxItem, DemuxPacket } from './demux-protocol.ts';
import type { PacketCounts } from './input-record.ts';
import type { ResolvedInputOptions } from './options.ts';
import { type Era, OutputPair } from './output-pair.ts';
import { StreamBridge } from './stream-bridge.ts';

/** Where the packets of an input go: to its two outputs, or to a stream. */
export class Delivery {
  readonly outputs: OutputPair;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #bridge: StreamBridge | undefined;
  #lastPacketAtMs: number | undefined;

  constructor({ name, settings, clock, logger }: ResolvedInputOptions) {
    this.outputs = new OutputPair(name, settings, clock);
    this.#name = name;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Time since the last packet that was of use, in ms; `null` before the first. */
  get lastPacketAgeMs(): number | null {
    return this.#lastPacketAtMs === undefined ? null : this.#clock.nowMs() - this.#lastPacketAtMs;
  }

  /** Packets the outputs dropped. */
  get dropped(): PacketCounts {
    const { video, audio } = this.outputs;
    return { video: video.stats().dropped, audio: audio.stats().dropped };
  }

  /** Takes an item, waiting for room where none may be dropped. */
  async take(item: DemuxItem, incarnation: number, signal: AbortSignal): Promise<void> {
    const era = { incarnation, epoch: item.epoch };
    if ('end' in item) this.#bridge?.endEra(reasons[item.end], era);
    else await this.#takePacket(item, era, signal);
  }

  publishTo(streams: StreamDirectory, stream: string): () => void {
    if (!(streams instanceof StreamDirectory)) throw refusal('streams', streams, 'a StreamDirectory');
    if (this.#bridge !== undefined) throw new ConfigError(`${this.#name} is published already`);
    const bridge = new StreamBridge(streams, stream, this.#logger);
    this.#bridge = bridge;
    return () => {
      if (this.#bridge === bridge) this.#bridge = undefined;
      bridge.end('unpublished');
    };
  }

  /** The source failed or is not wanted any more. Makes what waits void. One that ends well says so behind its packets. */
  disconnected(how: DemuxEnd['end'], era: Era): PacketCounts {
    this.#bridge?.endEra(reasons[how], era);
    return this.outputs.close(era);
  }

  /** Nothing follows in this run. */
  end(): void {
    this.#bridge?.end('unpublished');
    this.outputs.end();
  }

  async #takePacket({ tag, atMs }: DemuxPacket, era: Era, signal: AbortSignal): Promise<void> {
    const packet = readMediaPacket(tag);
    if (!this.outputs.admits(era)) return this.outputs.countStale(packet);
    this.#lastPacketAtMs = this.#clock.nowMs();
    if (this.#bridge === undefined) await this.outputs.push(packet, atMs, signal);
    else this.#bridge.write(tag, era);
  }
}

const reasons = { lost: 'lost', over: 'unpublished' } as const satisfies Record<DemuxEnd['end'], unknown>;
