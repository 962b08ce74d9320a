import { describe, expect, it } from 'vitest';
import { TagAssembler } from './tag-assembler.ts';
import { pattern } from './test-support.ts';

function assemble(body: Uint8Array, eagerBytes: number, step: number): Uint8Array<ArrayBuffer> {
  const assembler = new TagAssembler();
  assembler.begin(body.length, eagerBytes);
  for (let start = 0; start < body.length; start += step) {
    assembler.append(body, start, Math.min(body.length, start + step));
  }
  return assembler.finish();
}

describe('TagAssembler', () => {
  it.each([
    [0, 0, 1],
    [1, 0, 1],
    [4096, 0, 4096],
    [4097, 0, 1],
    [100_000, 0, 333],
    [100_000, 50_000, 60_000],
    [100_000, 100_000, 31],
  ])('puts %i bytes, %i of them trusted, in steps of %i into an exact buffer', (size, eagerBytes, step) => {
    const body = pattern(size);
    const tag = assemble(body, eagerBytes, step);
    expect(tag.length).toBe(11 + size + 4);
    expect(tag.buffer.byteLength).toBe(tag.length);
    expect(tag.subarray(11, 11 + size)).toEqual(body);
  });

  it('allocates by what arrived and not by what was announced', () => {
    const assembler = new TagAssembler();
    assembler.begin(16_000_000, 0);
    assembler.append(pattern(5000), 0, 5000);
    expect(assembler.receivedBytes).toBe(5000);
    expect(assembler.missingBytes).toBe(15_995_000);
    // `finish` before the end shows the buffer as it is.
    expect(assembler.finish().length).toBeLessThan(10_000);
  });

  it('starts anew after it was cleared', () => {
    const assembler = new TagAssembler();
    assembler.begin(10, 10);
    assembler.append(pattern(5), 0, 5);
    assembler.clear();
    expect(assembler.missingBytes).toBe(0);
    assembler.begin(2, 2);
    assembler.append(Uint8Array.of(8, 9), 0, 2);
    expect([...assembler.finish().subarray(11, 13)]).toEqual([8, 9]);
  });
});
