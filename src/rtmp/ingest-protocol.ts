/** What the ingest thread is told at its start. Plain data. */
export interface IngestLimits {
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxMessageBytes: number;
  /** How long the application may take to authorize a publish, in ms; `undefined` when everybody may publish. */
  readonly authorizeTimeoutMs: number | undefined;
}

/** Who wants to publish what. */
export interface PublishRequest {
  /** The application of the RTMP URL: `live` in `rtmp://host/live/key`. */
  readonly app: string;
  /** The stream key: `key` in `rtmp://host/live/key?token=1`. May be a secret. */
  readonly key: string;
  /** What follows the first `?` of the key, without it; `''` when there is none. */
  readonly query: string;
  /** Where the publisher connects from. */
  readonly remoteAddress: string;
}

/** Whether a publish may begin. */
export interface PublishDecision {
  /** Whether it may. */
  readonly allow: boolean;
  /** The public name of the stream, when it may. Default `app/key`. */
  readonly name?: string;
  /** What the publisher is told when it may not. Default `'not allowed'`. */
  readonly reason?: string;
}

/** Why the connection of a publisher ended that the ingest closed. */
export interface ConnectionFailure {
  /** Where it connected from. */
  readonly remoteAddress: string;
  /** A code of `docs/errors.md`. */
  readonly code: string;
  /** One sentence for a log. */
  readonly message: string;
  /** Reports of failures and refusals that were left out before this one: at most 100 a second are made. */
  readonly suppressed: number;
}

/** An item of the ingest thread's data lane: begin, media and end of a publish keep their order there. */
export type IngestItem =
  | { readonly type: 'publish'; readonly id: number; readonly name: string; readonly remoteAddress: string }
  | { readonly type: 'tag'; readonly id: number; readonly tag: Uint8Array<ArrayBuffer> }
  | { readonly type: 'unpublish'; readonly id: number; readonly reason: 'unpublished' | 'lost' };

/** What the main thread and the ingest thread say to each other. */
export interface IngestProtocol {
  commands: { refuse: { id: number; reason: string } };
  calls: { listen: { params: { host: string; port: number }; result: { host: string; port: number } } };
  requests: { authorize: { params: PublishRequest; result: PublishDecision } };
  statuses: {
    connectionFailed: ConnectionFailure;
    rejected: { name: string; reason: string; remoteAddress: string; suppressed: number };
  };
  data: IngestItem;
}
