import type { LiveStream } from '../media/live-stream.ts';
import type { StreamDirectory, StreamDirectoryEvents } from '../media/stream-directory.ts';
import type { MessageEncoder } from './message-encoder.ts';
import type { StreamRuns } from './session-types.ts';
import type { SessionViewer } from './session-viewer.ts';

/** Which streams a viewer may know of; `undefined`: all. */
export type MayWatch = ((stream: string) => boolean) | undefined;

type Teller = Pick<SessionViewer, 'announce' | 'streamStarted' | 'streamResumed' | 'streamEnded'>;

/** Tells viewers of many streams what begins and ends: each message is made once, whoever gets it. */
export class StreamNews {
  readonly #streams: StreamDirectory;
  readonly #encoder: MessageEncoder;
  readonly #sessions = new Map<Teller, MayWatch>();

  constructor(streams: StreamDirectory, encoder: MessageEncoder) {
    this.#streams = streams;
    this.#encoder = encoder;
  }

  /** The first message of a viewer. What begins after it is told by a message of its own. */
  welcome(viewerId: number, pingIntervalMs: number, mayWatch: MayWatch): Uint8Array {
    return this.#encoder.text({
      type: 'viewer_connected',
      viewer_id: viewerId,
      ping_interval_ms: pingIntervalMs,
      active_streams: this.#allowed(mayWatch).map(describe),
    });
  }

  /** The streams a viewer can follow. */
  runsFor(mayWatch: MayWatch): StreamRuns {
    return {
      find: (name) => (mayWatch?.(name) === false ? undefined : this.#streams.get(name)),
      all: () => this.#allowed(mayWatch),
    };
  }

  /** Tells this one, too. */
  add(session: Teller, mayWatch: MayWatch): void {
    if (this.#sessions.size === 0) this.#listen('on');
    this.#sessions.set(session, mayWatch);
  }

  /** Tells this one no more. Listens to the directory only while there is somebody to tell. */
  remove(session: Teller): void {
    if (this.#sessions.delete(session) && this.#sessions.size === 0) this.#listen('off');
  }

  #listen(verb: 'on' | 'off'): void {
    this.#streams[verb]('started', this.#onStarted);
    this.#streams[verb]('interrupted', this.#onInterrupted);
    this.#streams[verb]('resumed', this.#onResumed);
    this.#streams[verb]('ended', this.#onEnded);
  }

  readonly #onStarted = (...[{ stream }]: StreamDirectoryEvents['started']): void => {
    const message = this.#message('stream_started', stream);
    for (const session of this.#audience(stream)) {
      session.announce(message);
      session.streamStarted(stream);
    }
  };

  readonly #onInterrupted = (...[{ stream }]: StreamDirectoryEvents['interrupted']): void => {
    const message = this.#message('stream_interrupted', stream);
    for (const session of this.#audience(stream)) session.announce(message);
  };

  readonly #onResumed = (...[{ stream }]: StreamDirectoryEvents['resumed']): void => {
    const message = this.#message('stream_resumed', stream);
    for (const session of this.#audience(stream)) {
      session.announce(message);
      session.streamResumed(stream.id);
    }
  };

  readonly #onEnded = (...[{ stream, reason }]: StreamDirectoryEvents['ended']): void => {
    const message = this.#message('stream_ended', stream, { reason });
    for (const session of this.#audience(stream)) {
      session.streamEnded(stream.id);
      session.announce(message);
    }
  };

  #message(type: string, { name, id }: LiveStream, members: object = {}): Uint8Array {
    return this.#encoder.text({ type, stream: name, id, ...members });
  }

  /** Who is there now: a session that is dropped while it is told leaves the others alone. */
  #audience({ name }: LiveStream): readonly Teller[] {
    const isAllowed = ([, mayWatch]: readonly [Teller, MayWatch]): boolean => mayWatch?.(name) !== false;
    return [...this.#sessions].filter(isAllowed).map(([session]) => session);
  }

  #allowed(mayWatch: MayWatch): readonly LiveStream[] {
    const all = this.#streams.list();
    return mayWatch === undefined ? all : all.filter(({ name }) => mayWatch(name));
  }
}

function describe(stream: LiveStream): object {
  const { name, id, state } = stream;
  return { stream: name, id, state, video: stream.codecOf('video'), audio: stream.codecOf('audio') };
}
