import { BitReader, unescapeNalUnit } from './bit-reader.js';

/**
 * @typedef {{ width: number, height: number }} Size
 */

/** How each codec tells the size. @type {Record<string, (description: Uint8Array, keyframe: Uint8Array) => Size | null>} */
const readers = {
  avc1: (description) => readAvcSize(description),
  hvc1: (description) => readHevcSize(description),
  av01: (description) => readAv1Size(description),
  vp09: (_description, keyframe) => readVp9Size(keyframe),
};

/**
 * The size of the pictures, or `null` when the headers do not tell.
 * @param {string} fourCc
 * @param {Uint8Array} description the decoder configuration record
 * @param {Uint8Array} keyframe
 */
export function readPictureSize(fourCc, description, keyframe) {
  const size = readers[fourCc]?.(description, keyframe) ?? null;
  const isPossible =
    size !== null && size.width > 0 && size.width < 65_536 && size.height > 0 && size.height < 65_536;
  return isPossible ? size : null;
}

// The profiles of H.264 §7.3.2.1.1 whose parameter set tells the chroma format.
const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** @param {Uint8Array} record an AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3.1) */
function readAvcSize(record) {
  if (((record[5] ?? 0) & 31) === 0) return null;
  const unit = record.subarray(8, 8 + readUint16(record, 6));
  const bits = new BitReader(unescapeNalUnit(unit.subarray(1)));
  const profile = bits.read(8);
  bits.skip(16);
  bits.readUe();
  const chromaFormat = highProfiles.includes(profile) ? readAvcChroma(bits) : 1;
  skipAvcOrder(bits);
  const columns = bits.readUe() + 1;
  const rows = bits.readUe() + 1;
  const fields = bits.read(1) === 0 ? 2 : 1;
  if (fields === 2) bits.skip(1);
  bits.skip(1);
  const crop = readCrop(bits);
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fields;
  return { width: columns * 16 - crop.x * unitX, height: rows * 16 * fields - crop.y * unitY };
}

/** @param {BitReader} bits */
function readAvcChroma(bits) {
  const chromaFormat = bits.readUe();
  if (chromaFormat === 3) bits.skip(1);
  bits.readUe();
  bits.readUe();
  bits.skip(1);
  if (bits.read(1) === 1) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  return chromaFormat;
}

/**
 * @param {BitReader} bits
 * @param {number} count
 */
function skipScalingLists(bits, count) {
  for (let list = 0; list < count; list++) {
    if (bits.read(1) === 0) continue;
    let next = 8;
    for (let index = 0; index < (list < 6 ? 16 : 64) && next !== 0; index++)
      next = (next + bits.readSe()) & 255;
  }
}

/** From log2_max_frame_num to gaps_in_frame_num_value_allowed_flag. @param {BitReader} bits */
function skipAvcOrder(bits) {
  bits.readUe();
  const orderType = bits.readUe();
  if (orderType === 0) bits.readUe();
  if (orderType === 1) {
    bits.skip(1);
    bits.readSe();
    bits.readSe();
    for (let left = Math.min(255, bits.readUe()); left > 0; left--) bits.readSe();
  }
  bits.readUe();
  bits.skip(1);
}

/** What is cut off on both sides together, in chroma units. @param {BitReader} bits */
function readCrop(bits) {
  if (bits.read(1) === 0) return { x: 0, y: 0 };
  const [left, right, top, bottom] = [bits.readUe(), bits.readUe(), bits.readUe(), bits.readUe()];
  return { x: left + right, y: top + bottom };
}

const hevcParameterSet = 33;

