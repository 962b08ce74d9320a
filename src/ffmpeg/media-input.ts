import type { SupervisedWorker } from '../channel/supervised-worker.ts';
import { Emitter } from '../core/emitter.ts';
import { ClosedError, ConfigError, type WorkerExitError } from '../core/errors.ts';
import type { Service, ServiceContext } from '../core/service.ts';
import type { StreamDirectory } from '../media/stream-directory.ts';
import { Delivery } from './delivery.ts';
import type { DemuxProtocol, WantedSource } from './demux-protocol.ts';
import { createDemuxWorker, superviseDemux } from './demux-service.ts';
import type { InputMoment, MediaInputEvents, MediaInputState, MediaInputStats } from './input-events.ts';
import { add, type DemuxStatus, InputRecord, none } from './input-record.ts';
import { maskUrl } from './mask-secrets.ts';
import type { MediaOutput } from './media-output.ts';
import { Metronome } from './metronome.ts';
import {
  type MediaInputOptions,
  type ResolvedInputOptions,
  resolveInputOptions,
  resolveRequest,
  type SourceOptions,
} from './options.ts';

type DemuxLoop = ReturnType<SupervisedWorker<DemuxProtocol>['data'][typeof Symbol.asyncIterator]>;

/** What is on its way while a `run` lasts. */
interface Life {
  readonly stop: AbortController;
  readonly signal: AbortSignal;
  readonly ended: Promise<void>;
}

// Behind all epochs that a worker had.
const lastEpoch = Number.MAX_SAFE_INTEGER;

const heartbeatMs = 1_000;

/**
 * Pulls a source (RTSP, SRT, UDP, HLS, a file, a device) through ffmpeg and gives its picture and its sound as packets.
 * ffmpeg and everything that waits for it live in a worker of their own: whatever the source does, this thread gets a
 * `heartbeat` every second, `stop()` takes less than a second, and nothing is left running. A source that fails is
 * connected again, at once the first time and then after growing pauses; a worker that dies or hangs is replaced. A
 * server that closes an HTTP connection *ends* its source as a file does: a camera behind one wants `reconnectOnEnd`.
 *
 * Whoever chooses the URL chooses what ffmpeg opens, local files and internal hosts included: do not pass on what a
 * stranger sends without checking it. ffmpeg's command line shows the URL to other users of the machine.
 *
 * @example
 * ```ts
 * const input = new MediaInput({ url: 'rtsp://camera.local/main', inputOptions: ['-rtsp_transport', 'tcp'] });
 * input.on('failed', ({ message, retryInMs }) => console.warn(message, retryInMs));
 * const running = new Supervisor({ name: 'app' }).add(input).run({ signal });
 * for await (const packet of input.video) decode(packet);
 * ```
 */
export class MediaInput extends Emitter<MediaInputEvents> implements Service {
  readonly name: string;
  readonly #options: ResolvedInputOptions;
  readonly #worker: SupervisedWorker<DemuxProtocol>;
  readonly #delivery: Delivery;
  #life: Life | undefined;
  #wanted: WantedSource | undefined;
  readonly #record = new InputRecord();
  #lastId = 0;
  #loop: DemuxLoop | undefined;
  #reportedDrops = none;

  /** @throws {ConfigError} when an option is unknown or out of range, or `fluent-ffmpeg` is not installed. */
  constructor(options: MediaInputOptions = {}) {
    const resolved = resolveInputOptions(options);
    super(resolved.logger);
    this.name = resolved.name;
    this.#options = resolved;
    this.#delivery = new Delivery(resolved);
    this.#worker = createDemuxWorker(resolved);
    this.#worker.on('status', (event) => this.#onStatus(event));
    this.#worker.on('ended', ({ incarnation, exit }) => this.#onWorkerEnded(incarnation, exit.error));
    if (options.url !== undefined) this.connect(options.url);
  }

  /** The picture, for one loop at a time. */
  get video(): MediaOutput {
    return this.#delivery.outputs.video;
  }

