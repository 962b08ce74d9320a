/**
 * The bytes of ISO base media files (ISO 14496-12).
 * @typedef {Uint8Array | readonly number[]} Piece
 */

const headerBytes = 8;

/**
 * A box: size, type, and what is in it.
 * @param {string} type
 * @param {...Piece} pieces
 */
export function box(type, ...pieces) {
  const size = pieces.reduce((sum, { length }) => sum + length, headerBytes);
  return concat([uint32(size), text(type), ...pieces], size);
}

/**
 * A box with a version and flags (§4.2).
 * @param {string} type
 * @param {number} version
 * @param {number} flags
 * @param {...Piece} pieces
 */
export function fullBox(type, version, flags, ...pieces) {
  return box(type, uint32(version * 0x100_0000 + flags), ...pieces);
}

/** @param {number} value */
export function uint16(value) {
  return [(value >>> 8) & 255, value & 255];
}

/** @param {number} value */
export function uint32(value) {
  return [...uint16(value >>> 16), ...uint16(value)];
}

/** @param {string} characters */
export function text(characters) {
  return Array.from(characters, (character) => character.charCodeAt(0));
}

/** @param {number} count */
export function zeros(count) {
  return new Uint8Array(count);
}

/**
 * @param {readonly Piece[]} pieces
 * @param {number} size of all together
 */
export function concat(pieces, size) {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}
