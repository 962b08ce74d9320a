/** What happened on a connection that was accepted. */
export type RtmpServerEvent = RtmpConnectEvent | RtmpPublishEvent | RtmpTagEvent | RtmpUnpublishEvent;

/** The peer introduced itself; it was answered. */
export interface RtmpConnectEvent {
  /** Tells the events apart. */
  readonly type: 'connect';
  /** The application it connects to, without its query. */
  readonly app: string;
  /** The URL it says it connects to; `undefined` when it says none. Not checked: any text. */
  readonly tcUrl: string | undefined;
  /** The query of `app`, or else of `tcUrl`, without `?`. */
  readonly query: string;
}

/** The peer wants to publish and waits for the session's `acceptPublish` or `rejectPublish`. */
export interface RtmpPublishEvent {
  /** Tells the events apart. */
  readonly type: 'publish';
  /** Number of the publish on this connection. */
  readonly id: number;
  /** The application of the connection. */
  readonly app: string;
  /** The stream's name or key without the query; may contain slashes. */
  readonly name: string;
  /** What follows the first `?` of the name. */
  readonly query: string;
}

/** A whole FLV tag of an accepted publish, alone in its buffer: it can be transferred to another thread. */
export interface RtmpTagEvent {
  /** Tells the events apart. */
  readonly type: 'tag';
  /** Number of the publish. */
  readonly id: number;
  /** Header, body and trailer. */
  readonly tag: Uint8Array<ArrayBuffer>;
}

/** A publish, accepted or still waiting, is over; the connection is not. */
export interface RtmpUnpublishEvent {
  /** Tells the events apart. */
  readonly type: 'unpublish';
  /** Number of the publish. */
  readonly id: number;
  /** The command that ended it. */
  readonly reason: UnpublishReason;
}

/** The command that ended a publish. */
export type UnpublishReason = 'deleteStream' | 'FCUnpublish' | 'closeStream';

/** Why a publish is refused, in the words encoders know. */
export interface PublishRefusal {
  /** Such as `NetStream.Publish.BadName`, `NetStream.Publish.Denied` or `NetStream.Publish.Rejected`. */
  readonly code: string;
  /** A sentence that encoders show to their user. */
  readonly description: string;
}
