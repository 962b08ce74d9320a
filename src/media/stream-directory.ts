import { checkInteger, checkKnown, checkMs } from '../core/check.ts';
import { type Clock, systemClock, type Timer } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import { ClosedError, OverflowError } from '../core/errors.ts';
import { type Logger, silentLogger } from '../core/logger.ts';
import { LiveStream } from './live-stream.ts';
import { readMediaPacket } from './media-packet.ts';
import { createStreamFanout, type StreamFanoutOptions } from './stream-fanout.ts';
import { Timeline } from './timeline.ts';

/** Options of a {@link StreamDirectory}. */
export interface StreamDirectoryOptions {
  /**
   * How long a stream waits for a publisher that was lost, in ms. Viewers stay, and a publisher who comes back in time
   * continues the same stream. Default 10 000; 0 ends the stream at once. A waiting stream keeps the process alive:
   * `close()` ends them all.
   */
  readonly resumeGraceMs?: number;
  /** Most streams at the same time, 1 to 100 000. Default 1000. */
  readonly maxStreams?: number;
  /** Bounds of each stream's fanout. */
  readonly fanout?: StreamFanoutOptions;
  /** Where starts and ends are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** Why a stream ended. */
export type StreamEndReason =
  /** Its publisher said so. */
  | 'unpublished'
  /** Its publisher was lost and did not come back in time. */
  | 'lost'
  /** Its publisher sent no valid picture for too long. */
  | 'frozen'
  /** Its publisher sent too much that had to be refused. */
  | 'rejected'
  /** The directory was closed. */
  | 'closed';

/** The stream an event is about. */
export interface StreamChange {
  /** The stream. */
  readonly stream: LiveStream;
}

/** Payload of `ended`. */
export interface StreamEnded extends StreamChange {
  /** Why. */
  readonly reason: StreamEndReason;
}

/** What a directory tells. */
export type StreamDirectoryEvents = {
  /** A stream has begun. */
  started: [StreamChange];
  /** A stream's publisher was lost; the stream waits for it. */
  interrupted: [StreamChange];
  /** A publisher continues an interrupted stream. */
  resumed: [StreamChange];
  /** A stream is over. */
  ended: [StreamEnded];
};

/** A publisher's hold on a stream. */
export interface Publication {
  /** The stream it feeds. */
  readonly stream: LiveStream;
  /** Hands an FLV tag to all viewers. Its bytes belong to the stream from now on. Does nothing after the end. */
  write(tag: Uint8Array<ArrayBuffer>): void;
  /** Gives the stream up: `'lost'` lets it wait for the publisher, any other reason ends it at once. */
  end(reason: Exclude<StreamEndReason, 'closed'>): void;
}

interface Entry {
  readonly stream: LiveStream;
  readonly timeline: Timeline;
  publication: Publication | undefined;
  grace: Timer | undefined;
}

/**
 * Which streams there are: publishers register here, viewers look here.
 *
 * @example
 * ```ts
 * const streams = new StreamDirectory();
 * const publication = streams.publish('live/camera');
 * publication?.write(tag);
 * for await (const packet of streams.get('live/camera')?.fanout.subscribe() ?? []) save(packet.tag);
 * ```
 */
export class StreamDirectory extends Emitter<StreamDirectoryEvents> {
  readonly #entries = new Map<string, Entry>();
  #lastId = 0;
  #isClosed = false;
  readonly #options: Required<Omit<StreamDirectoryOptions, 'fanout'>> & {
    readonly fanout: StreamFanoutOptions;
  };

