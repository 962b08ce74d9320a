/**
 * RTMP ingest: a supervised thread that takes publishers and feeds a `StreamDirectory`.
 *
 * @module rtmp
 */
export type { ConnectionFailure, PublishDecision, PublishRequest } from './ingest-protocol.ts';
export type { Authorize, RtmpIngestOptions } from './options.ts';
export {
  type IngestAddress,
  type PublishEnded,
  type PublishRejected,
  type PublishStarted,
  RtmpIngest,
  type RtmpIngestEvents,
} from './rtmp-ingest.ts';