  /** The sound, for one loop at a time. */
  get audio(): MediaOutput {
    return this.#delivery.outputs.audio;
  }

  /**
   * Wants this source from now on, instead of the one before, and keeps it connected. Returns at once; events tell the
   * rest. Holds over restarts of the worker and of `run`.
   *
   * @param options - How to read it; what is left out is as the constructor was told.
   * @throws {ConfigError} when an option is unknown or out of range.
   * @throws {OverflowError} when the worker does not take its messages: 4096 wait already.
   */
  connect(url: string, options: SourceOptions = {}): void {
    const request = resolveRequest(url, { ...this.#options.source, ...options });
    const wanted = { ...request, id: ++this.#lastId };
    this.#worker.set('connect', wanted);
    this.#wanted = wanted;
    this.#record.startOver();
  }

  /** Wants no source from now on. Returns at once; `disconnected` tells when ffmpeg has ended, if it was connected. */
  disconnect(): void {
    this.#forgetSource();
    try {
      this.#worker.send('disconnect', {});
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error; // No worker, so no ffmpeg.
    }
  }

  /**
   * Ends `run`, if it runs, and the loops over `video` and `audio` that are open. Resolves when nothing is left running.
   * May be called again.
   */
  async stop(): Promise<void> {
    if (this.#life === undefined) return this.#delivery.end(); // Loops may wait for it, whether or not it ever ran.
    this.#life.stop.abort(new ClosedError(`${this.name} is stopped`));
    await this.#life.ended;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Ends the worker by force; `run` goes on with another one unless it is being stopped. */
  kill(): void {
    this.#worker.kill();
  }

  /**
   * Gives all packets to a stream of a directory, for its viewers, instead of to `video` and `audio`. A source that is
   * lost leaves the stream waiting for it; one that ended or was disconnected ends the stream.
   *
   * @returns The function that ends this, and the stream with it.
   * @throws {ConfigError} when it is published already.
   */
  publishTo(streams: StreamDirectory, name: string): () => void {
    return this.#delivery.publishTo(streams, name);
  }

  /** Where things stand. True at any moment, also while the source, ffmpeg or the worker hang. */
  stats(): MediaInputStats {
    const { reconnects, failures, workersLost, workerDropped } = this.#record;
    return {
      state: this.#state,
      url: this.#wanted === undefined ? null : maskUrl(this.#wanted.url),
      reconnects,
      failures,
      incarnation: this.#worker.incarnation,
      workerRestarts: workersLost,
      lastPacketAgeMs: this.#delivery.lastPacketAgeMs,
      video: this.video.stats(),
      audio: this.audio.stats(),
      workerDroppedVideo: workerDropped.video,
      workerDroppedAudio: workerDropped.audio,
    };
  }

  /**
   * Runs until `signal` aborts or `stop()` is called. Calls `ready()` when the worker serves, connected or not: an
   * unreachable source is no reason to restart anything. Calls `beat()` every second. May be called again.
   *
   * @throws {RestartLimitError} when the worker died or hung more than ten times in a minute.
   * @throws {ConfigError} when it runs already.
   */
  async run(context: ServiceContext): Promise<void> {
    if (this.#life !== undefined) throw new ConfigError(`${this.name} runs already`);
    const ended = Promise.withResolvers<void>();
    const stop = new AbortController();
    const life = { stop, signal: AbortSignal.any([context.signal, stop.signal]), ended: ended.promise };
    this.#life = life;
    try {
      await this.#live(context, life);
    } finally {
      this.#life = undefined;
      ended.resolve();
    }
  }

  async #live(context: ServiceContext, { stop, signal }: Life): Promise<void> {
    const heart = new Metronome(this.#options.clock, heartbeatMs, () => this.#beat(context));
    const delivering = this.#deliver(signal);
    heart.start();
    try {
      await superviseDemux(this.#worker, this.#options).run({ signal, ready: () => context.ready() });
    } finally {
      stop.abort(); // Also when the supervisor gave up: a loop that waits for room lets go.
      heart.stop();
      await this.#loop?.return();
      await delivering;
    }
    this.#delivery.end();
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    // A worker that is killed ends the loop over its data in good order. The next worker's data take another one.
    while (!signal.aborted) {
      this.#loop = this.#worker.data[Symbol.asyncIterator]();
      for await (const item of this.#loop) {
        if (item.kind === 'item') await this.#delivery.take(item.value, item.incarnation, signal);
      }
    }
  }

  #onStatus(event: DemuxStatus): void {
    this.#record.note(event);
    const { atMs, incarnation } = event;
    const moment: InputMoment = { atMs, incarnation };
    switch (event.status) {
      case 'connecting':
        return this.emit('connecting', { ...event.detail, ...moment });
      case 'connected':
        return this.emit('connected', { ...event.detail, ...moment });
      case 'disconnected':
        return this.#onDisconnected(event.detail, moment);
      case 'failed':
        this.#options.logger.warn('source failed', { input: this.name, ...event.detail });
        return this.emit('failed', { ...event.detail, ...moment });
      case 'progress':
        return this.emit('progress', { ...event.detail, ...moment });
    }
  }

  #onDisconnected(
    { id, epoch, clearedVideo, clearedAudio, ...detail }: DemuxProtocol['statuses']['disconnected'],
    moment: InputMoment,
  ): void {
    const { reason, retryInMs } = detail;
    if (reason === 'ended' && retryInMs === null && this.#wanted?.id === id) this.#forgetSource();
    const how = retryInMs === null ? 'over' : 'lost';
    const here = reason === 'ended' ? none : this.#delivery.disconnected(how, { ...moment, epoch });
    const cleared = { clearedVideo: clearedVideo + here.video, clearedAudio: clearedAudio + here.audio };
    this.emit('disconnected', { ...detail, ...cleared, ...moment });
  }

  #onWorkerEnded(incarnation: number, error: WorkerExitError | undefined): void {
    const url = this.#record.connectedUrl;
    this.#record.noteWorkerEnd(error !== undefined);
    const isStopping = this.#life?.signal.aborted ?? true;
    const isOver = isStopping || this.#wanted === undefined;
    const era = { incarnation, epoch: lastEpoch };
    const { video, audio } = this.#delivery.disconnected(isOver ? 'over' : 'lost', era);
    const moment = { atMs: this.#options.clock.wallMs(), incarnation };
    if (error !== undefined) this.emit('workerLost', { code: error.code, message: error.message, ...moment });
    if (url === undefined) return;
    const reason = isStopping ? 'requested' : 'worker-lost';
    const cleared = { clearedVideo: video, clearedAudio: audio };
    this.emit('disconnected', { url, reason, retryInMs: isOver ? null : 0, ...cleared, ...moment });
  }

  #forgetSource(): void {
    this.#worker.unset('connect');
    this.#wanted = undefined;
  }

  #beat({ beat }: ServiceContext): void {
    beat();
    this.#reportDrops();
    this.emit('heartbeat', {
      ...this.#now,
      state: this.#state,
      lastPacketAgeMs: this.#delivery.lastPacketAgeMs,
      workerBeatAgeMs: this.#worker.stats().channel?.lastBeatAgeMs ?? null,
      videoDepth: this.video.stats().depth,
      audioDepth: this.audio.stats().depth,
    });
  }

  #reportDrops(): void {
    const total = add(this.#record.workerDropped, this.#delivery.dropped);
    const video = total.video - this.#reportedDrops.video;
    const audio = total.audio - this.#reportedDrops.audio;
    if (video + audio === 0) return;
    this.#reportedDrops = total;
    this.emit('dropped', { ...this.#now, video, audio });
  }

  get #now(): InputMoment {
    return { atMs: this.#options.clock.wallMs(), incarnation: this.#worker.incarnation };
  }

  get #state(): MediaInputState {
    if (this.#life === undefined) return 'stopped';
    return this.#wanted === undefined ? 'idle' : this.#record.phase;
  }
}
