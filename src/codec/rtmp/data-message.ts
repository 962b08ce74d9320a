import { ProtocolError } from '../../core/errors.ts';
import { createFlvTag, flvTagTypes, frameFlvTag } from '../../media/flv-tag.ts';
import { readAmf0, writeAmf0Values } from '../amf0.ts';
import { joinBytes } from '../bytes.ts';
import type { RtmpMessage } from './message.ts';

const setDataFrame = '@setDataFrame';

/**
 * Makes the script tag of a data message: its values from the name on, without the `@setDataFrame` that tells a server
 * to keep them. `undefined` when the body does not start with a name: ffmpeg sends bare timecodes in such messages.
 * What follows the name is passed on unread, so a marker that is unknown here hurts nobody.
 */
export function readDataTag(message: RtmpMessage): Uint8Array<ArrayBuffer> | undefined {
  const first = readName(message.body, 0);
  if (first?.name !== setDataFrame) return first && frame(message);
  const second = readName(message.body, first.end);
  return second && createFlvTag(flvTagTypes.data, message.timestampMs, message.body.subarray(first.end));
}

/** Makes the body of a data message that asks a server to keep what a script tag says. */
export function writeSetDataFrame(tagBody: Uint8Array): Uint8Array<ArrayBuffer> {
  return joinBytes([writeAmf0Values([setDataFrame]), tagBody]);
}

function frame(message: RtmpMessage): Uint8Array<ArrayBuffer> {
  frameFlvTag(message.tag, flvTagTypes.data, message.timestampMs);
  return message.tag;
}

function readName(body: Uint8Array, offset: number): { name: string; end: number } | undefined {
  try {
    const { value, end } = readAmf0(body, offset);
    return typeof value === 'string' ? { name: value, end } : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