  /** @throws {ConfigError} when an option is unknown or out of range. */
  constructor(options: StreamDirectoryOptions = {}) {
    checkKnown('StreamDirectory', options, ['resumeGraceMs', 'maxStreams', 'fanout', 'logger', 'clock']);
    const { logger = silentLogger, clock = systemClock } = options;
    super(logger);
    this.#options = {
      resumeGraceMs: checkMs('resumeGraceMs', options.resumeGraceMs ?? 10_000),
      maxStreams: checkInteger('maxStreams', options.maxStreams ?? 1_000, 1, 100_000),
      fanout: { logger, clock, ...options.fanout },
      logger,
      clock,
    };
    createStreamFanout(this.#options.fanout); // Wrong bounds are refused here, not when the first stream starts.
  }

  /** The stream of this name, live or interrupted. */
  get(name: string): LiveStream | undefined {
    return this.#entries.get(name)?.stream;
  }

  /** All streams, live or interrupted, in the order they started. */
  list(): readonly LiveStream[] {
    return [...this.#entries.values()].map(({ stream }) => stream);
  }

  /**
   * Starts a stream, or continues an interrupted one of the same name. `undefined` when the name has a publisher.
   *
   * @throws {OverflowError} when there are `maxStreams` already.
   * @throws {ClosedError} after `close`.
   */
  publish(name: string): Publication | undefined {
    if (this.#isClosed) throw new ClosedError(`'${name}' refused: the directory of streams was closed`);
    const known = this.#entries.get(name);
    if (known?.publication !== undefined) return undefined;
    const entry = known ?? this.#create(name);
    entry.grace?.cancel();
    entry.timeline.startOver();
    const publication = this.#publication(entry);
    entry.publication = publication;
    if (known === undefined) this.emit('started', { stream: entry.stream });
    else this.#resume(entry);
    return publication;
  }

  /** Ends all streams and takes no more. May be called again. */
  close(): void {
    this.#isClosed = true;
    for (const entry of [...this.#entries.values()]) this.#end(entry, 'closed');
  }

  #create(name: string): Entry {
    const { maxStreams, fanout, clock, logger } = this.#options;
    if (this.#entries.size >= maxStreams) {
      throw new OverflowError(
        'OVERFLOW_STREAMS',
        `'${name}' refused: there are ${maxStreams} streams, the limit`,
      );
    }
    const stream = new LiveStream(++this.#lastId, name, createStreamFanout(fanout), clock);
    const entry: Entry = { stream, timeline: new Timeline(), publication: undefined, grace: undefined };
    this.#entries.set(name, entry);
    logger.info('stream started', { stream: name });
    return entry;
  }

  #publication(entry: Entry): Publication {
    const publication: Publication = {
      stream: entry.stream,
      write: (tag) => {
        if (entry.publication !== publication) return;
        entry.stream.publish(entry.timeline.place(readMediaPacket(tag)));
      },
      end: (reason) => {
        if (entry.publication !== publication) return;
        entry.publication = undefined;
        if (reason === 'lost' && this.#options.resumeGraceMs > 0) this.#interrupt(entry);
        else this.#end(entry, reason);
      },
    };
    return publication;
  }

  #interrupt(entry: Entry): void {
    const { clock, resumeGraceMs, logger } = this.#options;
    entry.stream.interrupt();
    entry.grace = clock.setTimer(resumeGraceMs, () => this.#end(entry, 'lost'));
    logger.warn('stream interrupted', { stream: entry.stream.name, resumeGraceMs });
    this.emit('interrupted', { stream: entry.stream });
  }

  #resume(entry: Entry): void {
    entry.stream.resume();
    this.#options.logger.info('stream resumed', { stream: entry.stream.name });
    this.emit('resumed', { stream: entry.stream });
  }

  #end(entry: Entry, reason: StreamEndReason): void {
    if (this.#entries.get(entry.stream.name) !== entry) return; // A listener of another end has ended it meanwhile.
    entry.publication = undefined;
    entry.grace?.cancel();
    this.#entries.delete(entry.stream.name);
    entry.stream.end(reason);
    this.#options.logger.info('stream ended', { stream: entry.stream.name, reason });
    this.emit('ended', { stream: entry.stream, reason });
  }
}