/** @param {Uint8Array} record an HEVCDecoderConfigurationRecord (ISO 14496-15 §8.3.3.1) */
function readHevcSize(record) {
  const unit = findHevcUnit(record, hevcParameterSet);
  if (unit === null) return null;
  const bits = new BitReader(unescapeNalUnit(unit.subarray(2)));
  bits.skip(4);
  const subLayers = bits.read(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  bits.readUe();
  const chromaFormat = bits.readUe();
  if (chromaFormat === 3) bits.skip(1);
  const [width, height] = [bits.readUe(), bits.readUe()];
  const crop = readCrop(bits);
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  return { width: width - crop.x * unitX, height: height - crop.y * (chromaFormat === 1 ? 2 : 1) };
}

/**
 * @param {Uint8Array} record
 * @param {number} type
 */
function findHevcUnit(record, type) {
  let offset = 23;
  for (let arrays = record[22] ?? 0; arrays > 0 && offset + 5 <= record.length; arrays--) {
    const found = (record[offset] & 63) === type && readUint16(record, offset + 1) > 0;
    if (found) return record.subarray(offset + 5, offset + 5 + readUint16(record, offset + 3));
    let units = readUint16(record, offset + 1);
    for (offset += 3; units > 0 && offset < record.length; units--) offset += 2 + readUint16(record, offset);
  }
  return null;
}

/**
 * H.265 §7.3.3.
 * @param {BitReader} bits
 * @param {number} subLayers
 */
function skipProfileTierLevel(bits, subLayers) {
  bits.skip(96);
  let present = 0;
  for (let index = 0; index < subLayers; index++) present += bits.read(1) * 88 + bits.read(1) * 8;
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  bits.skip(present);
}

/** @param {Uint8Array} record an AV1CodecConfigurationRecord, with the sequence header OBU behind its 4 bytes */
function readAv1Size(record) {
  const header = record[4] ?? 0;
  const isSequenceHeader = ((header >> 3) & 15) === 1;
  if (!isSequenceHeader || (header & 2) === 0) return null;
  const bits = new BitReader(record.subarray(6 + ((header >> 2) & 1)));
  bits.skip(4);
  if (bits.read(1) === 1) bits.skip(5);
  else skipAv1Points(bits);
  const [widthBits, heightBits] = [bits.read(4) + 1, bits.read(4) + 1];
  return { width: bits.read(widthBits) + 1, height: bits.read(heightBits) + 1 };
}

/** Timing and operating points: AV1 §5.5.1. @param {BitReader} bits */
function skipAv1Points(bits) {
  let delayBits = 0;
  if (bits.read(1) === 1) delayBits = skipAv1Timing(bits);
  const hasDelays = bits.read(1) === 1;
  const points = bits.read(5) + 1;
  for (let point = 0; point < points; point++) {
    bits.skip(12);
    if (bits.read(5) > 7) bits.skip(1);
    if (delayBits > 0 && bits.read(1) === 1) bits.skip(2 * delayBits + 1);
    if (hasDelays && bits.read(1) === 1) bits.skip(4);
  }
}

/** @param {BitReader} bits */
function skipAv1Timing(bits) {
  bits.skip(64);
  if (bits.read(1) === 1) bits.readUe();
  if (bits.read(1) === 0) return 0;
  const delayBits = bits.read(5) + 1;
  bits.skip(42);
  return delayBits;
}

const vp9SyncCode = 0x49_8342;

/** @param {Uint8Array} keyframe its uncompressed header: VP9 §6.2 */
function readVp9Size(keyframe) {
  const bits = new BitReader(keyframe);
  bits.skip(2);
  const profile = bits.read(1) + bits.read(1) * 2;
  bits.skip(profile === 3 ? 5 : 4);
  if (bits.read(24) !== vp9SyncCode) return null;
  if (profile >= 2) bits.skip(1);
  skipVp9Colour(bits, profile);
  return { width: bits.read(16) + 1, height: bits.read(16) + 1 };
}

/**
 * @param {BitReader} bits
 * @param {number} profile
 */
function skipVp9Colour(bits, profile) {
  const isRgb = bits.read(3) === 7;
  const hasSubsampling = profile === 1 || profile === 3;
  if (isRgb) bits.skip(hasSubsampling ? 1 : 0);
  else bits.skip(hasSubsampling ? 4 : 1);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} offset
 */
function readUint16(bytes, offset) {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
