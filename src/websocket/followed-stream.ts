import type { Gap, Subscription, SubscriptionEnd } from '../fanout/types.ts';
import type { LiveStream } from '../media/live-stream.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type { EncodedMessage, MessageEncoder } from './message-encoder.ts';
import type { QualityMode } from './protocol.ts';
import {
  fullQuality,
  PictureFilter,
  QualityGovernor,
  type QualityLimits,
  type QualityStep,
} from './quality.ts';
import type { FollowedStats, StreamRuns } from './session-types.ts';

/** What a followed stream needs of its viewer. */
export interface FollowedHost {
  readonly encoder: MessageEncoder;
  readonly images: 'binary' | 'json';
  readonly runs: StreamRuns;
  readonly quality: QualityLimits | undefined;
  /** How far it may fall behind now. */
  lagLimitMs(): number;
  /** There is something to take. */
  readable(followed: FollowedStream): void;
  /** It was too slow. */
  gap(stream: string, gap: Gap): void;
  /** One of its callbacks threw. */
  failed(): void;
}

/** What {@link FollowedStream.take} gives. */
export interface TakenMessage {
  /** The packet. */
  readonly message: EncodedMessage;
  /** How long it has waited since it could have been taken, in ms. */
  readonly waitedMs: number;
}

// How timestamps relate to the time of day is told this often, and within a second when it has changed by a step.
const clockIntervalMs = 5_000;
const clockCheckMs = 1_000;
const clockStepMs = 10;

/** A stream that one viewer follows, whether it runs or not: its place in the ring, and how much of it the viewer gets. */
export class FollowedStream {
  readonly name: string;
  readonly #host: FollowedHost;
  readonly #filter = new PictureFilter();
  #run: LiveStream | undefined;
  /** Where packets come from: the run, or that of the lower stream. */
  #source: LiveStream | undefined;
  #subscription: Subscription<MediaPacket> | undefined;
  #governor: QualityGovernor | undefined;
  #chosen: QualityStep | undefined;
  #step = fullQuality;
  #gap: Gap | undefined;
  /** Texts that go out before the next packet. */
  #notices: object[] = [];
  /** The same for a change of quality; only the last one counts, however often a viewer changes its mind. */
  #qualityNotice: object | undefined;
  #nextClockMs = 0;
  #clockTold = { offsetMs: 0, atMs: Number.NEGATIVE_INFINITY };
  /** Since when it has not been caught up; `undefined` while it is. */
  #behindSinceMs: number | undefined;
  #delivered = 0;
  #reduced = 0;
  #gaps = 0;
  #missedBefore = 0;

  constructor(name: string, host: FollowedHost) {
    this.name = name;
    this.#host = host;
  }

  /** A run of this name has begun. */
  start(run: LiveStream, nowMs: number): void {
    this.stop();
    this.#run = run;
    const { quality } = this.#host;
    const hasLower = quality?.lowerStream?.(this.name) !== undefined;
    this.#governor = quality && new QualityGovernor(quality.maxLatencyMs, hasLower, nowMs);
    this.#step = fullQuality;
    this.#filter.reduceTo(0);
    this.#subscribe(run, nowMs);
    this.review(nowMs);
  }

  /** Whether this is the run, or the source in its place. */
  isRun(id: number): boolean {
    return this.#run?.id === id;
  }

  /** Whether packets come from this run. */
  comesFrom(id: number): boolean {
    return this.#source?.id === id;
  }

  /** The run is over, or followed no more. */
  stop(): void {
    this.#unsubscribe();
    this.#run = undefined;
    this.#notices = [];
    this.#qualityNotice = undefined;
  }

  /** Its publisher has come back: how timestamps relate to the time of day has changed. */
  resumed(nowMs: number): void {
    this.#nextClockMs = nowMs;
  }

  /** The viewer wants this much, or leaves it to us. */
  choose(mode: QualityMode, every: number, nowMs: number): void {
    this.#chosen = mode === 'auto' ? undefined : mode === 'full' ? fullQuality : { mode, every };
    this.review(nowMs);
  }

