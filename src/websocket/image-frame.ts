import { hasText, type ImageRefusal, type ImageSize, isRefusal, refuse } from './image-refusal.ts';
import { readJpegHeader } from './jpeg-header.ts';
import { readPngHeader } from './png-header.ts';
import { readWebpHeader } from './webp-header.ts';

/** The kinds of picture that every browser makes or shows. */
export type ImageType = 'jpeg' | 'png' | 'webp';

/** What is known of a picture whose file looks whole. */
export interface ImageFrame extends ImageSize {
  /** What kind of file it is, by its own bytes. */
  readonly type: ImageType;
}

/** Bounds of one picture. */
export interface ImageLimits {
  /** Most bytes of the file. */
  readonly maxBytes: number;
  /** Most pixels: a few hundred bytes of file can ask a decoder for gigabytes. */
  readonly maxPixels: number;
}

/** A picture out of a `data:` URL. */
export interface DecodedImage extends ImageFrame {
  /** The file. */
  readonly bytes: Uint8Array;
}

/**
 * Looks at a picture as far as that costs next to nothing: size, magic, header and end marker. What is between the header
 * and the end is a decoder's business. Takes any bytes and never throws.
 */
export function readImageFrame(bytes: Uint8Array, limits: ImageLimits): ImageFrame | ImageRefusal {
  if (bytes.length === 0) return refuse('empty', 'the picture has no bytes');
  if (bytes.length > limits.maxBytes) return tooLarge(bytes.length, limits);
  const kind = kinds.find(({ isMagic }) => isMagic(bytes));
  if (kind === undefined) return refuse('unknown-type', 'the picture is neither JPEG nor PNG nor WebP');
  const size = kind.readHeader(bytes);
  if (isRefusal(size)) return size;
  const pixels = size.width * size.height;
  if (pixels > limits.maxPixels)
    return refuse(
      'too-many-pixels',
      `${size.width} x ${size.height} pixels, limit ${limits.maxPixels} in all`,
    );
  return { type: kind.type, ...size };
}

/**
 * Takes a picture out of a `data:` URL such as `canvas.toDataURL()` gives. The size is checked before anything is
 * decoded, and the file must be of the type that the URL says.
 */
export function parseDataUrl(text: string, limits: ImageLimits): DecodedImage | ImageRefusal {
  const [head, mime] = dataUrlHead.exec(text.slice(0, maxHeadLength)) ?? [];
  if (head === undefined || mime === undefined)
    return refuse('bad-data-url', 'the picture is no data URL of an image in base64');
  const type = mimeTypes[mime.toLowerCase()];
  if (type === undefined) return refuse('unknown-type', `${mime} is neither JPEG nor PNG nor WebP`);
  const bytes = decodeBase64(text.slice(head.length), limits);
  if (isRefusal(bytes)) return bytes;
  const frame = readImageFrame(bytes, limits);
  if (isRefusal(frame)) return frame;
  if (frame.type !== type)
    return refuse('type-mismatch', `the data URL says ${type}, the file is ${frame.type}`);
  return { ...frame, bytes };
}

interface Kind {
  readonly type: ImageType;
  readonly isMagic: (bytes: Uint8Array) => boolean;
  readonly readHeader: (bytes: Uint8Array) => ImageSize | ImageRefusal;
}

const kinds: readonly Kind[] = [
  { type: 'jpeg', isMagic: (bytes) => hasText(bytes, 0, '\xff\xd8\xff'), readHeader: readJpegHeader },
  { type: 'png', isMagic: (bytes) => hasText(bytes, 0, '\x89PNG\r\n\x1a\n'), readHeader: readPngHeader },
  {
    type: 'webp',
    isMagic: (bytes) => hasText(bytes, 0, 'RIFF') && hasText(bytes, 8, 'WEBP'),
    readHeader: readWebpHeader,
  },
];

const maxHeadLength = 64;
const dataUrlHead = /^data:(image\/[a-z0-9.+-]+);base64,/i;

// image/jpg is registered nowhere and sent by many.
const mimeTypes: Readonly<Record<string, ImageType>> = {
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
};

function decodeBase64(base64: string, limits: ImageLimits): Uint8Array | ImageRefusal {
  if (base64.length % 4 !== 0)
    return refuse('bad-base64', `${base64.length} characters of base64, not a multiple of 4`);
  const pads = base64.endsWith('==') ? 2 : Number(base64.endsWith('='));
  const size = (base64.length / 4) * 3 - pads;
  if (size > limits.maxBytes) return tooLarge(size, limits);
  const bytes = Buffer.from(base64, 'base64');
  // The decoder leaves out what is not of the alphabet, so then some bytes are missing; only the URL alphabet it takes, too.
  if (bytes.length !== size || base64.includes('-') || base64.includes('_'))
    return refuse('bad-base64', 'the base64 has a character that does not belong there');
  return bytes;
}

function tooLarge(bytes: number, { maxBytes }: ImageLimits): ImageRefusal {
  return refuse('too-large', `a picture of ${bytes} bytes, limit ${maxBytes}`);
}
