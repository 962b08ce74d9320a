/**
 * Streams of media: the packet, the fanout that knows keyframes, and the directory where publishers and viewers meet.
 *
 * @module media
 */
export type { ClockReference } from './arrival-clock.ts';
export {
  createFlvTag,
  type FlvTagType,
  flvTagBody,
  flvTagHeaderBytes,
  flvTagTrailerBytes,
  flvTagTypes,
  frameFlvTag,
  readFlvTimestamp,
  writeFlvTimestamp,
} from './flv-tag.ts';
export { LiveStream, type LiveStreamState, type LiveStreamStats, type TrackStats } from './live-stream.ts';
export { type MediaPacket, readMediaPacket } from './media-packet.ts';
export {
  type Publication,
  type StreamChange,
  StreamDirectory,
  type StreamDirectoryEvents,
  type StreamDirectoryOptions,
  type StreamEnded,
  type StreamEndReason,
} from './stream-directory.ts';
export { createStreamFanout, type StreamFanoutOptions } from './stream-fanout.ts';
