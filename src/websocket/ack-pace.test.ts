import { describe, expect, it } from 'vitest';
import { AckPacer, quickPace } from './ack-pace.ts';

const windowBytes = 512 << 10;
const calmPace = { everyMs: 100, everyBytes: 256 << 10 };

describe('the pace of acknowledgements', () => {
  it('is quick at first, and slow once nothing was late for two seconds', () => {
    const pacer = new AckPacer(0);
    expect(pacer.pace).toEqual(quickPace);
    expect(pacer.note(5, windowBytes, 1_999)).toBeUndefined();
    expect(pacer.note(5, windowBytes, 2_000)).toEqual(calmPace);
    expect(pacer.note(5, windowBytes, 2_100)).toBeUndefined(); // It has been told.
    expect(pacer.pace).toEqual(calmPace);
  });

  it.each([
    { what: 'a message was late', disturb: (pacer: AckPacer) => pacer.note(51, windowBytes, 3_000) },
    { what: 'the window was full', disturb: (pacer: AckPacer) => pacer.noteFull(3_000) },
  ])('is quick again as soon as $what, for two seconds at least', ({ disturb }) => {
    const pacer = new AckPacer(0);
    pacer.note(0, windowBytes, 2_500);
    expect(disturb(pacer)).toEqual(quickPace);
    expect(disturb(pacer)).toBeUndefined();
    expect(pacer.note(0, windowBytes, 4_999)).toBeUndefined();
    expect(pacer.note(0, windowBytes, 5_000)).toEqual(calmPace);
  });

  it('stays quick below a window that slow acknowledgements would fill', () => {
    const pacer = new AckPacer(0);
    expect(pacer.note(0, 127 << 10, 10_000)).toBeUndefined();
    expect(pacer.note(0, 128 << 10, 10_000)).toEqual({ everyMs: 100, everyBytes: 64 << 10 });
  });

  it('asks for a megabyte at most', () => {
    expect(new AckPacer(0).note(0, 8 << 20, 2_000)?.everyBytes).toBe(1 << 20);
  });
});