  /** Takes what comes next, with notices for in front of it into `texts`. `undefined` when there is nothing. */
  take(texts: Uint8Array[], nowMs: number): TakenMessage | undefined {
    for (;;) {
      const waitedMs = this.#waitedMs(nowMs);
      const packet = this.#subscription?.read();
      if (this.#gap !== undefined) this.#noteGap(this.#gap, nowMs);
      if (packet === undefined) break;
      if (!this.#filter.accepts(packet)) {
        this.#reduced++;
        continue;
      }
      this.#delivered++;
      this.#tellClock(nowMs);
      this.#takeNotices(texts);
      return { message: this.#encode(packet), waitedMs };
    }
    this.#behindSinceMs = undefined;
    this.#takeNotices(texts);
    return undefined;
  }

  /** It was not taken to the end: from now on its packets wait. */
  noteBehind(nowMs: number): void {
    this.#behindSinceMs ??= nowMs;
  }

  /** Something was acknowledged. */
  noteLatency(latencyMs: number, nowMs: number): void {
    this.#governor?.noteLatency(latencyMs, nowMs);
  }

  /** Changes to the quality that has been decided on. */
  review(nowMs: number): void {
    if (this.#run === undefined) return;
    this.#governor?.review(nowMs);
    const decided = this.#chosen ?? this.#governor?.step ?? fullQuality;
    const lower = decided.mode === 'full' ? undefined : this.#lower();
    const step = decided.mode === 'lower' && lower === undefined ? fullQuality : decided;
    const source = lower ?? this.#run;
    if (isSameStep(step, this.#step) && this.comesFrom(source.id)) return;
    if (!this.comesFrom(source.id)) this.#subscribe(source, nowMs);
    this.#change(step, this.#run, source);
  }

  /** Other lag limits are due. */
  limitLag(): void {
    this.#subscription?.limitLag({ ms: this.#host.lagLimitMs() });
  }

  stats(): FollowedStats {
    const { missed = 0, lagMs = 0 } = this.#subscription?.stats() ?? {};
    const skipped = this.#missedBefore + missed + this.#reduced;
    const offered = this.#delivered + skipped;
    return {
      stream: this.name,
      id: this.#run?.id ?? null,
      offered,
      delivered: this.#delivered,
      skipped,
      lossPercent: lossPercent(skipped, offered),
      gaps: this.#gaps,
      lagMs,
      quality: this.#step.mode,
      every: this.#step.every,
    };
  }

  #subscribe(source: LiveStream, nowMs: number): void {
    this.#unsubscribe();
    this.#source = source;
    this.#behindSinceMs = nowMs;
    this.#nextClockMs = nowMs;
    this.#clockTold.atMs = Number.NEGATIVE_INFINITY;
    this.#subscription = source.fanout.subscribe({
      from: 'resync',
      maxLag: { ms: this.#host.lagLimitMs() },
      onReadable: () => this.#host.readable(this),
      onGap: (gap) => {
        this.#gap = gap;
      },
      onEnd: (end) => this.#ended(end),
    });
  }

  #unsubscribe(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#source = undefined;
    if (subscription === undefined) return;
    subscription.unsubscribe();
    this.#missedBefore += subscription.stats().missed;
  }

  // Its end as such comes from the directory, which also tells why.
  #ended({ reason }: SubscriptionEnd): void {
    if (reason === 'failed') this.#host.failed();
  }

  #encode(packet: MediaPacket): EncodedMessage {
    const { encoder, images } = this.#host;
    const picture = images === 'json' ? encoder.picture(packet, this.#head()) : undefined;
    return picture ?? encoder.followed(packet, this.#source!.id);
  }

  #head(): { readonly stream: string; readonly id: number } {
    return { stream: this.#source!.name, id: this.#source!.id };
  }

  // What came before it joined, nobody has waited for.
  #waitedMs(nowMs: number): number {
    if (this.#behindSinceMs === undefined || this.#subscription === undefined) return 0;
    return Math.min(this.#subscription.stats().lagMs, nowMs - this.#behindSinceMs);
  }

  #noteGap(gap: Gap, nowMs: number): void {
    this.#gap = undefined;
    this.#gaps++;
    this.#governor?.noteGap(nowMs);
    this.#notices.push({ type: 'gap', ...this.#head(), ...gap });
    this.#host.gap(this.name, gap);
  }

  #tellClock(nowMs: number): void {
    if (nowMs < this.#nextClockMs) return;
    const reference = this.#source!.clockReference();
    if (reference === undefined) return;
    this.#nextClockMs = nowMs + clockCheckMs;
    const { timestampMs, wallMs } = reference;
    const offsetMs = wallMs - timestampMs;
    const isOld = nowMs - this.#clockTold.atMs >= clockIntervalMs;
    if (!isOld && Math.abs(offsetMs - this.#clockTold.offsetMs) < clockStepMs) return;
    this.#clockTold = { offsetMs, atMs: nowMs };
    this.#notices.push({ type: 'clock', ...this.#head(), timestamp_ms: timestampMs, wall_ms: wallMs });
  }

  #takeNotices(texts: Uint8Array[]): void {
    // The quality comes first: it names the stream that the others may be about.
    if (this.#qualityNotice !== undefined) texts.push(this.#host.encoder.text(this.#qualityNotice));
    this.#qualityNotice = undefined;
    for (const notice of this.#notices) texts.push(this.#host.encoder.text(notice));
    this.#notices.length = 0;
  }

  #change(step: QualityStep, { id }: LiveStream, source: LiveStream): void {
    this.#step = step;
    this.#filter.reduceTo(step.mode === 'keyframes' ? step.every : 0);
    const instead = source.id === id ? {} : { instead: source.name, instead_id: source.id };
    this.#qualityNotice = { type: 'quality', stream: this.name, id, ...step, ...instead };
    this.#host.readable(this);
  }

  #lower(): LiveStream | undefined {
    const { quality, runs } = this.#host;
    const name = this.#chosen === undefined ? quality?.lowerStream?.(this.name) : undefined;
    const lower = name === undefined ? undefined : runs.find(name);
    return lower?.state === 'ended' ? undefined : lower;
  }
}

function isSameStep(one: QualityStep, other: QualityStep): boolean {
  return one.mode === other.mode && one.every === other.every;
}

/** `skipped` of `offered` in percent. */
export function lossPercent(skipped: number, offered: number): number {
  return offered === 0 ? 0 : (100 * skipped) / offered;
}
