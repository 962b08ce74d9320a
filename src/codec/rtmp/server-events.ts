/** What happened on a connection that was accepted. */
export type RtmpServerEvent =
  /** The peer introduced itself; it was answered. `query` is that of `app`, or else that of `tcUrl`, without `?`. */
  | {
      readonly type: 'connect';
      readonly app: string;
      readonly tcUrl: string | undefined;
      readonly query: string;
    }
  /** The peer wants to publish and waits for the session's `acceptPublish` or `rejectPublish`. */
  | {
      readonly type: 'publish';
      readonly id: number;
      readonly app: string;
      /** Without the query; may contain slashes. */
      readonly name: string;
      readonly query: string;
    }
  /** A whole FLV tag of an accepted publish, alone in its buffer: it can be transferred to another thread. */
  | { readonly type: 'tag'; readonly id: number; readonly tag: Uint8Array<ArrayBuffer> }
  /** A publish, accepted or still waiting, is over; the connection is not. */
  | { readonly type: 'unpublish'; readonly id: number; readonly reason: UnpublishReason };

/** The command that ended a publish. */
export type UnpublishReason = 'deleteStream' | 'FCUnpublish' | 'closeStream';

/** Why a publish is refused, in the words encoders know. */
export interface PublishRefusal {
  /** Such as `NetStream.Publish.BadName`, `NetStream.Publish.Denied` or `NetStream.Publish.Rejected`. */
  readonly code: string;
  /** A sentence that encoders show to their user. */
  readonly description: string;
}
