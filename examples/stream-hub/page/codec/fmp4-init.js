/**
 * @import { SoundFormat } from './sound-format.js'
 * @import { Size } from './picture-size.js'
 */
import { box, concat, fullBox, text, uint16, uint32, zeros } from './fmp4-boxes.js';
import { mediaKinds, soundSampleEntry, videoSampleEntry } from './fmp4-sample-entries.js';

/** The number of the only track of each file. */
export const trackId = 1;

/** Video counts time in ms, as FLV does. */
const videoTimescale = 1_000;

const identityMatrix = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].flatMap(uint32);
const undeterminedLanguage = uint16(0x55c4);

/**
 * The initialization segment of a video track.
 * @param {{ fourCc: string, description: Uint8Array, size: Size }} track
 */
export function createVideoInit({ fourCc, description, size }) {
  return initSegment('video', videoTimescale, size, videoSampleEntry(fourCc, description, size));
}

/** The initialization segment of a sound track; time is counted in samples. @param {SoundFormat} format */
export function createSoundInit(format) {
  return initSegment('audio', format.sampleRate, { width: 0, height: 0 }, soundSampleEntry(format));
}

/**
 * File type and movie (ISO 14496-12 §4.3, §8). No duration anywhere says that the end is not known: a live stream, which
 * browsers play with the shortest queues they have.
 * @param {keyof typeof mediaKinds} kind
 * @param {number} timescale
 * @param {Size} size
 * @param {Uint8Array} sampleEntry
 */
function initSegment(kind, timescale, size, sampleEntry) {
  const file = box('ftyp', text('iso6'), uint32(0), text('iso6mp41'));
  const extension = box('mvex', fullBox('trex', 0, 0, uint32(trackId), uint32(1), zeros(12)));
  const movie = box('moov', movieHeader(), track(kind, timescale, size, sampleEntry), extension);
  return concat([file, movie], file.length + movie.length);
}

function movieHeader() {
  const rateAndVolume = [...uint32(0x1_0000), ...uint16(0x100)];
  const times = [...zeros(8), ...uint32(videoTimescale), ...zeros(4)];
  return fullBox(
    'mvhd',
    0,
    0,
    times,
    rateAndVolume,
    zeros(10),
    identityMatrix,
    zeros(24),
    uint32(trackId + 1),
  );
}

/**
 * @param {keyof typeof mediaKinds} kind
 * @param {number} timescale
 * @param {Size} size
 * @param {Uint8Array} sampleEntry
 */
function track(kind, timescale, size, sampleEntry) {
  const isEnabledInMovie = 3;
  const volume = uint16(kind === 'audio' ? 0x100 : 0);
  const place = [...zeros(8), ...volume, ...zeros(2), ...identityMatrix];
  const fixedSize = [...uint16(size.width), 0, 0, ...uint16(size.height), 0, 0];
  const head = fullBox('tkhd', 0, isEnabledInMovie, zeros(8), uint32(trackId), zeros(12), place, fixedSize);
  return box('trak', head, media(kind, timescale, sampleEntry));
}

/**
 * @param {keyof typeof mediaKinds} kind
 * @param {number} timescale
 * @param {Uint8Array} sampleEntry
 */
function media(kind, timescale, sampleEntry) {
  const { handler, header } = mediaKinds[kind];
  const head = fullBox('mdhd', 0, 0, zeros(8), uint32(timescale), zeros(4), undeterminedLanguage, zeros(2));
  const type = fullBox('hdlr', 0, 0, zeros(4), handler, zeros(13));
  const isInThisFile = 1;
  const data = box('dinf', fullBox('dref', 0, 0, uint32(1), fullBox('url ', 0, isInThisFile)));
  return box('mdia', head, type, box('minf', header, data, sampleTable(sampleEntry)));
}

/** All samples are in fragments, so every table but the description is empty. @param {Uint8Array} sampleEntry */
function sampleTable(sampleEntry) {
  return box(
    'stbl',
    fullBox('stsd', 0, 0, uint32(1), sampleEntry),
    fullBox('stts', 0, 0, zeros(4)),
    fullBox('stsc', 0, 0, zeros(4)),
    fullBox('stsz', 0, 0, zeros(8)),
    fullBox('stco', 0, 0, zeros(4)),
  );
}
