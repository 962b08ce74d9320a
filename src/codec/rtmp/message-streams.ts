/** A publish that a peer asked for. */
export interface Publish {
  /** Names it towards the owner of the session; never used twice in one session. */
  readonly id: number;
  /** The message stream that carries it. */
  readonly streamId: number;
  /** What the peer calls it, without the query. */
  readonly name: string;
  /** Whether its media may pass. */
  isAccepted: boolean;
}

/** The message streams of one connection, each with at most one publish. */
export class MessageStreams {
  readonly #capacity: number;
  readonly #publishes = new Map<number, Publish | undefined>();
  #publishIds = 0;

  /** @param capacity - Most streams at a time. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Opens the stream with the lowest free id, from 1; `undefined` when all are taken. */
  create(): number | undefined {
    if (this.#publishes.size >= this.#capacity) return undefined;
    let id = 1;
    while (this.#publishes.has(id)) id++;
    this.#publishes.set(id, undefined);
    return id;
  }

  /** Whether the stream was created and not deleted. */
  has(streamId: number): boolean {
    return this.#publishes.has(streamId);
  }

  /** The publish on a stream. */
  publishOn(streamId: number): Publish | undefined {
    return this.#publishes.get(streamId);
  }

  /** The publish with this id. */
  publishWithId(id: number): Publish | undefined {
    return this.#find((publish) => publish.id === id);
  }

  /** The publish the peer calls so. */
  publishNamed(name: string): Publish | undefined {
    return this.#find((publish) => publish.name === name);
  }

  /** Puts a publish, not accepted yet, on a stream that exists and has none. */
  start(streamId: number, name: string): Publish {
    const publish = { id: ++this.#publishIds, streamId, name, isAccepted: false };
    this.#publishes.set(streamId, publish);
    return publish;
  }

  /** Takes the publish off its stream, which stays open. */
  end(publish: Publish): void {
    this.#publishes.set(publish.streamId, undefined);
  }

  /** Deletes a stream. */
  delete(streamId: number): void {
    this.#publishes.delete(streamId);
  }

  #find(matches: (publish: Publish) => boolean): Publish | undefined {
    for (const publish of this.#publishes.values()) {
      if (publish !== undefined && matches(publish)) return publish;
    }
    return undefined;
  }
}
