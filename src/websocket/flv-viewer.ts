import { flvFileHeader } from '../codec/flv.ts';
import type { Clock } from '../core/clock.ts';
import type { Gap, Subscription } from '../fanout/types.ts';
import type { LiveStream } from '../media/live-stream.ts';
import type { MediaPacket } from '../media/media-packet.ts';
import type { Flushable, Flusher } from './flusher.ts';
import { lossPercent } from './followed-stream.ts';
import { type EncodedMessage, type MessageEncoder, messageBytes } from './message-encoder.ts';
import { closeCodes } from './protocol.ts';
import type { SessionLimits, SessionStats } from './session-types.ts';
import { ViewerLink } from './viewer-link.ts';
import type { ViewerSink } from './viewer-sink.ts';

/** What happens to a viewer. */
interface FlvViewerHooks {
  /** It was too slow and skipped packets. */
  gap(gap: Gap): void;
  /** It is dropped: its connection took nothing, or a callback failed here. Called once. */
  giveUp(reason: 'stalled' | 'failed'): void;
}

/** What an {@link FlvViewer} is made of. */
export interface FlvViewerOptions {
  /** What it watches. */
  readonly stream: LiveStream;
  /** Its connection. */
  readonly sink: ViewerSink;
  /** How tags are sent: each as a WebSocket message, or one after the other. */
  readonly framing: 'websocket' | 'http';
  /** Makes the messages; one for all viewers. */
  readonly encoder: MessageEncoder;
  /** Says when to write; one for all viewers. */
  readonly flusher: Flusher;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Its bounds. */
  readonly limits: Pick<SessionLimits, 'lagLimitMs' | 'stallTimeoutMs'>;
  /** Who is told. */
  readonly hooks: FlvViewerHooks;
}

// A viewer that catches up gets this much per write: enough to fill a socket, little enough that what lies behind it in
// the ring can still be skipped.
const maxWriteBytes = 256 << 10;

/**
 * One viewer of one stream as plain FLV: takes packets from its place in the ring and keeps one write in flight. What its
 * connection does not take stays in the ring, which all viewers share; a viewer that falls behind skips to a keyframe.
 */
export class FlvViewer implements Flushable {
  readonly #options: FlvViewerOptions;
  readonly #link: ViewerLink;
  readonly #subscription: Subscription<MediaPacket>;
  #hasHeader = false;
  /** Whether there may be more than one write has taken. */
  #hasMore = false;
  #isOver = false;

  constructor(options: FlvViewerOptions) {
    const { stream, sink, flusher, clock, limits, hooks } = options;
    this.#options = options;
    this.#link = new ViewerLink(sink, clock, limits.stallTimeoutMs, {
      drained: () => this.flush(),
      stalled: () => this.#giveUp('stalled'),
      owesSign: () => false,
    });
    this.#subscription = stream.fanout.subscribe({
      from: 'resync',
      maxLag: { ms: limits.lagLimitMs },
      onReadable: () => flusher.schedule(this),
      onEnd: () => flusher.schedule(this),
      onGap: (gap) => hooks.gap(gap),
    });
  }

  /** Whether its connection has still to take what was written, a ping included. */
  get isBusy(): boolean {
    return this.#link.isBusy;
  }

  /** Counters as of now. How long its data is under way nobody knows. */
  stats(): SessionStats {
    const { delivered: inOrder, resent, missed: skipped, gaps, lagMs } = this.#subscription.stats();
    const delivered = inOrder + resent;
    const offered = delivered + skipped;
    const counters = { offered, delivered, skipped, lossPercent: lossPercent(skipped, offered), gaps, lagMs };
    const { name, id } = this.#options.stream;
    return {
      ...counters,
      ...{ latencyMs: null, lastLatencyMs: null, latenessMs: null, roundTripMs: null, windowBytes: null },
      unacknowledgedBytes: 0,
      bytesSent: this.#link.bytesSent,
      streams: [{ stream: name, id, ...counters, quality: 'full', every: 1 }],
    };
  }

  /** Forgets the viewer: its connection has closed. */
  leave(): void {
    this.#isOver = true;
    this.#options.flusher.forget(this);
    this.#subscription.unsubscribe();
    this.#link.leave();
  }

  /** Writes what is due. Called by the flusher. */
  flush(): void {
    if (this.#isOver || !this.#link.isReady) return;
    const pieces = this.#collect();
    if (pieces.length > 0) this.#link.write(pieces);
    else if (this.#subscription.end !== undefined) this.#conclude(this.#subscription.end.reason);
    if (this.#hasMore && this.#link.isReady) this.#options.flusher.schedule(this);
  }

  /** `flush` threw. Nobody else notices. */
  fail(): void {
    this.#giveUp('failed');
  }

  #collect(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    this.#hasMore = true;
    for (let bytes = 0; bytes < maxWriteBytes; ) {
      const packet = this.#subscription.read();
      this.#hasMore = packet !== undefined;
      if (packet === undefined) break;
      const message = this.#encode(packet);
      if (!this.#hasHeader) pieces.push(...this.#header());
      pieces.push(...message);
      bytes += messageBytes(message);
    }
    return pieces;
  }

  #encode(packet: MediaPacket): EncodedMessage {
    const { framing, encoder } = this.#options;
    return framing === 'websocket' ? encoder.plain(packet) : [packet.tag];
  }

  // A player waits for every kind of track that the file header promises, so it promises what has been seen.
  #header(): EncodedMessage {
    this.#hasHeader = true;
    const { stream, framing, encoder } = this.#options;
    const header = flvFileHeader({ audio: stream.has('audio'), video: stream.has('video') });
    return framing === 'websocket' ? encoder.binary(header) : [header];
  }

  #conclude(reason: string): void {
    this.#isOver = true;
    if (reason === 'failed') return this.#giveUp('failed');
    // Ended, or cut off before it had taken all: the same to a player.
    this.#link.end(closeCodes.normal, 'stream ended');
  }

  #giveUp(reason: 'stalled' | 'failed'): void {
    this.#isOver = true;
    this.#options.hooks.giveUp(reason);
    this.#link.destroy();
  }
}
