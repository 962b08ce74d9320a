import { BoundedFanout } from '../fanout/bounded-fanout.ts';
import type { FanoutOptions } from '../fanout/options.ts';
import { flvTagBody } from './flv-tag.ts';
import type { MediaPacket } from './media-packet.ts';

/** Bounds of a stream's fanout. */
export type StreamFanoutOptions = Pick<
  FanoutOptions<MediaPacket>,
  'maxItems' | 'maxBytes' | 'logger' | 'clock'
>;

// 30 fps with AAC is 77 packets a second, so 1024 hold 13 s: more than the 10 s group of pictures that encoders make at
// most by default. 32 MiB hold the same 13 s at 20 Mbit/s.
const defaults = { maxItems: 1024, maxBytes: 32 << 20 } as const;

// A stream that has shown no picture for this long is sound only: waiting for a keyframe would be waiting for ever.
const videoPauseMs = 15_000;

/**
 * A fanout for one stream: a viewer starts, and resumes after a gap, at a keyframe, with the codec headers and the
 * metadata of that moment before it. Where a stream shows no video, every audio packet will do.
 *
 * @throws {ConfigError} when a bound is out of range.
 */
export function createStreamFanout(options: StreamFanoutOptions = {}): BoundedFanout<MediaPacket> {
  let lastVideoDtsMs = Number.NEGATIVE_INFINITY;
  return new BoundedFanout<MediaPacket>({
    ...defaults,
    ...options,
    sizeOf: ({ tag }) => tag.byteLength,
    isResyncPoint(packet) {
      if (packet.kind === 'video') lastVideoDtsMs = packet.dtsMs;
      const isWithoutVideo = packet.dtsMs - lastVideoDtsMs > videoPauseMs;
      return packet.isKeyframe || (isWithoutVideo && packet.kind === 'audio' && packet.isFrame);
    },
    retainKey: ({ isConfig, kind }) => (isConfig ? kind : undefined),
    isSameRetained: (older, newer) => isSameBody(older.tag, newer.tag),
  });
}

function isSameBody(older: Uint8Array, newer: Uint8Array): boolean {
  if (older.length !== newer.length) return false;
  const body = flvTagBody(older);
  return flvTagBody(newer).every((byte, index) => byte === body[index]);
}
