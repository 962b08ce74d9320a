import { describeError } from '../core/error-transfer.ts';
import { type LogFields, type Logger, safeLogger } from '../core/logger.ts';
import { flvTagBody, writeFlvTimestamp } from '../media/flv-tag.ts';
import type { Publication } from '../media/stream-directory.ts';
import type { DecodedImage, ImageLimits } from './image-frame.ts';
import { isRefusal } from './image-refusal.ts';
import { imageHeadBytes } from './image-tag.ts';
import { InspectionLine } from './inspection-line.ts';
import { PictureTimeline } from './picture-timeline.ts';
import { parseObject } from './protocol.ts';
import { RateBudget } from './rate-budget.ts';
import { type ReceivedPicture, receivedPicture } from './received-picture.ts';
import { endByCloseCode, endings, plannedEnds, type StreamerEndReason } from './streamer-endings.ts';
import { StreamerLink } from './streamer-link.ts';
import { isEcho, noObject, readFileMessage, readFrameMessage, timeOf } from './streamer-message.ts';
import type { StreamerSetup } from './streamer-setup.ts';
import { type FrameRefusal, type StreamerStats, StreamerTally } from './streamer-stats.ts';
import { StreamerWatch } from './streamer-watch.ts';

type Stage =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'live'; readonly publication: Publication }
  | { readonly kind: 'ended'; readonly reason: StreamerEndReason };

/** What a streamer is told right before its connection closes. */
interface FinalError {
  readonly code: string;
  readonly message: string;
}

type Members = Readonly<Record<string, unknown>>;

// A page sends a ping now and then, so this is far above what it needs.
const maxControlPerSecond = 100;
const reportIntervalMs = 1_000;

/**
 * One connection that publishes pictures. Its stream begins with the first valid one. What is wrong with a message is told
 * and counted; only too much of it ends the connection.
 */
