import { Deserializer, Serializer } from 'node:v8';

const halfFloats: ViewConstructor | undefined = Reflect.get(globalThis, 'Float16Array'); // From Node 24 on.

// Both ends are the same version, but bytes of another process are checked all the same.
const viewTypes = [
  ...[Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
  ...(halfFloats === undefined ? [] : [halfFloats]),
] as const;
type ViewConstructor = {
  new (buffer: ArrayBuffer, offset?: number, length?: number): NodeJS.ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
};

/**
 * Writes a value as structured clone would carry it, behind `headRoom` bytes that are left to the caller. Of `apart` only
 * the place is noted: the caller sends these buffers beside it.
 */
export function writeClone(value: unknown, headRoom: number, apart: readonly ArrayBuffer[] = []): Buffer {
  const writer = new CloneWriter(apart);
  if (headRoom > 0) writer.writeRawBytes(new Uint8Array(headRoom));
  writer.writeHeader();
  writer.writeValue(value);
  return writer.releaseBuffer();
}

/**
 * Reads what {@link writeClone} wrote. Nothing in it shares memory with `bytes`, so that one small array that is kept
 * does not keep everything alive that travelled beside it.
 */
export function readClone(bytes: Uint8Array, apart: readonly ArrayBuffer[] = []): unknown {
  const reader = new CloneReader(bytes, apart);
  reader.readHeader();
  return reader.readValue();
}

/** Documented by Node, but not in its types. */
interface ViewSetting {
  _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
}

class CloneWriter extends Serializer {
  readonly #apart = new Map<unknown, number>();

  constructor(apart: readonly ArrayBuffer[]) {
    super();
    for (const [id, buffer] of apart.entries()) {
      this.transferArrayBuffer(id, buffer);
      this.#apart.set(buffer, id);
    }
    // Otherwise a view travels as its whole buffer, of which it may be a small part.
    (this as unknown as ViewSetting)._setTreatArrayBufferViewsAsHostObjects(true);
  }

  protected _writeHostObject(view: NodeJS.ArrayBufferView): void {
    const type = viewTypes.findIndex((candidate) => view instanceof candidate); // A Buffer arrives as Uint8Array.
    if (type < 0) throw new TypeError(`${Object.prototype.toString.call(view)} could not be cloned`);
    const apart = this.#apart.get(view.buffer);
    this.writeUint32(type * 2 + (apart === undefined ? 0 : 1));
    this.writeUint32(view.byteLength);
    if (apart === undefined) {
      this.writeRawBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    } else {
      this.writeUint32(apart);
      this.writeUint32(view.byteOffset);
    }
  }
}

class CloneReader extends Deserializer {
  readonly #bytes: Uint8Array;
  readonly #apart: readonly ArrayBuffer[];

  constructor(bytes: Uint8Array, apart: readonly ArrayBuffer[]) {
    super(bytes);
    this.#bytes = bytes;
    this.#apart = apart;
    for (const [id, buffer] of apart.entries()) this.transferArrayBuffer(id, buffer);
  }

  protected _readHostObject(): NodeJS.ArrayBufferView {
    const code = this.readUint32();
    const View = viewTypes[code >> 1] as ViewConstructor | undefined;
    const size = this.readUint32();
    if (View === undefined) throw new RangeError('no typed array');
    if (code % 2 === 0) return new View(this.#copy(size));
    const buffer = this.#apart[this.readUint32()];
    if (buffer === undefined) throw new RangeError('no such buffer');
    return new View(buffer, this.readUint32(), size / (View.BYTES_PER_ELEMENT ?? 1));
  }

  #copy(size: number): ArrayBuffer {
    if (size > this.#bytes.length) throw new RangeError('no such bytes');
    return new Uint8Array(this.readRawBytes(size)).buffer;
  }
}
