import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClone, writeClone } from './clone-codec.ts';
import { bufferFlag, FrameReader, frameHeadBytes, maxFrameBytes } from './frame-reader.ts';

describe('frames', () => {
  it('are the same however the stream is cut', () => {
    const bodies = fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.boolean()), { maxLength: 20 });
    const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(bodies, cuts, (list, sizes) => {
        const read: unknown[] = [];
        const reader = new FrameReader({
          message: (body) => read.push([[...body], false]),
          buffer: (buffer) => read.push([[...new Uint8Array(buffer)], true]),
        });
        let rest = Buffer.concat(list.map(frame));
        while (rest.length > 0) {
          const size = sizes.next().value ?? 1;
          reader.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        expect(read).toEqual(list.map(([body, isBuffer]) => [[...body], isBuffer]));
      }),
    );
  });

  it('that are too long are refused before any of it is kept', () => {
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32LE(maxFrameBytes + 1);
    const reader = new FrameReader({ message() {}, buffer() {} });
    expect(() => reader.push(head)).toThrow(expect.objectContaining({ code: 'PROTOCOL_MESSAGE_TOO_LARGE' }));
  });
});

describe('clones', () => {
  it.each([
    ['a map', new Map([[{ a: 1 }, new Set([1n, null, undefined])]])],
    ['an error', new RangeError('no')],
    ['dates and patterns', [new Date(5), /x/g]],
    ['an array buffer', new Uint8Array([1, 2, 3]).buffer],
    ['all views', [new Float64Array([1.5]), new BigInt64Array([5n]), new Uint16Array([7]), new Int8Array(0)]],
    ['a data view', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
    ['text', ['ascii', 'žluťoučký', '🎬']],
  ])('keep %s', (_name, value) => {
    expect(readClone(writeClone(value, 0))).toEqual(value);
  });

  it.runIf('Float16Array' in globalThis)('keep half floats', () => {
    const halves: unknown = Reflect.construct(Reflect.get(globalThis, 'Float16Array'), [[1.5, -2]]);
    expect(readClone(writeClone(halves, 0))).toEqual(halves);
  });

  it('carry a small view of a large buffer alone, and share no memory with what they came in', () => {
    const large = new Uint8Array(1 << 20).fill(7);
    const bytes = writeClone([large.subarray(5, 8), Buffer.from('abc')], 0);
    expect(bytes.length).toBeLessThan(100);
    const [view, text] = readClone(bytes) as [Uint8Array, Uint8Array];
    expect([view, view.buffer.byteLength]).toEqual([new Uint8Array([7, 7, 7]), 3]);
    expect(text.constructor).toBe(Uint8Array); // As between threads.
    bytes.fill(0);
    expect(new TextDecoder().decode(text)).toBe('abc');
  });

  it('leave out the buffers that travel beside them, however many views these have', () => {
    const large = new Uint32Array([1, 2, 3, 4]);
    const value = {
      buffer: large.buffer,
      views: [large, large.subarray(1, 3), new DataView(large.buffer, 2)],
    };
    const bytes = writeClone(value, 0, [large.buffer]);
    const copy = large.slice().buffer;
    const read = readClone(bytes, [copy]) as typeof value;
    expect(read).toEqual(value);
    expect([read.buffer, ...read.views.map((view) => view.buffer)]).toEqual([copy, copy, copy, copy]);
    expect(read.views.every((view) => view.buffer === read.buffer)).toBe(true);
    expect(() => readClone(bytes, [])).toThrow();
  });

  it('of what cannot be cloned are refused', () => {
    expect(() => writeClone(() => {}, 0)).toThrow(/could not be cloned/);
    expect(() => writeClone(new SharedArrayBuffer(1), 0)).toThrow(/could not be cloned/);
  });

  it('that were damaged give some value or an error, and allocate no more than they hold', () => {
    const whole = writeClone({ items: [new Uint8Array(8), 'text', [1, 2]] }, 0);
    const damage = fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length));
    fc.assert(
      fc.property(damage, ([at, byte, end]) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        expect(() => attempt(() => readClone(bytes.subarray(0, end)))).not.toThrow();
      }),
    );
  });
});

function attempt(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function frame([body, isBuffer]: readonly [Uint8Array, boolean]): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32LE(body.length + (isBuffer ? bufferFlag : 0));
  return Buffer.concat([head, body]);
}
