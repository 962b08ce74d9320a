/**
 * @import { Piece } from './fmp4-boxes.js'
 * @import { SoundFormat } from './sound-format.js'
 * @import { Size } from './picture-size.js'
 */
import { box, fullBox, text, uint16, uint32, zeros } from './fmp4-boxes.js';

/** How each codec carries its configuration record. @type {Record<string, (record: Uint8Array) => Uint8Array>} */
const configBoxes = {
  avc1: (record) => box('avcC', record), //          ISO 14496-15 §5.4.2.1
  hvc1: (record) => box('hvcC', record), //          ISO 14496-15 §8.4.1.1
  av01: (record) => box('av1C', record), //          AV1-ISOBMFF §2.3
  vp09: (record) => fullBox('vpcC', 1, 0, record), // VP9-ISOBMFF
};

const dotsPerInch = uint32(0x48_0000);

/**
 * A VisualSampleEntry (ISO 14496-12 §12.1.3).
 * @param {string} fourCc
 * @param {Uint8Array} record
 * @param {Size} size
 */
export function videoSampleEntry(fourCc, record, { width, height }) {
  return box(
    fourCc,
    sampleEntryHead,
    zeros(16),
    uint16(width),
    uint16(height),
    dotsPerInch,
    dotsPerInch,
    zeros(4),
    uint16(1), // frames per sample
    zeros(32), // the compressor's name
    uint16(24),
    uint16(0xffff),
    configBoxes[fourCc](record),
  );
}

/**
 * An AudioSampleEntry (ISO 14496-12 §12.2.3).
 * @param {SoundFormat} format
 */
export function soundSampleEntry(format) {
  const { fourCc, sampleRate, channels, description } = format;
  return box(
    fourCc === 'Opus' ? 'Opus' : 'mp4a',
    sampleEntryHead,
    zeros(8),
    uint16(channels),
    uint16(16),
    zeros(4),
    uint32((sampleRate & 0xffff) * 0x1_0000), // 16.16; above 65 535 Hz players go by the decoder's own configuration.
    fourCc === 'Opus' ? opusBox(description) : elementaryStreamBox(format),
  );
}

/** Reserved bytes, and the index of the data reference. */
const sampleEntryHead = [0, 0, 0, 0, 0, 0, 0, 1];

/** `OpusHead` in big-endian and without its magic (Opus in ISOBMFF §4.3.2). @param {Uint8Array} head */
function opusBox(head) {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const preSkip = uint16(view.getUint16(10, true));
  const inputRate = uint32(view.getUint32(12, true));
  const gain = uint16(view.getUint16(16, true));
  return box('dOps', [0, head[9]], preSkip, inputRate, gain, head.subarray(18));
}

// Object types of ISO 14496-1 §7.2.6.6, by the name of the codec.
const objectTypes = { 'mp4a.6B': 0x6b, 'mp4a.69': 0x69 };
const aacObjectType = 0x40;
const audioStream = 0x15;

/** ISO 14496-14 §5.6, ISO 14496-1 §7.2.6. @param {SoundFormat} format */
function elementaryStreamBox({ codec, description }) {
  const objectType = /** @type {Record<string, number>} */ (objectTypes)[codec] ?? aacObjectType;
  const specific = description.length > 0 ? descriptor(5, description) : [];
  const decoder = descriptor(4, [objectType, audioStream, ...zeros(11), ...specific]);
  const synchronization = descriptor(6, [2]);
  return fullBox('esds', 0, 0, descriptor(3, [0, 0, 0, ...decoder, ...synchronization]));
}

/**
 * A tag, a size in groups of 7 bits, and the content.
 * @param {number} tag
 * @param {Piece} content
 */
function descriptor(tag, content) {
  const size = content.length;
  return [
    tag,
    0x80 | (size >> 21),
    0x80 | ((size >> 14) & 127),
    0x80 | ((size >> 7) & 127),
    size & 127,
    ...content,
  ];
}

/** Handler type, name and media header of both kinds. */
export const mediaKinds = {
  video: { handler: text('vide'), header: fullBox('vmhd', 0, 1, zeros(8)) },
  audio: { handler: text('soun'), header: fullBox('smhd', 0, 0, zeros(4)) },
};
