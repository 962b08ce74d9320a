import type { Clock } from '../core/clock.ts';
import type { SpillwayErrorCode } from '../core/errors.ts';
import type { LiveStream } from '../media/live-stream.ts';
import { type AckPace, AckPacer } from './ack-pace.ts';
import { AckWindow } from './ack-window.ts';
import type { Flushable } from './flusher.ts';
import { FollowList } from './follow-list.ts';
import { type FollowedStream, lossPercent } from './followed-stream.ts';
import { messageBytes } from './message-encoder.ts';
import { type Acknowledgement, closeCodes, type ViewerMessage } from './protocol.ts';
import type { GiveUpReason, SessionStats, SessionViewerOptions } from './session-types.ts';
import { ViewerEar } from './viewer-ear.ts';
import { ViewerLink } from './viewer-link.ts';
import { webSocketSink } from './viewer-sink.ts';

// Most bytes in one write. What is written can be neither skipped nor passed, so a viewer gets less whose window we do
// not know.
const maxWriteBytes = { withWindow: 1 << 20, without: 256 << 10 } as const;

/** A round trip that has changed by less does not change the lag limits. */
const roundTripToleranceMs = 50;

const latencyWeight = 1 / 8;

/**
 * A viewer that follows any number of streams over one WebSocket: takes packets from its places in their rings, in turn,
 * as long as its connection and its window have room. What does not fit stays in the rings, which all viewers share.
 *
 * Order that its owner keeps: `viewer_connected` by `announce` before the first `follow`; `announce` of `stream_started`
 * before `streamStarted`; `streamEnded` before `announce` of `stream_ended`; `leave` when the WebSocket has closed.
 */
export class SessionViewer implements Flushable {
  readonly #options: SessionViewerOptions;
  readonly #clock: Clock;
  readonly #link: ViewerLink;
  readonly #ear: ViewerEar;
  readonly #window: AckWindow | undefined;
  readonly #pacer: AckPacer;
  readonly #follows: FollowList;
  /** Streams that have something, in the order of their turns. */
  #readable: FollowedStream[] = [];
  #isBlocked = false;
  #isOver = false;
  #lagRoundTripMs = 0;
  #latencyMs: number | null = null;
  #lastLatencyMs: number | null = null;
  #latenessMs: number | null = null;

