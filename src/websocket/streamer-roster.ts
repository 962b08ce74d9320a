import type { WebSocket } from 'ws';
import type { Place } from './admission.ts';
import type { ResolvedBroadcastOptions } from './options.ts';
import { Streamer } from './streamer.ts';
import type { ResolvedStreamerOptions } from './streamer-options.ts';
import type { StreamerInfo, StreamerJoined, StreamerLeft } from './types.ts';

interface Entry {
  readonly streamer: Streamer;
  readonly place: Place;
}

/** Who is told who comes and goes. */
export interface StreamerRosterHooks {
  joined(event: StreamerJoined): void;
  left(event: StreamerLeft): void;
}

/** Everybody who publishes over a WebSocket. */
export class StreamerRoster {
  readonly #options: ResolvedBroadcastOptions;
  readonly #hooks: StreamerRosterHooks;
  readonly #entries = new Set<Entry>();
  /** Who publishes each name: has sent a valid picture. */
  readonly #publishers = new Map<string, Entry>();
  #lastId = 0;

  constructor(options: ResolvedBroadcastOptions, hooks: StreamerRosterHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Everybody who publishes now, or is about to. */
  list(): readonly StreamerInfo[] {
    return [...this.#entries].map(infoOf);
  }

  /**
   * Takes a connection that publishes `name`. With its first picture it takes the place of one that publishes under that
   * name already: it is the same page loaded anew, whose old connection nobody closed.
   */
  add(name: string, webSocket: WebSocket, place: Place, options: ResolvedStreamerOptions): void {
    const { streams, clock, logger } = this.#options;
    const streamer = new Streamer({
      ...{ id: ++this.#lastId, name, webSocket, streams, options, clock, logger },
      viewers: () => streams.get(name)?.fanout.subscribers.size ?? 0,
      hooks: {
        claims: () => this.#claim(name, entry),
        closed: (reason) => {
          this.#entries.delete(entry);
          if (this.#publishers.get(name) === entry) this.#publishers.delete(name);
          this.#hooks.left({ streamer: infoOf(entry), reason });
        },
      },
    });
    const entry: Entry = { streamer, place };
    this.#entries.add(entry);
    streamer.start();
    this.#hooks.joined({ streamer: infoOf(entry) });
  }

  /** Ends all streams that come this way. */
  close(): void {
    for (const { streamer } of [...this.#entries]) streamer.close();
  }

  #claim(name: string, entry: Entry): void {
    this.#publishers.get(name)?.streamer.replace();
    this.#publishers.set(name, entry);
  }
}

function infoOf({ streamer, place }: Entry): StreamerInfo {
  return { ...streamer.stats(), address: place.address };
}
