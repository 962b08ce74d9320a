import { sleep } from '../core/abort.ts';
import { type Backoff, exponentialBackoff } from '../core/backoff.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type {
  DemuxProtocol,
  DemuxSettings,
  DisconnectReason,
  SourceProgress,
  WantedSource,
} from './demux-protocol.ts';
import { isLiveUrl } from './live-url.ts';
import { maskSecrets, maskUrl } from './mask-secrets.ts';
import type { MediaRelay } from './media-relay.ts';
import { type PacketSink, type SourceEnd, SourceReader } from './source-reader.ts';

/** Tells the main thread a status. */
export type TellStatus = <Name extends keyof DemuxProtocol['statuses']>(
  name: Name,
  detail: DemuxProtocol['statuses'][Name],
) => void;

interface Wanted {
  readonly request: WantedSource;
  readonly url: string;
  readonly replaced: AbortController;
}

interface Attempt {
  readonly number: number;
  connectedAtMs: number | undefined;
}

const progressIntervalMs = 1_000;

/**
 * Keeps the source connected that is wanted: reads it, and when it fails reads it again, at once the first time and then
 * after growing pauses. A source that held for a good spell starts over with the pauses.
 */
export class Demuxer {
  readonly #settings: DemuxSettings;
  readonly #relay: MediaRelay;
  readonly #tell: TellStatus;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #wanted: Wanted | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: DemuxSettings, relay: MediaRelay, tell: TellStatus, clock: Clock) {
    this.#settings = settings;
    this.#relay = relay;
    this.#tell = tell;
    this.#clock = clock;
    this.#backoff = exponentialBackoff(settings.backoff);
  }

  /** Wants this source from now on, instead of the one before. */
  connect(request: WantedSource): void {
    this.#wanted?.replaced.abort();
    this.#wanted = { request, url: maskUrl(request.url), replaced: new AbortController() };
    this.#running ??= this.#run();
  }

  /** Wants no source. */
  disconnect(): void {
    this.#wanted?.replaced.abort();
    this.#wanted = undefined;
  }

  /** Wants no source, and resolves when nothing of the one before is left. */
  async stop(): Promise<void> {
    this.disconnect();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let wanted = this.#wanted; wanted !== undefined; wanted = this.#wanted) {
      await this.#keep(wanted);
      if (this.#wanted === wanted) this.#wanted = undefined; // It is over.
    }
    this.#running = undefined;
  }

  async #keep(wanted: Wanted): Promise<void> {
    const { signal } = wanted.replaced;
    let retry = 0;
    for (let number = 1; !signal.aborted; number++) {
      const attempt: Attempt = { number, connectedAtMs: undefined };
      const end = await this.#read(wanted, attempt);
      if (this.#wasGood(attempt)) retry = 0;
      const isWanted = !signal.aborted && this.#wantsRetry(end, wanted.request.url);
      const retryInMs = isWanted ? this.#backoff.delayMs(retry++) : null;
      this.#report(wanted, attempt, end, retryInMs);
      if (retryInMs === null) return;
      await sleep(this.#clock, retryInMs, signal);
    }
  }

  async #read({ request, url, replaced: { signal } }: Wanted, attempt: Attempt): Promise<SourceEnd> {
    this.#tell('connecting', { url, attempt: attempt.number });
    const meter = new ProgressMeter(this.#relay, this.#clock, (progress) => this.#tell('progress', progress));
    const reader = new SourceReader(
      this.#settings,
      meter,
      {
        connected: (info, connectMs) => {
          attempt.connectedAtMs = this.#clock.nowMs();
          this.#tell('connected', {
            url,
            attempt: attempt.number,
            connectMs: Math.round(connectMs),
            ...info,
          });
          meter.start();
        },
      },
      this.#clock,
    );
    const end = await reader.read(request, signal);
    if (end.kind === 'ended')
      await this.#relay.finish(this.#wantsRetry(end, request.url) ? 'lost' : 'over', signal);
    meter.stop();
    return signal.aborted ? { kind: 'stopped' } : end;
  }

  #report(
    { url, request: { id } }: Wanted,
    { number, connectedAtMs }: Attempt,
    end: SourceEnd,
    retryInMs: number | null,
  ): void {
    // What a source said before its good end is still worth hearing. Otherwise it is void.
    const isOver = end.kind === 'ended';
    const cleared = isOver ? { epoch: 0, clearedVideo: 0, clearedAudio: 0 } : this.#relay.clear();
    if (connectedAtMs !== undefined)
      this.#tell('disconnected', { id, url, reason: reasons[end.kind], retryInMs, ...cleared });
    if (end.kind !== 'failed' || retryInMs === null) return;
    const { code, message } = end.error;
    this.#tell('failed', { url, attempt: number, code, message: maskSecrets(message), retryInMs });
  }

  #wantsRetry({ kind }: SourceEnd, url: string): boolean {
    return kind === 'failed' || (kind === 'ended' && (this.#settings.reconnectOnEnd ?? isLiveUrl(url)));
  }

  #wasGood({ connectedAtMs }: Attempt): boolean {
    return connectedAtMs !== undefined && this.#clock.nowMs() - connectedAtMs >= this.#settings.goodSpellMs;
  }
}

const reasons: Readonly<Record<SourceEnd['kind'], DisconnectReason>> = {
  stopped: 'requested',
  ended: 'ended',
  failed: 'failed',
};

/** Counts what goes to the relay and tells it once a second. */
class ProgressMeter implements PacketSink {
  readonly #relay: MediaRelay;
  readonly #clock: Clock;
  readonly #tell: (progress: SourceProgress) => void;
  #timer: Timer | undefined;
  #packets = { video: 0, audio: 0, data: 0 };
  #bytes = 0;
  #dtsMs = 0;

  constructor(relay: MediaRelay, clock: Clock, tell: (progress: SourceProgress) => void) {
    this.#relay = relay;
    this.#clock = clock;
    this.#tell = tell;
  }

  push(packet: MediaPacket): void {
    this.#packets[packet.kind]++;
    this.#bytes += packet.tag.byteLength;
    this.#dtsMs = packet.dtsMs;
    this.#relay.push(packet);
  }

  isBlocked(packet: MediaPacket): boolean {
    return this.#relay.isBlocked(packet);
  }

  room(packet: MediaPacket, signal: AbortSignal): Promise<void> {
    return this.#relay.room(packet, signal);
  }

  start(): void {
    this.#timer = this.#clock.setTimer(progressIntervalMs, () => {
      this.#report();
      this.start();
    });
  }

  /** The last word, and no more. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#report();
  }

  #report(): void {
    const { video: videoPackets, audio: audioPackets } = this.#packets;
    this.#tell({
      videoPackets,
      audioPackets,
      bytes: this.#bytes,
      dtsMs: this.#dtsMs,
      ...this.#relay.stats(),
    });
  }
}
