import { flvTagHeaderBytes, flvTagTrailerBytes } from '../media/flv-tag.ts';
import type { ImageFrame } from './image-frame.ts';
import { createImageTag, imageHeadBytes } from './image-tag.ts';
import type { InspectedFrame } from './streamer-options.ts';

/** A picture that passed the cheap checks and is not published yet. */
export interface ReceivedPicture extends ImageFrame {
  /** It as a tag, with a time that is still to be set. */
  readonly tag: Uint8Array<ArrayBuffer>;
  /** When it came, on our clock. */
  readonly arrivedAtMs: number;
  /** When it was made, on the sender's clock, if that said so. */
  readonly sentMs: number | undefined;
}

/** Copies the file, which may be a view on a buffer that the connection uses on. */
export function receivedPicture(
  frame: ImageFrame,
  bytes: Uint8Array,
  arrivedAtMs: number,
  sentMs: number | undefined,
): ReceivedPicture {
  const { type, width, height } = frame;
  return { type, width, height, tag: createImageTag(type, 0, bytes), arrivedAtMs, sentMs };
}

/** The same for `inspect`, which may transfer the bytes to a worker. */
export function inspectedFrame({ type, width, height, tag }: ReceivedPicture): InspectedFrame {
  const bytes = tag.slice(flvTagHeaderBytes + imageHeadBytes, tag.length - flvTagTrailerBytes);
  return { type, width, height, bytes };
}
