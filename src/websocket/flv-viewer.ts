import { flvFileHeader } from '../codec/flv.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { Gap, Subscription, SubscriptionStats } from '../fanout/types.ts';
import type { LiveStream } from '../media/live-stream.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type { ViewerSink } from './viewer-sink.ts';

/** What happens to a viewer. */
export interface FlvViewerHooks {
  /** It was too slow and skipped packets. */
  gap(gap: Gap): void;
  /** A write, or the end, was not taken within the stall limit. */
  stalled(): void;
}

// A viewer that catches up gets this much per write: enough to fill a socket, little enough that what lies behind it in
// the ring can still be skipped.
const batchBytes = 256 << 10;

/**
 * One viewer of one stream: takes packets from its cursor and keeps one write in flight. What its connection does not
 * take stays in the ring, which all viewers share; a viewer that falls behind skips to a keyframe.
 */
export class FlvViewer {
  readonly #stream: LiveStream;
  readonly #sink: ViewerSink;
  readonly #clock: Clock;
  readonly #stallTimeoutMs: number;
  readonly #hooks: FlvViewerHooks;
  readonly #subscription: Subscription<MediaPacket>;
  #hasHeader = false;
  #isBusy = false;
  #stall: Timer | undefined;
  #bytesSent = 0;

  constructor(
    stream: LiveStream,
    sink: ViewerSink,
    clock: Clock,
    stallTimeoutMs: number,
    hooks: FlvViewerHooks,
  ) {
    this.#stream = stream;
    this.#sink = sink;
    this.#clock = clock;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#hooks = hooks;
    this.#subscription = stream.fanout.subscribe({
      from: 'resync',
      onReadable: () => this.#pump(),
      onEnd: () => this.#pump(),
      onGap: (gap) => hooks.gap(gap),
    });
  }

  /** Counters of its cursor, and what was sent. */
  stats(): SubscriptionStats & { readonly bytesSent: number } {
    return { ...this.#subscription.stats(), bytesSent: this.#bytesSent };
  }

  /** Forgets the viewer: its connection has closed. */
  leave(): void {
    this.#stall?.cancel();
    this.#subscription.unsubscribe();
  }

  #pump(): void {
    if (this.#isBusy) return;
    const batch = this.#take();
    if (batch.length > 0) return this.#write(batch);
    if (this.#subscription.end?.reason === 'ended') this.#finish();
    else if (this.#subscription.end?.reason === 'failed') this.#sink.destroy();
  }

  #take(): Uint8Array[] {
    const batch: Uint8Array[] = [];
    for (let bytes = 0; bytes < batchBytes; ) {
      const packet = this.#subscription.read();
      if (packet === undefined) break;
      batch.push(packet.tag);
      bytes += packet.tag.byteLength;
    }
    if (batch.length === 0 || this.#hasHeader) return batch;
    this.#hasHeader = true;
    // A player waits for every kind of track that the file header promises, so it promises what has been seen.
    return [flvFileHeader({ audio: this.#stream.has('audio'), video: this.#stream.has('video') }), ...batch];
  }

  #write(batch: readonly Uint8Array[]): void {
    this.#begin();
    for (const bytes of batch) this.#bytesSent += bytes.byteLength;
    this.#sink.write(batch, () => {
      this.#stall?.cancel();
      this.#isBusy = false;
      this.#pump();
    });
  }

  // Stays busy until `leave`, for nothing follows. A connection that does not take the end is as stuck as any other.
  #finish(): void {
    this.#begin();
    this.#sink.end();
  }

  #begin(): void {
    this.#isBusy = true;
    this.#stall = this.#clock.setTimer(this.#stallTimeoutMs, () => {
      this.#hooks.stalled();
      this.#sink.destroy();
    });
  }
}
