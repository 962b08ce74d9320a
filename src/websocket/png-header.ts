import { hasText, type ImageRefusal, type ImageSize, refuse, view } from './image-refusal.ts';

const signatureBytes = 8;
const headerEnd = signatureBytes + 8 + 13 + 4; // Length and name, 13 bytes of IHDR, checksum.
const endBytes = 12;
const endChecksum = 0xae42_6082;

/** Reads the size of a PNG file that begins with the signature, and looks for its end. */
export function readPngHeader(bytes: Uint8Array): ImageSize | ImageRefusal {
  if (bytes.length < headerEnd + endBytes)
    return refuse('truncated', `the PNG file ends in its header, at ${bytes.length} bytes`);
  const header = view(bytes);
  if (header.getUint32(8) !== 13 || !hasText(bytes, 12, 'IHDR')) return bad('no IHDR at its beginning');
  // Decoders refuse a wrong checksum here, and it tells a real header from one that a bit flip made enormous.
  if (header.getUint32(29) !== crc32(bytes.subarray(12, 29))) return bad('a wrong checksum');
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  if (width === 0 || height === 0) return bad(`${width} x ${height} pixels`);
  if (!endsWithIend(bytes))
    return refuse('truncated', `the PNG file of ${bytes.length} bytes has no IEND at its end`);
  return { width, height };
}

function endsWithIend(bytes: Uint8Array): boolean {
  const at = bytes.length - endBytes;
  const end = view(bytes);
  return end.getUint32(at) === 0 && hasText(bytes, at + 4, 'IEND') && end.getUint32(at + 8) === endChecksum;
}

/** PNG, annex D. Bit by bit: it is for 17 bytes. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return ~crc >>> 0;
}

function bad(what: string): ImageRefusal {
  return refuse('bad-header', `the PNG header has ${what}`);
}
