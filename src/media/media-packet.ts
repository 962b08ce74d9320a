import { flvTagBody, flvTagTypes, readFlvTimestamp, readUint24 } from './flv-tag.ts';

/** One packet of media: an FLV tag, and what everybody who handles it needs to know about it. */
export interface MediaPacket {
  /** What it carries. */
  readonly kind: 'video' | 'audio' | 'data';
  /** The FourCC of its codec: `'avc1'`, `'hvc1'`, `'av01'`, `'mp4a'`, `'Opus'`…; `'none'` for data. */
  readonly codec: string;
  /** Whether it holds a coded picture or sound; not a header, an end of sequence or data. */
  readonly isFrame: boolean;
  /** Whether a decoder can start here: an IDR picture and the like. Always `false` for audio and data. */
  readonly isKeyframe: boolean;
  /** Whether it describes the stream (codec header, `onMetaData`) instead of being shown; a joiner needs it first. */
  readonly isConfig: boolean;
  /** Decoding time in ms, 0 to 2^32 - 1. */
  readonly dtsMs: number;
  /** When it is shown, in ms: the decoding time plus the composition offset. */
  readonly ptsMs: number;
  /** The whole FLV tag: header, body, trailer. Shared by all viewers, so never written to. */
  readonly tag: Uint8Array<ArrayBuffer>;
}

type Description = Pick<MediaPacket, 'codec' | 'isFrame' | 'isKeyframe' | 'isConfig'> & {
  readonly compositionMs?: number;
};

/** Reads what an FLV tag carries. Looks at a few bytes of the head only and accepts every body, an empty one too. */
export function readMediaPacket(tag: Uint8Array<ArrayBuffer>): MediaPacket {
  const kind = kinds[tag[0]!] ?? 'data';
  const { compositionMs = 0, ...description } = readers[kind](flvTagBody(tag));
  const dtsMs = readFlvTimestamp(tag);
  return { kind, ...description, dtsMs, ptsMs: dtsMs + compositionMs, tag };
}

const kinds: Readonly<Record<number, MediaPacket['kind']>> = {
  [flvTagTypes.audio]: 'audio',
  [flvTagTypes.video]: 'video',
  [flvTagTypes.data]: 'data',
};

const readers: Readonly<Record<MediaPacket['kind'], (body: Uint8Array) => Description>> = {
  video: readVideo,
  audio: readAudio,
  data: (body) => ({
    codec: 'none',
    isFrame: false,
    isKeyframe: false,
    isConfig: startsWithText(body, 'onMetaData'),
  }),
};

/** CodecID of E.4.3.1; 12 is what Chinese encoders use for HEVC. */
const videoCodecs: Readonly<Record<number, string>> = { 2: 'h263', 4: 'vp6f', 7: 'avc1', 12: 'hvc1' };

/** SoundFormat of E.4.2.1. */
const audioCodecs: Readonly<Record<number, string>> = { 2: '.mp3', 10: 'mp4a', 11: 'spex' };

/** Packet types of Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader, as far as they are told apart here. */
const enhanced = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3 } as const;

// Only these carry a composition offset in CodedFrames (Enhanced RTMP v2, ExVideoTagBody).
const codecsWithOffset = new Set(['avc1', 'hvc1', 'vvc1']);

function readVideo(body: Uint8Array): Description {
  const head = body[0] ?? 0;
  const isKey = ((head >> 4) & 0x07) === 1;
  if ((head & 0x80) !== 0) return readEnhancedVideo(body, isKey);
  const codec = videoCodecs[head & 0x0f] ?? 'unknown';
  if (!codecsWithOffset.has(codec))
    return { codec, isFrame: body.length > 1, isKeyframe: isKey, isConfig: false };
  const isFrame = body[1] === 1;
  return {
    codec,
    isFrame,
    isKeyframe: isKey && isFrame,
    isConfig: body[1] === 0,
    compositionMs: readOffset(body, 2, isFrame),
  };
}

function readEnhancedVideo(body: Uint8Array, isKey: boolean): Description {
  const type = body[0]! & 0x0f;
  const codec = fourCc(body);
  const isFrame = type === enhanced.codedFrames || type === enhanced.codedFramesX;
  const hasOffset = type === enhanced.codedFrames && codecsWithOffset.has(codec);
  const isConfig = type === enhanced.sequenceStart;
  return {
    codec,
    isFrame,
    isKeyframe: isKey && isFrame,
    isConfig,
    compositionMs: readOffset(body, 5, hasOffset),
  };
}

function readAudio(body: Uint8Array): Description {
  const head = body[0] ?? 0;
  const format = head >> 4;
  if (format === 9) {
    const type = head & 0x0f;
    const isFrame = type === enhanced.codedFrames;
    return { codec: fourCc(body), isFrame, isKeyframe: false, isConfig: type === enhanced.sequenceStart };
  }
  const codec = audioCodecs[format] ?? 'unknown';
  const isConfig = codec === 'mp4a' && body[1] === 0;
  return { codec, isFrame: body.length > 1 && !isConfig, isKeyframe: false, isConfig };
}

/** A signed 24-bit composition offset in ms. */
function readOffset(body: Uint8Array, offset: number, isPresent: boolean): number {
  if (!isPresent || body.length < offset + 3) return 0;
  return (readUint24(body, offset) << 8) >> 8;
}

function fourCc(body: Uint8Array): string {
  return body.length < 5 ? 'unknown' : String.fromCharCode(...body.subarray(1, 5));
}

/** Whether an AMF0 body begins with this string (marker 2, 16-bit length, characters). */
function startsWithText(body: Uint8Array, text: string): boolean {
  if (body.length < 3 + text.length || body[0] !== 2 || body[1] !== 0 || body[2] !== text.length)
    return false;
  for (let index = 0; index < text.length; index++)
    if (body[3 + index] !== text.charCodeAt(index)) return false;
  return true;
}
