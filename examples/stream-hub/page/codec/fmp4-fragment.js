import { text } from './fmp4-boxes.js';
import { trackId } from './fmp4-init.js';

/**
 * One coded picture or packet of sound, with times in units of the track's timescale.
 * @typedef {object} Sample
 * @property {number} sequence counts the fragments
 * @property {number} decodeTime at least 0
 * @property {number} duration
 * @property {number} offset from decoding to showing; may be negative
 * @property {boolean} isKeyframe
 * @property {Uint8Array} data
 */

const fragmentBytes = 104;
const headBytes = fragmentBytes + 8;

// sample_depends_on, sample_is_non_sync_sample (ISO 14496-12 §8.8.3.1).
const sampleFlags = { keyframe: 0x200_0000, other: 0x101_0000 };

/** ISO 14496-12 §8.8.7 and §8.8.8: which fields there are. Version 1 of `trun` makes the offset a signed number. */
const isRelativeToFragment = 0x2_0000;
const version1 = 0x100_0000;
const runFields = version1 | 0xf01;

/**
 * A fragment with a single sample: movie fragment and media data, in one piece.
 * @param {Sample} sample
 */
export function createFragment({ sequence, decodeTime, duration, offset, isKeyframe, data }) {
  const flags = isKeyframe ? sampleFlags.keyframe : sampleFlags.other;
  const high = Math.floor(decodeTime / 2 ** 32);
  const words = [
    ...[fragmentBytes, moof],
    ...[16, mfhd, 0, sequence],
    ...[80, traf],
    ...[16, tfhd, isRelativeToFragment, trackId],
    ...[20, tfdt, version1, high, decodeTime],
    ...[36, trun, runFields, 1, headBytes, duration, data.length, flags, offset],
    ...[8 + data.length, mdat],
  ];
  const bytes = new Uint8Array(headBytes + data.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    view.setUint32(index * 4, word);
  });
  bytes.set(data, headBytes);
  return bytes;
}

const [moof, mfhd, traf, tfhd, tfdt, trun, mdat] = [
  'moof',
  'mfhd',
  'traf',
  'tfhd',
  'tfdt',
  'trun',
  'mdat',
].map((type) => new DataView(Uint8Array.from(text(type)).buffer).getUint32(0));
