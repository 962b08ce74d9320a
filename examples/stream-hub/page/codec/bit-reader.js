/** Reads the bit fields of codec headers. Past the end it reads zeros: a header cut short gives odd numbers, no error. */
export class BitReader {
  #bytes;
  #position = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** @param {number} count at most 32 */
  read(count) {
    let value = 0;
    for (let index = 0; index < count; index++) value = value * 2 + this.#readBit();
    return value;
  }

  /** @param {number} count */
  skip(count) {
    this.#position += count;
  }

  /** An unsigned Exp-Golomb code, ue(v) of H.264 §9.1. */
  readUe() {
    let zeros = 0;
    while (zeros < 32 && this.#readBit() === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** A signed Exp-Golomb code, se(v) of H.264 §9.1.1. */
  readSe() {
    const code = this.readUe();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #readBit() {
    const byte = this.#bytes[this.#position >> 3] ?? 0;
    return (byte >> (7 - (this.#position++ & 7))) & 1;
  }
}

/**
 * A NAL unit's payload without the emulation prevention bytes (H.264 §7.4.1, H.265 §7.4.2).
 * @param {Uint8Array} unit
 */
export function unescapeNalUnit(unit) {
  return unit.filter(
    (byte, index) => byte !== 3 || index < 2 || unit[index - 1] !== 0 || unit[index - 2] !== 0,
  );
}
