/**
 * What the body of a video or audio tag holds. Bytes are views on the tag.
 * @typedef {{ kind: 'config', codec: string, description: Uint8Array }} CodecConfig
 * @typedef {{ kind: 'frame', isKeyframe: boolean, offsetMs: number, data: Uint8Array }} CodedFrame
 * @typedef {{ kind: 'unsupported', codec: string }} Unsupported
 */

// Video codec ids of Annex E.4.3.1; 12 and 13 are what publishers used before Enhanced RTMP.
const videoCodecIds = { 2: 'H.263', 4: 'VP6', 7: 'avc1', 12: 'hvc1', 13: 'av01' };
// Sound formats of Annex E.4.2.1.
const soundFormats = { 0: 'PCM', 2: 'MP3', 3: 'PCM', 7: 'A-law', 8: 'mu-law', 10: 'mp4a', 11: 'Speex' };

const sampleRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

/**
 * Reads the body of a video tag. H.264 comes in the classic form (E.4.3) or in that of Enhanced RTMP.
 * @param {Uint8Array} body
 * @returns {CodecConfig | CodedFrame | Unsupported | undefined} `undefined` for what needs no decoding.
 */
export function readVideoTag(body) {
  if (body.length < 5) return undefined;
  return (body[0] & 0x80) === 0 ? readClassicVideo(body) : readEnhancedVideo(body);
}

/** @param {Uint8Array} body */
function readClassicVideo(body) {
  const codec = nameOf(videoCodecIds, body[0] & 15);
  if (codec !== 'avc1') return unsupported(codec);
  if (body[1] === 0) return avcConfig(body.subarray(5));
  if (body[1] === 1) return codedFrame(body, readInt24(body, 2), 5);
  return undefined;
}

/** @param {Uint8Array} body */
function readEnhancedVideo(body) {
  const codec = readFourCc(body, 1);
  if (codec !== 'avc1') return unsupported(codec);
  const packetType = body[0] & 15;
  if (packetType === 0) return avcConfig(body.subarray(5));
  if (packetType === 1 && body.length >= 8) return codedFrame(body, readInt24(body, 5), 8);
  if (packetType === 3) return codedFrame(body, 0, 5);
  return undefined;
}

/** @param {Uint8Array} description an AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3.1) */
function avcConfig(description) {
  if (description.length < 7) return undefined;
  return /** @type {CodecConfig} */ ({
    kind: 'config',
    codec: `avc1.${Array.from(description.subarray(1, 4), hexByte).join('')}`,
    description,
  });
}

/**
 * @param {Uint8Array} body
 * @param {number} offsetMs what to add to the tag's decoding time to get the time of showing
 * @param {number} dataStart
 */
function codedFrame(body, offsetMs, dataStart) {
  const isKeyframe = ((body[0] >> 4) & 7) === 1;
  return /** @type {CodedFrame} */ ({ kind: 'frame', isKeyframe, offsetMs, data: body.subarray(dataStart) });
}

/**
 * Reads the body of an audio tag: AAC in the classic form (E.4.2) or in that of Enhanced RTMP.
 * @param {Uint8Array} body
 * @returns {CodecConfig | CodedFrame | Unsupported | undefined}
 */
export function readAudioTag(body) {
  if (body.length < 2) return undefined;
  const isEnhanced = body[0] >> 4 === 9;
  if (isEnhanced && body.length < 5) return undefined;
  const codec = isEnhanced ? readFourCc(body, 1) : nameOf(soundFormats, body[0] >> 4);
  if (codec !== 'mp4a') return unsupported(codec);
  const packetType = isEnhanced ? body[0] & 15 : body[1];
  const data = body.subarray(isEnhanced ? 5 : 2);
  if (packetType === 0) return aacConfig(data);
  return packetType === 1 ? { kind: 'frame', isKeyframe: true, offsetMs: 0, data } : undefined;
}

/** @param {Uint8Array} description an AudioSpecificConfig (ISO 14496-3 §1.6.2.1) */
function aacConfig(description) {
  if (description.length < 2) return undefined;
  return /** @type {CodecConfig} */ ({
    kind: 'config',
    codec: `mp4a.40.${description[0] >> 3}`,
    description,
  });
}

/**
 * Sample rate and channels of an AudioSpecificConfig, in the form that AudioDecoder wants.
 * @param {Uint8Array} description
 */
export function readAacFormat(description) {
  const rateIndex = ((description[0] & 7) << 1) | (description[1] >> 7);
  const channels = (description[1] >> 3) & 15;
  // Index 15 means that the rate is written out, which publishers of live streams do not do.
  return {
    sampleRate: sampleRates[rateIndex] ?? 48000,
    numberOfChannels: channels === 7 ? 8 : channels || 2,
  };
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

/** @param {number} value */
function hexByte(value) {
  return value.toString(16).padStart(2, '0');
}
