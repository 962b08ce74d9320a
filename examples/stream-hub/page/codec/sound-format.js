import { BitReader } from './bit-reader.js';

/**
 * What a player has to know of coded sound. `description` is what an AudioDecoder wants of it.
 * @typedef {object} SoundFormat
 * @property {'mp4a' | 'Opus' | '.mp3'} fourCc
 * @property {string} codec the name that browsers know it by
 * @property {number} sampleRate
 * @property {number} channels
 * @property {Uint8Array} description empty where the codec has none
 */

const aacRates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
const escapedObjectType = 31;
const escapedRate = 15;

/**
 * @param {Uint8Array} description an AudioSpecificConfig (ISO 14496-3 §1.6.2.1)
 * @returns {SoundFormat | null} `null` when it is cut short
 */
export function readAacFormat(description) {
  if (description.length < 2) return null;
  const bits = new BitReader(description);
  let objectType = bits.read(5);
  if (objectType === escapedObjectType) objectType = 32 + bits.read(6);
  const rateIndex = bits.read(4);
  const sampleRate = rateIndex === escapedRate ? bits.read(24) : (aacRates[rateIndex] ?? 48000);
  const channels = bits.read(4);
  return {
    fourCc: 'mp4a',
    codec: `mp4a.40.${objectType}`,
    sampleRate,
    channels: channels === 7 ? 8 : channels || 2,
    description,
  };
}

/**
 * @param {Uint8Array} description an `OpusHead` (RFC 7845 §5.1)
 * @returns {SoundFormat | null} `null` when it is none
 */
export function readOpusFormat(description) {
  const isOpusHead =
    description.length >= 19 && String.fromCharCode(...description.subarray(0, 8)) === 'OpusHead';
  if (!isOpusHead) return null;
  return { fourCc: 'Opus', codec: 'opus', sampleRate: 48_000, channels: description[9] || 2, description };
}

const mp3Rates = [44100, 48000, 32000];

/**
 * MP3 has no header of its own: every frame tells everything.
 * @param {Uint8Array} frame
 * @returns {SoundFormat | null} `null` when no frame starts there
 */
export function readMp3Format(frame) {
  const isLayer3 = frame.length >= 4 && frame[0] === 0xff && (frame[1] & 0xe6) === 0xe2;
  const rate = mp3Rates[(frame[2] >> 2) & 3];
  if (!isLayer3 || rate === undefined) return null;
  const version = (frame[1] >> 3) & 3; // 3 is MPEG-1, 2 is MPEG-2 at half of its rates, 0 is MPEG-2.5 at a quarter.
  return {
    fourCc: '.mp3',
    codec: version === 3 ? 'mp4a.6B' : 'mp4a.69',
    sampleRate: rate / (version === 3 ? 1 : version === 2 ? 2 : 4),
    channels: frame[3] >> 6 === 3 ? 1 : 2,
    description: frame.subarray(0, 0),
  };
}

/**
 * How many samples a packet holds, at the format's sample rate.
 * @param {SoundFormat} format
 * @param {Uint8Array} packet
 */
export function countSamples({ fourCc, codec }, packet) {
  if (fourCc === 'Opus') return countOpusSamples(packet);
  if (fourCc === '.mp3') return codec === 'mp4a.6B' ? 1152 : 576;
  return 1024;
}

// Frame sizes by the configuration number of RFC 6716 §3.1, in samples at 48 kHz.
const silk = [480, 960, 1920, 2880];
const hybrid = [480, 960];
const celt = [120, 240, 480, 960];
const opusSamples = [...silk, ...silk, ...silk, ...hybrid, ...hybrid, ...celt, ...celt, ...celt, ...celt];

/** @param {Uint8Array} packet */
function countOpusSamples(packet) {
  const count = [1, 2, 2, (packet[1] ?? 1) & 63][packet[0] & 3];
  return opusSamples[packet[0] >> 3] * count;
}

/**
 * @param {SoundFormat | null} a
 * @param {SoundFormat} b
 */
export function isSameFormat(a, b) {
  return (
    a !== null &&
    a.codec === b.codec &&
    a.sampleRate === b.sampleRate &&
    a.channels === b.channels &&
    sameBytes(a.description, b.description)
  );
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
