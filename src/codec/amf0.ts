import { ConfigError, ProtocolError } from '../core/errors.ts';
import { joinBytes } from './bytes.ts';

/** What AMF0 can say (Adobe, Action Message Format – AMF 0). An ECMA array is read as an object. */
export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | Amf0Object
  | readonly Amf0Value[];

/** An anonymous object. One that was read has no prototype, so no key of a peer's choice means anything. */
export interface Amf0Object {
  readonly [key: string]: Amf0Value;
}

/** What reading one message body may cost. */
export interface Amf0Limits {
  /** Deepest nesting; a plain value has depth 1. Default 32. */
  readonly maxDepth?: number;
  /** Most values, counting those inside objects and arrays. Default 4096. */
  readonly maxNodes?: number;
}

/**
 * Reads the value that starts at `offset`; `end` is the offset behind it.
 *
 * @throws {ProtocolError} `PROTOCOL_AMF` when it is truncated, over a limit, or has a marker without meaning here
 * (reference, unsupported, object end, AMF3 and unknown ones).
 */
export function readAmf0(
  bytes: Uint8Array,
  offset: number,
  limits?: Amf0Limits,
): { readonly value: Amf0Value; readonly end: number } {
  const reader = new Amf0Reader(bytes, offset, limits);
  return { value: reader.value(), end: reader.offset };
}

/**
 * Reads all values of a message body.
 *
 * @throws {ProtocolError} `PROTOCOL_AMF` when a value is truncated, over a limit, or has a marker without meaning here.
 */
export function readAmf0Values(bytes: Uint8Array, limits?: Amf0Limits): Amf0Value[] {
  const reader = new Amf0Reader(bytes, 0, limits);
  const values: Amf0Value[] = [];
  while (reader.offset < bytes.length) values.push(reader.value());
  return values;
}

/**
 * Writes values one after the other, as a message body has them. Strings of more than 65 535 bytes become long strings.
 *
 * @throws {ConfigError} when a value has no AMF0 form, a key exceeds 65 535 bytes, or nesting exceeds 32 levels.
 */
export function writeAmf0Values(values: readonly Amf0Value[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const value of values) writeValue(parts, value, 1);
  return joinBytes(parts);
}

const markers = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
} as const;

const defaults = { maxDepth: 32, maxNodes: 4096 } as const satisfies Required<Amf0Limits>;
const maxShortBytes = 0xffff;

// A byte order mark is a character like any other here: what a peer wrote comes back as it was.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

