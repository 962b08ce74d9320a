import { type Amf0Object, type Amf0Value, readAmf0Values } from '../codec/amf0.ts';
import { createFlvTag, type FlvTagType, flvTagBody, flvTagTypes } from '../media/flv-tag.ts';
import { type MediaPacket, readMediaPacket } from '../media/media-packet.ts';

/** The picture of a source. */
export interface VideoInfo {
  /** FourCC of the codec. */
  readonly codec: string;
  /** Width in pixels, if ffmpeg knows it. */
  readonly width: number | null;
  /** Height in pixels, if ffmpeg knows it. */
  readonly height: number | null;
  /** Frames per second, if ffmpeg knows it. */
  readonly frameRate: number | null;
}

/** The sound of a source. */
export interface AudioInfo {
  /** FourCC of the codec. */
  readonly codec: string;
  /** Samples per second, if ffmpeg knows it. */
  readonly sampleRate: number | null;
  /** Channels: 1 or 2, as FLV says. */
  readonly channels: number | null;
}

/** What a source consists of. */
export interface SourceInfo {
  /** The picture, if it has one. */
  readonly video: VideoInfo | null;
  /** The sound, if it has any. */
  readonly audio: AudioInfo | null;
}

/** Learns what a source consists of from its first packets: the metadata and the codec headers come before all frames. */
export class SourceInfoReader {
  readonly #codecs: { video?: string; audio?: string } = {};
  #metadata: Amf0Object = {};

  note(packet: MediaPacket): void {
    if (packet.kind !== 'data') this.#codecs[packet.kind] = packet.codec;
    else if (packet.isConfig) this.#metadata = readMetadata(packet.tag);
  }

  get info(): SourceInfo {
    const { width, height, framerate, audiosamplerate, stereo } = this.#metadata;
    const { videocodecid, audiocodecid } = this.#metadata;
    // MP3 and the codecs before H.264 have no header, and the first frame may be one of the other kind.
    const video = this.#codecs.video ?? codecOf(flvTagTypes.video, videocodecid);
    const audio = this.#codecs.audio ?? codecOf(flvTagTypes.audio, audiocodecid, 4);
    return {
      video:
        video === undefined
          ? null
          : { codec: video, width: number(width), height: number(height), frameRate: number(framerate) },
      audio:
        audio === undefined
          ? null
          : { codec: audio, sampleRate: number(audiosamplerate), channels: channels(stereo) },
    };
  }
}

function readMetadata(tag: Uint8Array): Amf0Object {
  try {
    const [, metadata] = readAmf0Values(flvTagBody(tag));
    return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
      ? (metadata as Amf0Object)
      : {};
  } catch {
    return {}; // Only names and numbers for people stand here; the media does not depend on them.
  }
}

/** The codec of a tag that begins with this id, as the metadata announces it; those with a FourCC have headers. */
function codecOf(type: FlvTagType, id: Amf0Value, shift: number = 0): string | undefined {
  if (typeof id !== 'number' || !(id > 0 && id < 16)) return undefined;
  return readMediaPacket(createFlvTag(type, 0, Uint8Array.of(id << shift))).codec;
}

function number(value: Amf0Value): number | null {
  return typeof value === 'number' && value > 0 ? value : null;
}

function channels(stereo: Amf0Value): number | null {
  return typeof stereo === 'boolean' ? Number(stereo) + 1 : null;
}
