/** Why a picture is refused, as a stable word. */
export type ImageRefusalCode =
  /** There is nothing in it. */
  | 'empty'
  /** It has more bytes than allowed. */
  | 'too-large'
  /** It is neither JPEG nor PNG nor WebP. */
  | 'unknown-type'
  /** Its header is broken, or says something that no browser shows. */
  | 'bad-header'
  /** Its end is missing. */
  | 'truncated'
  /** It is small as a file, but has more pixels than allowed. */
  | 'too-many-pixels'
  /** The text is no `data:` URL with base64. */
  | 'bad-data-url'
  /** The base64 has a wrong length or a character that does not belong there. */
  | 'bad-base64'
  /** The `data:` URL says one type, the file is of another one. */
  | 'type-mismatch';

/** A picture is not taken. */
export interface ImageRefusal<Code extends string = ImageRefusalCode> {
  /** Why. */
  readonly code: Code;
  /** The same for people, with the value and the limit. */
  readonly message: string;
}

/** What a picture's header says. */
export interface ImageSize {
  /** Pixels in a row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
}

/** Makes a refusal. */
export function refuse(code: ImageRefusalCode, message: string): ImageRefusal {
  return { code, message };
}

/** Tells a refusal from a result. */
export function isRefusal<Result extends object, Code extends string>(
  result: Result | ImageRefusal<Code>,
): result is ImageRefusal<Code> {
  return 'code' in result;
}

/** A view of numbers on the same bytes. */
export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether these characters stand at `offset`. */
export function hasText(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let index = 0; index < text.length; index++)
    if (bytes[offset + index] !== text.charCodeAt(index)) return false;
  return true;
}
