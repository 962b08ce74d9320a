import { createFlvTag, flvTagTypes } from '../media/flv-tag.ts';
import { type MediaPacket, readMediaPacket } from '../media/media-packet.ts';
import type { QueuedPacket } from './media-queue.ts';

/** The kinds of packets by one letter: keyframe, other picture, header of the picture; sound, header of the sound; metadata. */
const bodies: Readonly<
  Record<string, { readonly type: keyof typeof flvTagTypes; readonly head: readonly number[] }>
> = {
  K: { type: 'video', head: [0x17, 1, 0, 0, 0] },
  p: { type: 'video', head: [0x27, 1, 0, 0, 0] },
  V: { type: 'video', head: [0x17, 0, 0, 0, 0] },
  a: { type: 'audio', head: [0xaf, 1] },
  A: { type: 'audio', head: [0xaf, 0] },
  m: { type: 'data', head: [2, 0, 10, ...Buffer.from('onMetaData')] },
};

/** A packet by its letter, with a body of `bytes`. */
export function packet(letter: string, dtsMs: number, bytes: number = 20): MediaPacket {
  const { type, head } = bodies[letter]!;
  const body = new Uint8Array(Math.max(bytes, head.length));
  body.set(head);
  return readMediaPacket(createFlvTag(flvTagTypes[type], dtsMs, body));
}

/** Packets by their letters, 10 ms apart, as they wait in a queue. */
export function queued(letters: string, startMs: number = 0): QueuedPacket[] {
  return [...letters].map((letter, index) => {
    const dtsMs = startMs + index * 10;
    return { packet: packet(letter, dtsMs), order: dtsMs, atMs: dtsMs };
  });
}

/** The letter of a packet. */
export function letterOf({ kind, isKeyframe, isConfig }: MediaPacket): string {
  if (kind === 'data') return 'm';
  if (kind === 'audio') return isConfig ? 'A' : 'a';
  if (isConfig) return 'V';
  return isKeyframe ? 'K' : 'p';
}
