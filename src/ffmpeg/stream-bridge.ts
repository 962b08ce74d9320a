import { describeError } from '../core/error-transfer.ts';
import type { Logger } from '../core/logger.ts';
import type { Publication, StreamDirectory } from '../media/stream-directory.ts';
import { compareEras, type Era } from './output-pair.ts';

/**
 * Feeds a stream of a directory with the tags of a source, connection after connection. The tags of the next era may
 * arrive before the word that the last one is over, so either ends it.
 */
export class StreamBridge {
  readonly #streams: StreamDirectory;
  readonly #name: string;
  readonly #logger: Logger;
  #publication: Publication | undefined;
  #era: Era | undefined;
  #isRefused = false;

  constructor(streams: StreamDirectory, name: string, logger: Logger) {
    this.#streams = streams;
    this.#name = name;
    this.#logger = logger;
  }

  write(tag: Uint8Array<ArrayBuffer>, era: Era): void {
    if (this.#era !== undefined && compareEras(era, this.#era) > 0) this.end('lost');
    this.#era = era;
    this.#publication ??= this.#publish();
    this.#publication?.write(tag);
  }

  /** The source is gone: `'lost'` when it may come back, and viewers wait; `'unpublished'` when it is over. */
  end(reason: 'lost' | 'unpublished'): void {
    this.#publication?.end(reason);
    this.#publication = undefined;
    this.#isRefused = false;
  }

  /** As `end`, unless a later era has begun. */
  endEra(reason: 'lost' | 'unpublished', era: Era): void {
    if (this.#era === undefined || compareEras(era, this.#era) >= 0) this.end(reason);
  }

  // Somebody else may have the name, or there are too many streams. That is said once per connection, not per packet.
  #publish(): Publication | undefined {
    try {
      const publication = this.#streams.publish(this.#name);
      if (publication === undefined) this.#refuse('it is being published');
      return publication;
    } catch (error) {
      this.#refuse(describeError(error));
      return undefined;
    }
  }

  #refuse(reason: string): void {
    if (!this.#isRefused) this.#logger.warn('stream not published', { stream: this.#name, reason });
    this.#isRefused = true;
  }
}
