import { FlvReader } from '../codec/flv.ts';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import { ProtocolError, type SpillwayError, TimeoutError } from '../core/errors.ts';
import { type MediaPacket, readMediaPacket } from '../media/media-packet.ts';
import type { DemuxSettings } from './demux-protocol.ts';
import { buildArguments, type SourceRequest } from './ffmpeg-command.ts';
import { FfmpegError } from './ffmpeg-error.ts';
import { type FfmpegEnd, FfmpegProcess, type FfmpegProcessOptions } from './ffmpeg-process.ts';
import { SilenceWatch } from './silence-watch.ts';
import { type SourceInfo, SourceInfoReader } from './source-info.ts';

/** Where the packets of a source go. */
export interface PacketSink {
  push(packet: MediaPacket): void;
  isBlocked(packet: MediaPacket): boolean;
  room(packet: MediaPacket, signal: AbortSignal): Promise<void>;
}

/** What is told of a source. */
export interface SourceListener {
  /** Its first frame is here, `connectMs` after ffmpeg was started. */
  connected(info: SourceInfo, connectMs: number): void;
}

/** How the reading of a source ended. */
export type SourceEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly error: SpillwayError };

/** Reads a source once: one ffmpeg from its start to its end. */
export class SourceReader {
  readonly #settings: DemuxSettings;
  readonly #sink: PacketSink;
  readonly #listener: SourceListener;
  readonly #clock: Clock;
  readonly #flv = new FlvReader();
  readonly #info = new SourceInfoReader();
  readonly #watch: SilenceWatch;
  #ffmpeg: FfmpegProcess | undefined;
  #startedAtMs = 0;
  #isConnected = false;
  #verdict: SpillwayError | undefined;

  constructor(settings: DemuxSettings, sink: PacketSink, listener: SourceListener, clock: Clock) {
    this.#settings = settings;
    this.#sink = sink;
    this.#listener = listener;
    this.#clock = clock;
    this.#watch = new SilenceWatch(clock, (limitMs) => this.#onSilent(limitMs));
  }

  /** Reads until the source ends or fails, or `signal` aborts. Then nothing of ffmpeg is left. Call it once. */
  async read(request: SourceRequest, signal: AbortSignal): Promise<SourceEnd> {
    const args = await buildArguments(request);
    if (signal.aborted) return { kind: 'stopped' };
    const { ffmpegPath: path, stopGraceMs, connectTimeoutMs } = this.#settings;
    const ffmpeg = startOrFail({ path, args, stopGraceMs, signal, clock: this.#clock });
    if (ffmpeg instanceof FfmpegError) return { kind: 'failed', error: ffmpeg };
    this.#ffmpeg = ffmpeg;
    this.#startedAtMs = this.#clock.nowMs();
    this.#watch.expect(connectTimeoutMs);
    try {
      for await (const bytes of ffmpeg.output) await this.#take(bytes, signal);
    } catch (error) {
      this.#fail(error instanceof ProtocolError ? error : broken(error));
    }
    const end = await ffmpeg.ended;
    this.#watch.stop();
    return signal.aborted ? { kind: 'stopped' } : this.#endOf(end);
  }

  async #take(bytes: Buffer, signal: AbortSignal): Promise<void> {
    for (const tag of this.#flv.push(bytes)) {
      const packet = readMediaPacket(tag);
      if (!this.#isConnected) this.#connect(packet);
      if (packet.isFrame) this.#watch.heard();
      if (this.#sink.isBlocked(packet)) await this.#wait(packet, signal);
      if (!signal.aborted) this.#sink.push(packet);
    }
  }

  #connect(packet: MediaPacket): void {
    this.#info.note(packet);
    if (!packet.isFrame) return;
    this.#isConnected = true;
    this.#listener.connected(this.#info.info, this.#clock.nowMs() - this.#startedAtMs);
    this.#watch.expect(this.#settings.stallTimeoutMs);
  }

  // While we hold the source back, its silence is our own doing.
  async #wait(packet: MediaPacket, signal: AbortSignal): Promise<void> {
    this.#watch.stop();
    await this.#sink.room(packet, signal);
    if (!signal.aborted) this.#watch.expect(this.#settings.stallTimeoutMs);
  }

  #onSilent(limitMs: number): void {
    this.#fail(
      this.#isConnected
        ? new TimeoutError('SOURCE_STALLED', `no frame for ${limitMs} ms while ffmpeg runs`)
        : new TimeoutError('SOURCE_CONNECT_TIMEOUT', `no frame within ${limitMs} ms${this.#hint()}`),
    );
  }

  #fail(error: SpillwayError): void {
    this.#verdict ??= error;
    void this.#ffmpeg?.kill();
  }

  #hint(): string {
    const line = this.#ffmpeg?.lastLines.at(-1);
    return line === undefined ? '' : `; ffmpeg's last words: ${line}`;
  }

  #endOf(end: FfmpegEnd): SourceEnd {
    if (this.#verdict !== undefined) return { kind: 'failed', error: this.#verdict };
    if (end.reason === 'failed') return { kind: 'failed', error: end.error };
    if (this.#isConnected) return { kind: 'ended' };
    const message = `ffmpeg ended without a single frame${this.#hint()}`;
    return { kind: 'failed', error: new FfmpegError('FFMPEG_EXITED', message, { exitCode: 0 }) };
  }
}

function startOrFail(options: FfmpegProcessOptions): FfmpegProcess | FfmpegError {
  try {
    return FfmpegProcess.start(options);
  } catch (error) {
    if (error instanceof FfmpegError) return error;
    throw error;
  }
}

function broken(cause: unknown): FfmpegError {
  const message = `reading from ffmpeg failed: ${describeError(cause)}`;
  return new FfmpegError('FFMPEG_EXITED', message, {}, { cause });
}
