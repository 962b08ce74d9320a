import { describe, expect, it } from 'vitest';
import { LastLines } from './last-lines.ts';

describe('LastLines', () => {
  it('puts lines together however they are cut', () => {
    const last = new LastLines();
    for (const part of ['on', 'e\ntw', 'o\r\n', '\n\nthr', 'ee']) last.add(part);
    expect(last.lines).toEqual(['one', 'two', 'three']);
  });

  it('keeps the last 20 lines, 500 characters of each', () => {
    const last = new LastLines();
    for (let line = 0; line < 30; line++) last.add(`${line} ${'x'.repeat(10_000)}\n`);
    last.add('y'.repeat(10_000));
    expect(last.lines).toHaveLength(20);
    expect(last.lines[0]?.slice(0, 3)).toBe('11 ');
    expect(Math.max(...last.lines.map((line) => line.length))).toBe(500);
  });

  it('keeps secrets out', () => {
    const last = new LastLines();
    last.add('rtsp://user:secret@host/x: Connection refused');
    expect(last.lines).toEqual(['rtsp://***@host/x: Connection refused']);
  });

  it('keeps a password out that is longer than what is shown of a line', () => {
    const last = new LastLines();
    last.add(`cannot open http://user:${'secret'.repeat(200)}@host/x\n`);
    expect(last.lines).toEqual(['cannot open http://***@host/x']);
  });

  it('keeps a password out whatever characters it holds', () => {
    const url = "rtsp://user:it's my secret@host/x";
    const last = new LastLines([url]);
    last.add(`${url}: Connection refused`);
    expect(last.lines).toEqual(['rtsp://***@host/x: Connection refused']);
  });
});
