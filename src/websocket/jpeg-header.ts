import { type ImageRefusal, type ImageSize, isRefusal, refuse, view } from './image-refusal.ts';

/** One marker segment of a header (ITU-T T.81, B.1.1.4). */
interface Segment {
  readonly marker: number;
  /** Where its parameters begin. */
  readonly start: number;
  readonly end: number;
}

const endOfImage = 0xd9;
const startOfScan = 0xda;

// Baseline, extended and progressive Huffman frames. Browsers decode no lossless and no arithmetic ones.
const shownFrames: readonly number[] = [0xc0, 0xc1, 0xc2];

// SOF0 to SOF15 without DHT, JPG and DAC, which stand between them (T.81, table B.1).
const isFrameMarker = (marker: number): boolean =>
  (marker & 0xf0) === 0xc0 && ![0xc4, 0xc8, 0xcc].includes(marker);

// A colour profile has at most 255 pieces; all else in a header is a handful.
const maxSegments = 512;

// Cameras fill their files up to a word, a sector or a page, with 00 or FF; readers of multipart streams leave CR LF.
const maxPaddingBytes = 4096;
const padding: readonly number[] = [0x00, 0xff, 0x0d, 0x0a];

/** Reads the size of a JPEG file that begins with SOI, and looks for its end. Does not look into the coded picture. */
export function readJpegHeader(bytes: Uint8Array): ImageSize | ImageRefusal {
  let size: ImageSize | undefined;
  let at = 2;
  for (let count = 0; count < maxSegments; count++) {
    const segment = readSegment(bytes, at);
    if (isRefusal(segment)) return segment;
    if (segment.marker === startOfScan) return finish(bytes, segment.end, size);
    if (isFrameMarker(segment.marker)) {
      // A second one could announce another size than the one that was checked.
      const frame = size === undefined ? readFrame(bytes, segment) : bad('two frame headers');
      if (isRefusal(frame)) return frame;
      size = frame;
    }
    at = segment.end;
  }
  return bad(`more than ${maxSegments} segments before the picture`);
}

function readSegment(bytes: Uint8Array, offset: number): Segment | ImageRefusal {
  if (offset < bytes.length && bytes[offset] !== 0xff) return bad(`no marker at byte ${offset}`);
  let at = offset;
  while (bytes[at + 1] === 0xff) at++; // Fill bytes may stand before any marker (B.1.1.2).
  if (at + 4 > bytes.length)
    return refuse('truncated', `the JPEG file ends in its header, at ${bytes.length} bytes`);
  const marker = bytes[at + 1]!;
  if (marker < 0xc0 || (marker >= 0xd0 && marker <= endOfImage))
    return bad(`marker ${marker.toString(16)} at byte ${at}`);
  const length = view(bytes).getUint16(at + 2);
  if (length < 2) return bad(`a segment of ${length} bytes`);
  const end = at + 2 + length;
  if (end > bytes.length)
    return refuse('truncated', `the JPEG file ends in a segment, at ${bytes.length} bytes`);
  return { marker, start: at + 4, end };
}

/** B.2.2: precision, height, width, number of components, 3 bytes for each component. */
function readFrame(bytes: Uint8Array, { marker, start, end }: Segment): ImageSize | ImageRefusal {
  if (!shownFrames.includes(marker))
    return bad(`coding process SOF${marker & 0x0f}, which browsers do not decode`);
  if (end - start < 6) return bad(`a frame header of ${end - start} bytes`);
  const header = view(bytes);
  const [height, width, components] = [
    header.getUint16(start + 1),
    header.getUint16(start + 3),
    bytes[start + 5]!,
  ];
  if (components === 0 || end - start !== 6 + 3 * components) return bad(`${components} components`);
  // A height of 0 says that it follows the first scan (DNL), which browsers do not look for.
  return width > 0 && height > 0 ? { width, height } : bad(`${width} x ${height} pixels`);
}

// A thumbnail in the header has an EOI of its own, so the one that counts must stand behind the start of the scan.
function finish(bytes: Uint8Array, scanAt: number, size: ImageSize | undefined): ImageSize | ImageRefusal {
  if (size === undefined) return bad('no frame header before the picture');
  const floor = Math.max(scanAt + 2, bytes.length - maxPaddingBytes);
  let end = bytes.length;
  while (end > floor && padding.includes(bytes[end - 1]!)) end--;
  const isWhole = end >= scanAt + 2 && bytes[end - 2] === 0xff && bytes[end - 1] === endOfImage;
  return isWhole ? size : refuse('truncated', `the JPEG file of ${bytes.length} bytes has no end marker`);
}

function bad(what: string): ImageRefusal {
  return refuse('bad-header', `the JPEG header has ${what}`);
}