export class Streamer {
  readonly #setup: StreamerSetup;
  readonly #logger: Logger;
  readonly #limits: ImageLimits;
  readonly #link: StreamerLink;
  readonly #watch: StreamerWatch;
  readonly #line: InspectionLine | undefined;
  readonly #pictures: RateBudget;
  readonly #controls: RateBudget;
  readonly #timeline = new PictureTimeline();
  readonly #tally = new StreamerTally();
  readonly #readers: Readonly<Record<string, (members: Members) => void>> = {
    stop: () => this.#end('stopped'),
    ping: ({ t }) => this.#answerPing(t),
  };
  #stage: Stage = { kind: 'waiting' };
  #isAlive = true;
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(setup: StreamerSetup) {
    const { webSocket, clock, options, logger } = setup;
    this.#setup = setup;
    this.#logger = safeLogger(logger);
    this.#limits = { maxBytes: options.maxFrameBytes, maxPixels: options.maxPixels };
    this.#link = new StreamerLink(webSocket, clock, () => this.#end('unresponsive'));
    this.#watch = new StreamerWatch(clock, options, {
      silent: () => this.#onSilent(),
      frozen: () => this.#onFrozen(),
      ping: () => this.#onPingDue(),
      progress: () => this.#logger.info('streamer progress', this.#context()),
    });
    this.#line = this.#createLine();
    this.#pictures = new RateBudget(options.maxFramesPerSecond, clock.nowMs());
    this.#controls = new RateBudget(maxControlPerSecond, clock.nowMs());
  }

  /** Number of the streamer. */
  get id(): number {
    return this.#setup.id;
  }

  /** The stream it publishes. */
  get name(): string {
    return this.#setup.name;
  }

  /** Begins to listen. Call it in the turn in which the connection opened: an earlier message would be lost. */
  start(): void {
    const { webSocket, name, options } = this.#setup;
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    webSocket.on('pong', () => {
      this.#isAlive = true;
    });
    webSocket.on('error', (error) =>
      this.#warn('streamer connection failed', { error: describeError(error) }),
    );
    webSocket.on('close', (code) => this.#onClose(code));
    this.#watch.start();
    this.#link.say({
      type: 'streamer_connected',
      stream: name,
      ping_interval_ms: options.pingIntervalMs,
      max_frame_bytes: options.maxFrameBytes,
    });
  }

  /** Makes way for another connection, which continues the same stream. */
  replace(): void {
    this.#end('replaced', { code: 'replaced', message: 'another connection publishes this stream now' });
  }

  /** Ends the stream and the connection because the server closes. */
  close(): void {
    this.#end('closed');
  }

  /** Numbers for a status page. */
  stats(): StreamerStats {
    const { id, name, clock } = this.#setup;
    return { id, stream: name, state: this.#stage.kind, ...this.#tally.counts(clock.nowMs()) };
  }

  #createLine(): InspectionLine | undefined {
    const { clock, options } = this.#setup;
    if (options.inspect === undefined) return undefined;
    return new InspectionLine(options.inspect, options.inspectTimeoutMs, clock, {
      passed: (picture) => this.#publish(picture),
      refused: (refusal, error) => this.#refuse(refusal, error),
      skipped: () => this.#tally.skip(),
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#stage.kind === 'ended') return;
    this.#isAlive = true;
    this.#watch.heard();
    if (isBinary) this.#take(() => readFileMessage(data, this.#limits), undefined);
    else this.#receiveText(parseObject(data.toString()));
  }

  #receiveText(message: Members | undefined): void {
    if (message?.type === 'frame')
      return this.#take(() => readFrameMessage(message, this.#limits), timeOf(message));
    if (!this.#controls.take(this.#setup.clock.nowMs())) return this.#end('flooded', tooManyMessages);
    if (message === undefined) return this.#refuse(noObject);
    const { type } = message;
    if (typeof type === 'string' && Object.hasOwn(this.#readers, type)) this.#readers[type]?.(message);
  }

  #answerPing(t: unknown): void {
    if (isEcho(t)) this.#link.say({ type: 'pong', t, wall_ms: this.#setup.clock.wallMs() });
  }

  // The rate is looked at first: what comes too fast must cost as little as can be.
  #take(read: () => DecodedImage | FrameRefusal, sentMs: number | undefined): void {
    const nowMs = this.#setup.clock.nowMs();
    if (!this.#pictures.take(nowMs)) return this.#tally.skip();
    const image = read();
    if (isRefusal(image)) return this.#refuse(image);
    const picture = receivedPicture(image, image.bytes, nowMs, sentMs);
    if (this.#line === undefined) this.#publish(picture);
    else this.#line.push(picture);
  }

  #publish(picture: ReceivedPicture): void {
    const publication = this.#publication();
    if (publication === undefined) return;
    const { tag, arrivedAtMs, sentMs } = picture;
    writeFlvTimestamp(tag, this.#timeline.place(arrivedAtMs, sentMs));
    this.#watch.pictured();
    this.#tally.accept(picture, flvTagBody(tag).length - imageHeadBytes, this.#setup.clock.nowMs());
    publication.write(tag);
  }

  /** The stream, begun if need be; `undefined` when there is none to write to, and then this streamer has ended. */
  #publication(): Publication | undefined {
    if (this.#stage.kind === 'waiting') this.#begin();
    if (this.#stage.kind !== 'live') return undefined;
    const { publication } = this.#stage;
    if (publication.stream.state !== 'ended') return publication;
    this.#end('closed'); // By the directory.
    return undefined;
  }

  #begin(): void {
    const { streams, name, hooks } = this.#setup;
    let publication: Publication | undefined;
    hooks.claims();
    try {
      publication = streams.publish(name);
    } catch (error) {
      return this.#end('refused', { code: 'too-many-streams', message: (error as Error).message });
    }
    if (publication === undefined)
      return this.#end('refused', { code: 'stream-taken', message: `'${name}' is being published already` });
    // Whoever heard of the start may have ended this streamer at once.
    if (this.#stage.kind === 'ended') publication.end(endings[this.#stage.reason].stream);
    else this.#stage = { kind: 'live', publication };
  }

  #refuse(refusal: FrameRefusal, error?: unknown): void {
    const { code, message } = refusal;
    this.#tally.reject(code);
    this.#reportRefusal(refusal, error);
    const { errorsInRow } = this.#tally;
    this.#link.say({ type: 'frame_rejected', code, message, errors_in_row: errorsInRow });
    if (errorsInRow >= this.#setup.options.maxErrorsInRow)
      this.#end('rejected', { code: 'too-many-errors', message: `${errorsInRow} refused pictures in a row` });
  }

  #reportRefusal({ code, message }: FrameRefusal, error: unknown): void {
    const nowMs = this.#setup.clock.nowMs();
    if (nowMs - this.#reportedAtMs < reportIntervalMs) return;
    this.#reportedAtMs = nowMs;
    const failure = error === undefined ? {} : { error: describeError(error) };
    this.#warn('picture refused', { code, refusal: message, ...failure });
  }

  #onSilent(): void {
    this.#warn('streamer is silent', { receiveTimeoutMs: this.#setup.options.receiveTimeoutMs });
    this.#link.ping();
  }

  #onFrozen(): void {
    const { frozenTimeoutMs } = this.#setup.options;
    this.#end('frozen', { code: 'frozen', message: `no valid picture for ${frozenTimeoutMs} ms` });
  }

  #onPingDue(): void {
    if (!this.#isAlive) return void this.#end('unresponsive');
    this.#isAlive = false;
    this.#link.ping();
  }

  #onClose(code: number): void {
    this.#end(endByCloseCode(code));
    this.#link.release();
    if (this.#stage.kind === 'ended') this.#setup.hooks.closed(this.#stage.reason);
  }

  /** Ends everything, once. From here on nothing reaches the stream. */
  #end(reason: StreamerEndReason, error?: FinalError): void {
    const stage = this.#stage;
    if (stage.kind === 'ended') return;
    this.#stage = { kind: 'ended', reason };
    this.#watch.stop();
    this.#line?.close();
    const { closeCode, stream } = endings[reason];
    if (stage.kind === 'live') stage.publication.end(stream);
    this.#logger[plannedEnds.includes(reason) ? 'info' : 'warn']('streamer ended', {
      ...this.#context(),
      reason,
    });
    if (error !== undefined) this.#link.say({ type: 'error', ...error });
    if (closeCode === undefined) this.#link.drop();
    else this.#link.close(closeCode, reason);
  }

  #warn(message: string, fields: LogFields): void {
    this.#logger.warn(message, { ...this.#context(), ...fields });
  }

  #context(): LogFields {
    const { id, name, clock, viewers } = this.#setup;
    const { framesAccepted, framesSkipped, fps, lastFrameAgeMs } = this.#tally.counts(clock.nowMs());
    return {
      streamer: id,
      stream: name,
      frames: framesAccepted,
      rejected: this.#tally.rejectedTotal,
      skipped: framesSkipped,
      fps: Math.round(fps * 10) / 10,
      lastFrameAgeMs,
      viewers: viewers(),
    };
  }
}

const tooManyMessages: FinalError = {
  code: 'too-many-messages',
  message: `more than ${maxControlPerSecond} messages per second besides pictures`,
};
