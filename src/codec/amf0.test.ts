import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, ProtocolError } from '../core/errors.ts';
import { type Amf0Value, readAmf0, readAmf0Values, writeAmf0Values } from './amf0.ts';
import { codeOf, hex } from './test-support.ts';

interface Row {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly value: Amf0Value;
}

const rows: readonly Row[] = [
  { name: 'a number', bytes: hex('00 3ff8000000000000'), value: 1.5 },
  { name: 'true', bytes: hex('01 01'), value: true },
  { name: 'false', bytes: hex('01 00'), value: false },
  { name: 'a string', bytes: hex('02 0003 c3a9 21'), value: 'é!' },
  { name: 'an empty string', bytes: hex('02 0000'), value: '' },
  { name: 'a string that starts with a byte order mark', bytes: hex('02 0003 efbbbf'), value: '\ufeff' },
  { name: 'an object', bytes: hex('03 0001 61 05 0001 62 0101 0000 09'), value: { a: null, b: true } },
  { name: 'an empty object', bytes: hex('03 0000 09'), value: {} },
  { name: 'an object with an empty key', bytes: hex('03 0000 05 0000 09'), value: { '': null } },
  { name: 'null', bytes: hex('05'), value: null },
  { name: 'undefined', bytes: hex('06'), value: undefined },
  { name: 'a strict array', bytes: hex('0a 00000002 05 0100'), value: [null, false] },
  { name: 'a date', bytes: hex('0b 408f400000000000 0000'), value: new Date(1000) },
  { name: 'nested values', bytes: hex('03 0001 61 0a 00000001 03 0000 09 0000 09'), value: { a: [{}] } },
];

// What others write and this package does not.
const readOnlyRows: readonly Row[] = [
  { name: 'an ECMA array', bytes: hex('08 00000001 0001 61 05 0000 09'), value: { a: null } },
  {
    name: 'an ECMA array with a wrong count',
    bytes: hex('08 ffffffff 0001 61 05 0000 09'),
    value: { a: null },
  },
  { name: 'a short text as long string', bytes: hex('0c 00000001 61'), value: 'a' },
  { name: 'a boolean other than 1', bytes: hex('01 07'), value: true },
  { name: 'a date with a time zone', bytes: hex('0b 0000000000000000 ffc4'), value: new Date(0) },
];

const hostile: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: 'an unknown marker', bytes: hex('7f') },
  { name: 'the marker of AMF3', bytes: hex('11 01') },
  { name: 'the unsupported marker', bytes: hex('0d') },
  { name: 'a reference', bytes: hex('07 0000') },
  { name: 'an object end where a value is due', bytes: hex('09') },
  { name: 'an object end as the value of a key', bytes: hex('03 0001 61 09') },
  { name: 'a strict array that claims 2^32 - 1 items', bytes: hex('0a ffffffff 05') },
  { name: 'a long string that claims 4 GB', bytes: hex('0c ffffffff 61') },
  { name: 'objects nested 1000 deep', bytes: hex('03 0001 61'.repeat(1000)) },
  { name: 'arrays nested 33 deep', bytes: hex(`${'0a 00000001'.repeat(32)} 0a 00000000`) },
  { name: '4097 values in an array', bytes: hex(`0a 00001000 ${'05'.repeat(4096)}`) },
  { name: '4097 values side by side', bytes: hex('05'.repeat(4097)) },
];

describe('readAmf0Values', () => {
  it.each([...rows, ...readOnlyRows])('reads $name', ({ bytes, value }) => {
    expect(readAmf0Values(bytes)).toEqual([value]);
  });

  it.each([...rows, ...readOnlyRows])('refuses each truncation of $name', ({ bytes }) => {
    for (let length = 1; length < bytes.length; length++) {
      expect(codeOf(() => readAmf0Values(bytes.subarray(0, length)))).toBe('PROTOCOL_AMF');
    }
  });

  it.each(hostile)('refuses $name', ({ bytes }) => {
    expect(() => readAmf0Values(bytes)).toThrow(ProtocolError);
    expect(codeOf(() => readAmf0Values(bytes))).toBe('PROTOCOL_AMF');
  });

  it('reads values nested 32 deep and 4096 of them', () => {
    const nested = hex(`${'0a 00000001'.repeat(31)} 0a 00000000`);
    expect(readAmf0Values(nested)).toHaveLength(1);
    expect(readAmf0Values(hex('05'.repeat(4096)))).toHaveLength(4096);
  });

  it('takes tighter limits from the caller', () => {
    expect(codeOf(() => readAmf0Values(hex('0505'), { maxNodes: 1 }))).toBe('PROTOCOL_AMF');
    expect(codeOf(() => readAmf0Values(hex('0a 00000001 05'), { maxDepth: 1 }))).toBe('PROTOCOL_AMF');
  });

  it('keeps a key of __proto__ as a key', () => {
    const [object] = readAmf0Values(hex('03 0009 5f5f70726f746f5f5f 03 0001 61 0101 0000 09 0000 09'));
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.keys(object as object)).toEqual(['__proto__']);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it('never throws anything but PROTOCOL_AMF for bytes that look like values', () => {
    const likely = fc.oneof(fc.integer({ min: 0, max: 18 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(likely, { maxLength: 200 }), (bytes) => {
        const code = codeOf(() => readAmf0Values(Uint8Array.from(bytes)));
        expect([undefined, 'PROTOCOL_AMF']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('readAmf0', () => {
  it('says where the value ends', () => {
    expect(readAmf0(hex('05 0101 05'), 1)).toEqual({ value: true, end: 3 });
  });

  it('refuses an offset at or beyond the end', () => {
    expect(codeOf(() => readAmf0(hex('05'), 1))).toBe('PROTOCOL_AMF');
    expect(codeOf(() => readAmf0(hex('05'), 9))).toBe('PROTOCOL_AMF');
  });
});

describe('writeAmf0Values', () => {
  it.each(rows)('writes $name', ({ bytes, value }) => {
    expect(writeAmf0Values([value])).toEqual(bytes);
  });

  it('writes a text of more than 65 535 bytes as a long string', () => {
    const text = 'é'.repeat(32_768);
    const bytes = writeAmf0Values([text]);
    expect([...bytes.subarray(0, 5)]).toEqual([12, 0, 1, 0, 0]);
    expect(readAmf0Values(bytes)).toEqual([text]);
  });

  it('gives back what was written', () => {
    const { values } = fc.letrec<{ value: Amf0Value; values: Amf0Value[] }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.double(),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(null, undefined),
        fc.date({ noInvalidDate: true }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 4 }),
      ),
      values: fc.array(tie('value'), { maxLength: 6 }),
    }));
    fc.assert(
      fc.property(values, (written) => {
        expect(readAmf0Values(writeAmf0Values(written))).toEqual(written);
      }),
    );
  });

  it('refuses what AMF0 cannot say', () => {
    const cycle: Record<string, Amf0Value> = {};
    cycle.self = cycle;
    expect(() => writeAmf0Values([cycle])).toThrow(ConfigError);
    expect(() => writeAmf0Values([{ ['k'.repeat(65_536)]: null }])).toThrow(ConfigError);
    expect(() => writeAmf0Values([1n as never])).toThrow('a bigint has no AMF0 form');
  });
});
