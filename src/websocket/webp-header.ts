import { hasText, type ImageRefusal, type ImageSize, isRefusal, refuse, view } from './image-refusal.ts';

const riffHeaderBytes = 12;
const chunkHeaderBytes = 8;
const animation = 0x02;

// Alpha, colour profile, EXIF, XMP: an extended file has few chunks before its picture.
const maxChunks = 16;

interface Chunk {
  readonly name: string;
  /** Its content, cut at the end of the file. */
  readonly body: Uint8Array;
}

/** Reads the size of a WebP file that begins with `RIFF`, four bytes, `WEBP`, and compares its length with what it says. */
export function readWebpHeader(bytes: Uint8Array): ImageSize | ImageRefusal {
  const riffBytes = 8 + view(bytes).getUint32(4, true);
  if (bytes.length < riffBytes)
    return refuse('truncated', `the WebP file has ${bytes.length} bytes and should have ${riffBytes}`);
  // Some writers leave the pad byte of an odd chunk out of the size.
  if (bytes.length > riffBytes + (riffBytes & 1))
    return bad(`${bytes.length - riffBytes} bytes behind its end`);
  const [first] = chunks(bytes);
  if (first === undefined) return bad('no chunk');
  return first.name === 'VP8X' ? readExtended(bytes, first.body) : readPicture(first);
}

/** The canvas of an extended file, which must be the size of the one picture in it. */
function readExtended(bytes: Uint8Array, body: Uint8Array): ImageSize | ImageRefusal {
  if (body.length < 10) return bad(`a VP8X chunk of ${body.length} bytes`);
  if (body[0]! & animation) return bad('an animation instead of one picture');
  const picture = [...chunks(bytes)].find(({ name }) => name === 'VP8 ' || name === 'VP8L');
  if (picture === undefined) return bad('no picture');
  const [width, height] = [1 + readUint24(body, 4), 1 + readUint24(body, 7)];
  const size = readPicture(picture);
  if (isRefusal(size) || (size.width === width && size.height === height)) return size;
  return bad(`a canvas of ${width} x ${height} around ${size.width} x ${size.height} pixels`);
}

const pictureReaders: Readonly<Record<string, (body: Uint8Array) => ImageSize | undefined>> = {
  'VP8 ': readLossy,
  VP8L: readLossless,
};

function readPicture({ name, body }: Chunk): ImageSize | ImageRefusal {
  const size = Object.hasOwn(pictureReaders, name) ? pictureReaders[name]?.(body) : undefined;
  return size ?? bad('no readable picture');
}

/** RFC 6386 §9.1: a keyframe has bit 0 clear, a start code, then 14 bits each of width and height. */
function readLossy(body: Uint8Array): ImageSize | undefined {
  if (body.length < 10 || body[0]! & 1 || !hasText(body, 3, '\x9d\x01\x2a')) return undefined;
  const header = view(body);
  const [width, height] = [header.getUint16(6, true) & 0x3fff, header.getUint16(8, true) & 0x3fff];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** RFC 9649 §3.4: a signature byte, 14 bits each of width and height less 1, alpha, a version of 0. */
function readLossless(body: Uint8Array): ImageSize | undefined {
  if (body.length < 5 || body[0] !== 0x2f || body[4]! >> 5 !== 0) return undefined;
  const bits = view(body).getUint32(1, true);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}

function* chunks(bytes: Uint8Array): Generator<Chunk> {
  const file = view(bytes);
  let at = riffHeaderBytes;
  for (let count = 0; count < maxChunks && at + chunkHeaderBytes <= bytes.length; count++) {
    const length = file.getUint32(at + 4, true);
    const start = at + chunkHeaderBytes;
    yield {
      name: String.fromCharCode(...bytes.subarray(at, at + 4)),
      body: bytes.subarray(start, start + length),
    };
    at = start + length + (length & 1);
  }
}

function readUint24(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16);
}

function bad(what: string): ImageRefusal {
  return refuse('bad-header', `the WebP file has ${what}`);
}