  constructor(options: SessionViewerOptions) {
    const { webSocket, raw, clock, limits, hooks } = options;
    this.#options = options;
    this.#clock = clock;
    this.#window = options.acknowledges ? new AckWindow() : undefined;
    this.#pacer = new AckPacer(clock.nowMs());
    this.#link = new ViewerLink(webSocketSink(webSocket, raw), clock, limits.stallTimeoutMs, {
      drained: () => this.#goOn(),
      stalled: () => this.#drop('stalled'),
      owesSign: () => (this.#window?.underWayMessages ?? 0) > 0,
    });
    this.#ear = new ViewerEar(webSocket, clock, {
      said: (message) => this.#act(message),
      acknowledged: (acknowledgement) => this.#acknowledge(acknowledgement),
      refused: (message) => this.#refuse('PROTOCOL_COMMAND', message),
      broke: (reason) => this.#giveUp(reason),
    });
    const { encoder, images, runs, quality } = options;
    const host = {
      ...{ encoder, images, runs, quality },
      lagLimitMs: () => limits.lagLimitMs + this.#lagRoundTripMs,
      readable: (followed: FollowedStream) => this.#note(followed),
      gap: hooks.gap,
      failed: () => this.#drop('failed'),
    };
    this.#follows = new FollowList(host, limits.maxStreams);
  }

  /**
   * Sends a stream from now on, or as soon as there is one; `*` stands for all there are and all that come. Tells the
   * viewer when that is more than it may follow.
   */
  follow(name: string): void {
    if (!this.#follows.add(name, this.#clock.nowMs())) this.#refuseMore();
  }

  /** Sends a stream no more; `*` stands for all. */
  unfollow(name: string): void {
    this.#follows.remove(name);
    this.#passOver();
  }

  /** A run has begun; it is sent if its name is followed. */
  streamStarted(run: LiveStream): void {
    if (!this.#follows.start(run, this.#clock.nowMs())) this.#refuseMore();
  }

  /** A run is over. What is left of it goes out if there is room right now. A name that was asked for stays followed. */
  streamEnded(id: number): void {
    for (const followed of [...this.#follows.all()]) {
      if (!followed.isRun(id) && !followed.comesFrom(id)) continue;
      this.#note(followed);
      this.flush();
      if (followed.isRun(id)) this.#follows.end(followed);
      else followed.review(this.#clock.nowMs());
    }
    this.#passOver();
  }

  /** A run goes on after its publisher was lost. */
  streamResumed(id: number): void {
    for (const followed of this.#follows.all())
      if (followed.comesFrom(id)) followed.resumed(this.#clock.nowMs());
  }

  /** Sends a text frame of the encoder ahead of all packets that wait. Never dropped: who lets too many pile up is. */
  announce(frame: Uint8Array): void {
    this.#link.announce(frame);
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#say({ type: 'ping', t: this.#clock.nowMs() });
  }

  /** Writes what is due. Called by the flusher. */
  flush(): void {
    if (!this.#link.isReady || this.#isOver) return this.#noteBlocked(this.#clock.nowMs());
    const nowMs = this.#clock.nowMs();
    for (const followed of [...this.#readable]) followed.review(nowMs);
    const pieces = this.#collect(nowMs);
    if (pieces.length > 0) this.#link.write(pieces);
    this.#noteBlocked(nowMs);
    if (!this.#isBlocked || !this.#link.isReady) return;
    if (this.#hasRoom(nowMs)) this.#options.flusher.schedule(this);
    else this.#tellPace(this.#pacer.noteFull(nowMs));
  }

  /** `flush` threw. Nobody else notices. */
  fail(): void {
    this.#drop('failed');
  }

  /** Lets go of everything: the connection has closed. */
  leave(): void {
    this.#isOver = true;
    this.#ear.close();
    this.#follows.clear();
    this.#readable = [];
    this.#options.flusher.forget(this);
    this.#link.leave();
  }

  /** Whether its connection has still to take what was written, a ping included. */
  get isBusy(): boolean {
    return this.#link.isBusy;
  }

  /** Counters as of now. */
  stats(): SessionStats {
    const follows = this.#follows.stats();
    return {
      ...follows,
      lossPercent: lossPercent(follows.skipped, follows.offered),
      latencyMs: this.#latencyMs,
      lastLatencyMs: this.#lastLatencyMs,
      latenessMs: this.#latenessMs,
      roundTripMs: this.#window?.roundTripMs ?? null,
      windowBytes: this.#window?.windowBytes ?? null,
      unacknowledgedBytes: this.#window?.underWayBytes ?? 0,
      bytesSent: this.#link.bytesSent,
    };
  }

  #note(followed: FollowedStream): void {
    if (this.#isOver) return;
    if (!this.#readable.includes(followed)) this.#readable.push(followed);
    this.#options.flusher.schedule(this);
  }

  /** Gives no turn to what is followed no more: while nothing is written, nobody else would take it out. */
  #passOver(): void {
    this.#readable = this.#readable.filter((followed) => this.#follows.get(followed.name) === followed);
  }

  // One packet of each stream in turn: a stream with large pictures keeps nobody waiting for long.
  #collect(nowMs: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const maxBytes = this.#window === undefined ? maxWriteBytes.without : maxWriteBytes.withWindow;
    for (let bytes = 0; bytes < maxBytes && this.#readable.length > 0 && this.#hasRoom(nowMs); ) {
      const followed = this.#readable.shift()!;
      const taken = followed.take(pieces, nowMs);
      if (taken === undefined) continue;
      this.#readable.push(followed);
      pieces.push(...taken.message);
      const size = messageBytes(taken.message);
      this.#window?.send(size, nowMs, taken.waitedMs);
      bytes += size;
    }
    return pieces;
  }

  #hasRoom(nowMs: number): boolean {
    return this.#window?.hasRoom(nowMs) ?? true;
  }

  #noteBlocked(nowMs: number): void {
    this.#isBlocked = this.#readable.length > 0;
    for (const followed of this.#readable) followed.noteBehind(nowMs);
  }

  #goOn(): void {
    if (this.#isBlocked) this.flush();
  }

  #acknowledge({ received, latenessMs }: Acknowledgement): boolean | undefined {
    const nowMs = this.#clock.nowMs();
    const acknowledged = this.#window?.acknowledge(received, nowMs);
    if (acknowledged === undefined) return undefined;
    this.#latenessMs = latenessMs ?? null;
    if (acknowledged.messages === 0) return false;
    this.#link.noteProgress();
    this.#noteLatency(acknowledged.latencyMs, nowMs);
    this.#adaptLag();
    const { windowBytes, roundTripMs = 0 } = this.#window!;
    this.#tellPace(this.#pacer.note(acknowledged.roundTripMs - roundTripMs, windowBytes, nowMs));
    this.#goOn();
    return true;
  }

  #tellPace(pace: AckPace | undefined): void {
    if (pace === undefined) return;
    this.#window!.ackDelayMs = pace.everyMs;
    this.#say({ type: 'acknowledge', every_ms: pace.everyMs, every_bytes: pace.everyBytes });
  }

  #noteLatency(latencyMs: number, nowMs: number): void {
    this.#lastLatencyMs = latencyMs;
    this.#latencyMs = latencyMs + (1 - latencyWeight) * ((this.#latencyMs ?? latencyMs) - latencyMs);
    for (const followed of this.#follows.all()) followed.noteLatency(latencyMs, nowMs);
  }

  #adaptLag(): void {
    const roundTripMs = this.#window!.roundTripMs!;
    if (Math.abs(roundTripMs - this.#lagRoundTripMs) < roundTripToleranceMs) return;
    this.#lagRoundTripMs = roundTripMs;
    for (const followed of this.#follows.all()) followed.limitLag();
  }

  #act(message: ViewerMessage): void {
    switch (message.type) {
      case 'follow':
        return this.follow(message.stream);
      case 'unfollow':
        return this.unfollow(message.stream);
      case 'quality':
        return this.#choose(message);
      case 'ping':
        return this.#say({ type: 'pong', t: message.t, wall_ms: this.#clock.wallMs() });
      case 'pong':
        return; // Any message is a sign of life.
    }
  }

  #choose({ stream, mode, every }: Extract<ViewerMessage, { type: 'quality' }>): void {
    const followed = this.#follows.get(stream);
    if (followed === undefined) this.#refuse('PROTOCOL_COMMAND', `'${stream}' is not followed`);
    else followed.choose(mode, every, this.#clock.nowMs());
  }

  #refuseMore(): void {
    this.#refuse('OVERFLOW_STREAMS', `a viewer follows at most ${this.#options.limits.maxStreams} streams`);
  }

  #refuse(code: SpillwayErrorCode, message: string): void {
    this.#say({ type: 'error', code, message });
  }

  #say(message: object): void {
    this.announce(this.#options.encoder.text(message));
  }

  #giveUp(reason: 'protocol' | 'flooded'): void {
    this.#tellOwner(reason);
    if (reason === 'protocol') this.#link.end(closeCodes.protocolError, 'broke the protocol');
    else this.#link.end(closeCodes.policyViolation, 'too many messages');
  }

  #drop(reason: 'stalled' | 'failed'): void {
    this.#tellOwner(reason);
    this.#link.destroy();
  }

  #tellOwner(reason: GiveUpReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.hooks.giveUp(reason);
  }
}
