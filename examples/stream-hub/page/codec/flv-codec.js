/**
 * @import { SoundFormat } from './sound-format.js'
 */
import { readCodecName, videoFourCcs } from './codec-names.js';
import { readAacFormat, readMp3Format, readOpusFormat } from './sound-format.js';

/**
 * What the body of a video or audio tag holds. Bytes are views on the tag.
 * @typedef {{ kind: 'config', fourCc: string, codec: string, description: Uint8Array }} CodecConfig
 * @typedef {{ kind: 'frame', isKeyframe: boolean, offsetMs: number, data: Uint8Array }} CodedFrame
 * @typedef {{ kind: 'image', mimeType: string, data: Uint8Array }} CodedImage
 * @typedef {{ kind: 'config', format: SoundFormat }} SoundConfig
 * @typedef {{ kind: 'frame', format: SoundFormat | null, data: Uint8Array }} CodedSound `format` where each packet tells it
 * @typedef {{ kind: 'unsupported', codec: string }} Unsupported
 */

// Video codec ids of Annex E.4.3.1; 12 and 13 are what publishers used before Enhanced RTMP.
const videoCodecIds = { 2: 'H.263', 4: 'VP6', 7: 'avc1', 12: 'hvc1', 13: 'AV1 of the old form' };
// Sound formats of Annex E.4.2.1.
const soundFormats = { 0: 'PCM', 2: '.mp3', 3: 'PCM', 7: 'A-law', 8: 'mu-law', 10: 'mp4a', 11: 'Speex' };
// Pictures of browsers that publish: docs/broadcast.md.
const imageTypes = { jpeg: 'image/jpeg', 'png ': 'image/png', webp: 'image/webp' };
// Only these have a composition offset in CodedFrames (Enhanced RTMP v2, ExVideoTagBody).
const fourCcsWithOffset = ['avc1', 'hvc1'];
const packetTypes = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3 };
const enhancedSound = 9;

/**
 * Reads the body of a video tag, in the classic form (E.4.3) or in that of Enhanced RTMP.
 * @param {Uint8Array} body
 * @returns {CodecConfig | CodedFrame | CodedImage | Unsupported | undefined} `undefined` for what needs no decoding.
 */
export function readVideoTag(body) {
  if (body.length < 5) return undefined;
  return (body[0] & 0x80) === 0 ? readClassicVideo(body) : readEnhancedVideo(body);
}

/** @param {Uint8Array} body */
function readClassicVideo(body) {
  const fourCc = nameOf(videoCodecIds, body[0] & 15);
  if (!videoFourCcs.includes(fourCc)) return unsupported(fourCc);
  if (body[1] === packetTypes.sequenceStart) return videoConfig(fourCc, body.subarray(5));
  if (body[1] === packetTypes.codedFrames) return codedFrame(body, readInt24(body, 2), 5);
  return undefined;
}

/** @param {Uint8Array} body */
function readEnhancedVideo(body) {
  const fourCc = readFourCc(body, 1);
  const packetType = body[0] & 15;
  const mimeType = /** @type {Record<string, string>} */ (imageTypes)[fourCc];
  if (mimeType !== undefined) return codedImage(packetType, mimeType, body.subarray(5));
  if (!videoFourCcs.includes(fourCc)) return unsupported(fourCc);
  if (packetType === packetTypes.sequenceStart) return videoConfig(fourCc, body.subarray(5));
  if (packetType === packetTypes.codedFramesX) return codedFrame(body, 0, 5);
  if (packetType !== packetTypes.codedFrames) return undefined;
  if (!fourCcsWithOffset.includes(fourCc)) return codedFrame(body, 0, 5);
  return body.length < 8 ? undefined : codedFrame(body, readInt24(body, 5), 8);
}

/**
 * @param {string} fourCc
 * @param {Uint8Array} record
 * @returns {CodecConfig | undefined}
 */
function videoConfig(fourCc, record) {
  const description = fourCc === 'vp09' ? withoutVersion(record) : record;
  const codec = readCodecName(fourCc, description);
  return codec === null ? undefined : { kind: 'config', fourCc, codec, description };
}

/** Some encoders write the version of the box (1) and its flags (0) before the record. @param {Uint8Array} record */
function withoutVersion(record) {
  const hasVersion = record.length >= 12 && record[0] === 1 && (record[1] | record[2] | record[3]) === 0;
  return hasVersion ? record.subarray(4) : record;
}

/**
 * @param {Uint8Array} body
 * @param {number} offsetMs what to add to the tag's decoding time to get the time of showing
 * @param {number} dataStart
 * @returns {CodedFrame}
 */
function codedFrame(body, offsetMs, dataStart) {
  const isKeyframe = ((body[0] >> 4) & 7) === 1;
  return { kind: 'frame', isKeyframe, offsetMs, data: body.subarray(dataStart) };
}

/**
 * @param {number} packetType
 * @param {string} mimeType
 * @param {Uint8Array} data
 * @returns {CodedImage | undefined}
 */
function codedImage(packetType, mimeType, data) {
  const isPicture = packetType === packetTypes.codedFramesX && data.length > 0;
  return isPicture ? { kind: 'image', mimeType, data } : undefined;
}

/** By FourCC: how the header is read. MP3 has none. @type {Record<string, (header: Uint8Array) => SoundFormat | null>} */
const soundHeaders = { mp4a: readAacFormat, Opus: readOpusFormat, '.mp3': () => null };

/**
 * Reads the body of an audio tag, in the classic form (E.4.2) or in that of Enhanced RTMP.
 * @param {Uint8Array} body
 * @returns {SoundConfig | CodedSound | Unsupported | undefined}
 */
export function readAudioTag(body) {
  const isEnhanced = body[0] >> 4 === enhancedSound;
  if (body.length < (isEnhanced ? 5 : 2)) return undefined;
  const fourCc = isEnhanced ? readFourCc(body, 1) : nameOf(soundFormats, body[0] >> 4);
  if (soundHeaders[fourCc] === undefined) return unsupported(fourCc);
  if (isEnhanced) return readSound(fourCc, body[0] & 15, body.subarray(5));
  const hasPacketType = fourCc === 'mp4a';
  return readSound(
    fourCc,
    hasPacketType ? body[1] : packetTypes.codedFrames,
    body.subarray(hasPacketType ? 2 : 1),
  );
}

/**
 * @param {string} fourCc
 * @param {number} packetType
 * @param {Uint8Array} data
 * @returns {SoundConfig | CodedSound | undefined}
 */
function readSound(fourCc, packetType, data) {
  if (packetType === packetTypes.sequenceStart) {
    const format = soundHeaders[fourCc](data);
    return format === null ? undefined : { kind: 'config', format };
  }
  if (packetType !== packetTypes.codedFrames || data.length === 0) return undefined;
  return { kind: 'frame', format: fourCc === '.mp3' ? readMp3Format(data) : null, data };
}

/**
 * @param {string} codec
 * @returns {Unsupported}
 */
function unsupported(codec) {
  return { kind: 'unsupported', codec };
}

/**
 * @param {Record<number, string>} names
 * @param {number} id
 */
function nameOf(names, id) {
  return names[id] ?? `codec ${id}`;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function readInt24(bytes, offset) {
  return ((bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8)) >> 8;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function readFourCc(bytes, offset) {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}