class Amf0Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: Required<Amf0Limits>;
  #depth = 0;
  #nodes = 0;
  offset: number;

  constructor(bytes: Uint8Array, offset: number, limits: Amf0Limits = {}) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = { ...defaults, ...limits };
    this.offset = offset;
  }

  value(): Amf0Value {
    const marker = this.uint8();
    const read = readers[marker];
    if (read === undefined) throw malformed(`marker ${marker} at byte ${this.offset - 1}`);
    if (++this.#nodes > this.#limits.maxNodes) throw malformed(`more than ${this.#limits.maxNodes} values`);
    if (++this.#depth > this.#limits.maxDepth) throw malformed(`nested over ${this.#limits.maxDepth} deep`);
    const value = read(this);
    this.#depth--;
    return value;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  text(length: number): string {
    const start = this.#take(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  object(): Amf0Object {
    const object: Record<string, Amf0Value> = Object.create(null);
    for (;;) {
      const key = this.text(this.uint16());
      if (key === '' && this.#skipObjectEnd()) return object;
      object[key] = this.value();
    }
  }

  // The count is the peer's word: nothing is allocated for it, and each item must really be there.
  strictArray(): Amf0Value[] {
    const count = this.uint32();
    const items: Amf0Value[] = [];
    while (items.length < count) items.push(this.value());
    return items;
  }

  date(): Date {
    const date = new Date(this.double());
    this.#take(2); // Time zone: reserved, must be 0, and some writers put an offset there that is already applied.
    return date;
  }

  #skipObjectEnd(): boolean {
    if (this.#bytes[this.offset] !== markers.objectEnd) return false;
    this.offset++;
    return true;
  }

  #take(count: number): number {
    const start = this.offset;
    if (!(start + count <= this.#bytes.length)) {
      throw malformed(`${count} bytes wanted at byte ${start}, the body has ${this.#bytes.length}`);
    }
    this.offset += count;
    return start;
  }
}

const readers: Readonly<Record<number, (reader: Amf0Reader) => Amf0Value>> = {
  [markers.number]: (reader) => reader.double(),
  [markers.boolean]: (reader) => reader.uint8() !== 0,
  [markers.string]: (reader) => reader.text(reader.uint16()),
  [markers.object]: (reader) => reader.object(),
  [markers.null]: () => null,
  [markers.undefined]: () => undefined,
  [markers.ecmaArray]: (reader) => {
    reader.uint32(); // A hint at the number of entries, often wrong: the object end decides.
    return reader.object();
  },
  [markers.strictArray]: (reader) => reader.strictArray(),
  [markers.date]: (reader) => reader.date(),
  [markers.longString]: (reader) => reader.text(reader.uint32()),
};

function malformed(what: string): ProtocolError {
  return new ProtocolError('PROTOCOL_AMF', `malformed AMF0: ${what}`);
}

type ValueWriter = (parts: Uint8Array[], value: never, depth: number) => void;

const writers: Readonly<Record<string, ValueWriter>> = {
  number: (parts, value: number) =>
    parts.push(record(markers.number, 8, (view) => view.setFloat64(1, value))),
  boolean: (parts, value: boolean) => parts.push(Uint8Array.of(markers.boolean, Number(value))),
  string: (parts, value: string) => writeString(parts, encoder.encode(value)),
  undefined: (parts) => parts.push(Uint8Array.of(markers.undefined)),
  object: writeStructure,
};

function writeValue(parts: Uint8Array[], value: Amf0Value, depth: number): void {
  const write = writers[typeof value];
  if (write === undefined) throw new ConfigError(`a ${typeof value} has no AMF0 form`);
  if (depth > defaults.maxDepth) throw new ConfigError(`AMF0 values nest at most ${defaults.maxDepth} deep`);
  write(parts, value as never, depth);
}

function writeStructure(
  parts: Uint8Array[],
  value: Date | Amf0Object | readonly Amf0Value[] | null,
  depth: number,
): void {
  if (value === null) parts.push(Uint8Array.of(markers.null));
  else if (value instanceof Date) writeDate(parts, value);
  else if (isArray(value)) writeStrictArray(parts, value, depth);
  else writeObject(parts, value, depth);
}

function writeDate(parts: Uint8Array[], value: Date): void {
  parts.push(record(markers.date, 10, (view) => view.setFloat64(1, value.getTime())));
}

function writeStrictArray(parts: Uint8Array[], items: readonly Amf0Value[], depth: number): void {
  parts.push(record(markers.strictArray, 4, (view) => view.setUint32(1, items.length)));
  for (const item of items) writeValue(parts, item, depth + 1);
}

function writeObject(parts: Uint8Array[], object: Amf0Object, depth: number): void {
  parts.push(Uint8Array.of(markers.object));
  for (const [key, value] of Object.entries(object)) {
    writeKey(parts, encoder.encode(key));
    writeValue(parts, value, depth + 1);
  }
  parts.push(Uint8Array.of(0, 0, markers.objectEnd));
}

function writeKey(parts: Uint8Array[], key: Uint8Array): void {
  if (key.length > maxShortBytes)
    throw new ConfigError(`an AMF0 key has at most ${maxShortBytes} bytes, got ${key.length}`);
  parts.push(Uint8Array.of(key.length >>> 8, key.length), key);
}

function writeString(parts: Uint8Array[], text: Uint8Array): void {
  const isShort = text.length <= maxShortBytes;
  if (isShort)
    parts.push(
      record(markers.string, 2, (view) => view.setUint16(1, text.length)),
      text,
    );
  else
    parts.push(
      record(markers.longString, 4, (view) => view.setUint32(1, text.length)),
      text,
    );
}

// `Array.isArray` does not narrow readonly arrays out of a union.
function isArray(value: Amf0Object | readonly Amf0Value[]): value is readonly Amf0Value[] {
  return Array.isArray(value);
}

function record(marker: number, bodyBytes: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(1 + bodyBytes);
  bytes[0] = marker;
  fill(new DataView(bytes.buffer));
  return bytes;
}
