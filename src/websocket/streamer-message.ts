import { type DecodedImage, type ImageLimits, parseDataUrl, readImageFrame } from './image-frame.ts';
import { isRefusal } from './image-refusal.ts';
import type { FrameRefusal } from './streamer-stats.ts';

type Members = Readonly<Record<string, unknown>>;

/** The refusal of a text message that is no JSON object. */
export const noObject: FrameRefusal = {
  code: 'bad-message',
  message: 'a text message must be a JSON object',
};

/** Reads a binary message: one image file. */
export function readFileMessage(bytes: Uint8Array, limits: ImageLimits): DecodedImage | FrameRefusal {
  const frame = readImageFrame(bytes, limits);
  return isRefusal(frame) ? frame : { ...frame, bytes };
}

/** Reads a message of type `frame`. */
export function readFrameMessage({ frame }: Members, limits: ImageLimits): DecodedImage | FrameRefusal {
  if (typeof frame === 'string') return parseDataUrl(frame, limits);
  return { code: 'bad-message', message: 'frame must be a string' };
}

/** The time in a message of type `frame`; one that is no sensible number counts as none. */
export function timeOf({ timestamp_ms: value }: Members): number | undefined {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const maxEchoLength = 64;

/** Whether a ping's own mark can be sent back: anything larger is no mark. */
export function isEcho(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= maxEchoLength);
}
