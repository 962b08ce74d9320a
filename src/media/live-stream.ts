import type { Clock } from '../core/clock.ts';
import type { BoundedFanout } from '../fanout/bounded-fanout.ts';
import { ArrivalClock, type ClockReference } from './arrival-clock.ts';
import type { MediaPacket } from './media-packet.ts';
import { RateMeter } from './rate-meter.ts';

/** Whether packets come: `interrupted` means that the publisher was lost and may resume. */
export type LiveStreamState = 'live' | 'interrupted' | 'ended';

/** What one kind of packet of a stream amounts to. */
export interface TrackStats {
  /** FourCC of the codec. */
  readonly codec: string;
  /** Frames so far: pictures, or packets of sound. */
  readonly packets: number;
  /** Packets per second over the last two seconds: frames per second for video. */
  readonly packetsPerSecond: number;
  /** Kilobits per second over the last two seconds. */
  readonly bitrateKbps: number;
}

/** A stream as it is at this moment. */
export interface LiveStreamStats {
  /** Number of this run, unique in its directory. */
  readonly id: number;
  /** Its public name. */
  readonly name: string;
  /** Whether packets come. */
  readonly state: LiveStreamState;
  /** How long it has existed, in ms. */
  readonly uptimeMs: number;
  /** Time since the last packet, in ms; `null` before the first. */
  readonly lastPacketAgeMs: number | null;
  /** Time between the last two keyframes on the media's own clock, in ms; `null` before the second. */
  readonly keyframeIntervalMs: number | null;
  /** How often a lost publisher came back. */
  readonly resumptions: number;
  /** Subscribers of the fanout. */
  readonly viewers: number;
  /** Packets that viewers had to skip, all together. */
  readonly missedPackets: number;
  /** Video, once there was any. */
  readonly video: TrackStats | null;
  /** Audio, once there was any. */
  readonly audio: TrackStats | null;
}

/** One stream that viewers can subscribe to. Made by {@link StreamDirectory.publish}. */
export class LiveStream {
  /** Number of this run of the stream, from 1; unique in its directory. A name that ends and starts anew gets another. */
  readonly id: number;
  /** Its public name, such as `'live/camera'`. */
  readonly name: string;
  /** Where its packets go; subscribe here. */
  readonly fanout: BoundedFanout<MediaPacket>;
  readonly #clock: Clock;
  #arrivals: ArrivalClock;
  readonly #startedAtMs: number;
  readonly #tracks = { video: new Track(), audio: new Track() };
  #state: LiveStreamState = 'live';
  #lastPacketAtMs: number | undefined;
  #lastKeyframeDtsMs: number | undefined;
  #keyframeIntervalMs: number | null = null;
  #resumptions = 0;

  /** @internal */
  constructor(id: number, name: string, fanout: BoundedFanout<MediaPacket>, clock: Clock) {
    this.id = id;
    this.name = name;
    this.fanout = fanout;
    this.#clock = clock;
    this.#arrivals = new ArrivalClock(clock);
    this.#startedAtMs = clock.nowMs();
  }

  /** Whether packets come. */
  get state(): LiveStreamState {
    return this.#state;
  }

  /** Whether it has shown packets of this kind, headers included: what an FLV file header says. */
  has(kind: 'video' | 'audio'): boolean {
    return this.#tracks[kind].codec !== undefined;
  }

  /** FourCC of the codec of this kind, `null` when there was none so far. */
  codecOf(kind: 'video' | 'audio'): string | null {
    return this.#tracks[kind].codec ?? null;
  }

  /** How its timestamps relate to the time of day; `undefined` before the first frame, also of a publisher that came back. */
  clockReference(): ClockReference | undefined {
    return this.#arrivals.reference();
  }

  /** Hands a packet to all viewers. */
  publish(packet: MediaPacket): void {
    const nowMs = this.#clock.nowMs();
    this.#lastPacketAtMs = nowMs;
    if (packet.kind !== 'data') this.#tracks[packet.kind].count(packet, nowMs);
    if (packet.isFrame) this.#arrivals.note(packet.dtsMs, nowMs);
    if (packet.isKeyframe) this.#noteKeyframe(packet.dtsMs);
    this.fanout.publish(packet);
  }

  /** Numbers for a status page. */
  stats(): LiveStreamStats {
    const nowMs = this.#clock.nowMs();
    const { subscribers, missed } = this.fanout.stats();
    return {
      id: this.id,
      name: this.name,
      state: this.#state,
      uptimeMs: nowMs - this.#startedAtMs,
      lastPacketAgeMs: this.#lastPacketAtMs === undefined ? null : nowMs - this.#lastPacketAtMs,
      keyframeIntervalMs: this.#keyframeIntervalMs,
      resumptions: this.#resumptions,
      viewers: subscribers,
      missedPackets: missed,
      video: this.#tracks.video.stats(nowMs),
      audio: this.#tracks.audio.stats(nowMs),
    };
  }

  /** @internal The publisher was lost. */
  interrupt(): void {
    this.#state = 'interrupted';
  }

  /** @internal A publisher took over. */
  resume(): void {
    this.#arrivals = new ArrivalClock(this.#clock); // The timestamps go on where they stopped; the time of day did not.
    this.#state = 'live';
    this.#resumptions++;
  }

  /** @internal Nothing follows: viewers get what is in the ring, then the end. */
  end(reason: string): void {
    this.#state = 'ended';
    this.fanout.end(reason);
  }

  #noteKeyframe(dtsMs: number): void {
    // `| 0` makes the difference right across the wrap at 2^32, too.
    if (this.#lastKeyframeDtsMs !== undefined)
      this.#keyframeIntervalMs = (dtsMs - this.#lastKeyframeDtsMs) | 0;
    this.#lastKeyframeDtsMs = dtsMs;
  }
}

/** Counts the packets of one kind. */
class Track {
  codec: string | undefined;
  #packets = 0;
  readonly #packetRate = new RateMeter();
  readonly #byteRate = new RateMeter();

  count(packet: MediaPacket, nowMs: number): void {
    this.codec = packet.codec;
    this.#byteRate.add(nowMs, packet.tag.byteLength);
    if (!packet.isFrame) return;
    this.#packets++;
    this.#packetRate.add(nowMs, 1);
  }

  stats(nowMs: number): TrackStats | null {
    if (this.codec === undefined) return null;
    return {
      codec: this.codec,
      packets: this.#packets,
      packetsPerSecond: this.#packetRate.perSecond(nowMs),
      bitrateKbps: (this.#byteRate.perSecond(nowMs) * 8) / 1000,
    };
  }
}
