/** The names that browsers know codecs by, from their configuration records. @type {Record<string, (record: Uint8Array) => string>} */
const names = {
  avc1: (record) => `avc1.${Array.from(record.subarray(1, 4), hexByte).join('')}`,
  hvc1: hevcName,
  av01: av1Name,
  vp09: (record) => `vp09.${[record[0], record[1], record[2] >> 4].map(twoDigits).join('.')}`,
};

/** Shorter ones are cut off: ISO 14496-15 §5.3.3.1 and §8.3.3.1, AV1-ISOBMFF §2.3.3, VP9-ISOBMFF. @type {Record<string, number>} */
const minBytes = { avc1: 7, hvc1: 23, av01: 4, vp09: 6 };

/** The FourCCs of video that can be played here. */
export const videoFourCcs = Object.keys(names);

/**
 * A name such as `avc1.42c01e`, or `null` when the record is cut short.
 * @param {string} fourCc
 * @param {Uint8Array} record
 */
export function readCodecName(fourCc, record) {
  return record.length < minBytes[fourCc] ? null : names[fourCc](record);
}

/** ISO 14496-15, Annex E.3. @param {Uint8Array} record */
function hevcName(record) {
  const space = ['', 'A', 'B', 'C'][record[1] >> 6];
  const tier = (record[1] & 0x20) === 0 ? 'L' : 'H';
  const constraints = Array.from(record.subarray(6, 12), (byte) => byte.toString(16).toUpperCase());
  while (constraints.at(-1) === '0') constraints.pop();
  const profile = `${space}${record[1] & 31}`;
  return ['hvc1', profile, reversedHex(record.subarray(2, 6)), `${tier}${record[12]}`, ...constraints].join(
    '.',
  );
}

/** The compatibility flags stand in the name with the first one lowest. @param {Uint8Array} bytes */
function reversedHex(bytes) {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Number.parseInt([...bits].reverse().join(''), 2)
    .toString(16)
    .toUpperCase();
}

/** AV1-ISOBMFF §5. @param {Uint8Array} record */
function av1Name(record) {
  const isDeep = (record[2] & 0x40) !== 0;
  const depth = isDeep ? ((record[2] & 0x20) === 0 ? 10 : 12) : 8;
  const tier = (record[2] & 0x80) === 0 ? 'M' : 'H';
  return `av01.${record[1] >> 5}.${twoDigits(record[1] & 31)}${tier}.${twoDigits(depth)}`;
}

/** @param {number} value */
function hexByte(value) {
  return value.toString(16).padStart(2, '0');
}

/** @param {number} value */
function twoDigits(value) {
  return String(value).padStart(2, '0');
}
