import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

interface MseBuffer {
  append(segment: Segment): void;
  removeBefore(endMs: number): void;
  close(): void;
}
interface Segment {
  readonly init: { mimeType: string; bytes: Uint8Array } | null;
  readonly bytes: Uint8Array;
  readonly timeMs: number;
}
interface Handlers {
  onAdded(newestMs: number): void;
  findRemovableMs(): number;
  onUnsupported(codec: string): void;
  onBroken(error: Error): void;
}

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./mse-buffer.js', import.meta.url).href;
const { MseBuffer } = (await import(source)) as {
  MseBuffer: new (source: object, handlers: Handlers) => MseBuffer;
};

/** The browser's side: takes one piece at a time, and tells what it got. */
class BrowserBuffer extends EventTarget {
  readonly log: string[];
  updating = false;
  freeBytes = Number.POSITIVE_INFINITY;

  constructor(log: string[]) {
    super();
    this.log = log;
  }

  appendBuffer(bytes: Uint8Array): void {
    if (this.updating) throw new Error('busy');
    if (bytes.length > this.freeBytes) throw Object.assign(new Error('full'), { name: 'QuotaExceededError' });
    this.log.push(bytes.length > 16 ? `${bytes.length} bytes` : String.fromCharCode(...bytes));
    this.updating = true;
  }

  changeType(mimeType: string): void {
    this.log.push(`type ${mimeType}`);
  }

  remove(startS: number, endS: number): void {
    this.log.push(`remove ${startS}-${endS}`);
    this.freeBytes = Number.POSITIVE_INFINITY;
    this.updating = true;
  }

  finish(): void {
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
}

class BrowserSource extends EventTarget {
  readyState = 'closed';
  readonly log: string[] = [];
  readonly buffer: BrowserBuffer = new BrowserBuffer(this.log);

  addSourceBuffer(mimeType: string): BrowserBuffer {
    this.log.push(`open ${mimeType}`);
    return this.buffer;
  }

  open(): void {
    this.readyState = 'open';
    this.dispatchEvent(new Event('sourceopen'));
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const media = (text: string, timeMs = 0): Segment => ({ init: null, bytes: bytesOf(text), timeMs });
const first = (mimeType: string, text: string): Segment => ({
  init: { mimeType, bytes: bytesOf('init ') },
  bytes: bytesOf(text),
  timeMs: 0,
});
const bulk = (size: number): Segment => ({ init: null, bytes: new Uint8Array(size), timeMs: 0 });

function setUp(handlers: Partial<Handlers> = {}) {
  const media = new BrowserSource();
  const troubles: string[] = [];
  const buffer = new MseBuffer(media, {
    onAdded: () => {},
    findRemovableMs: () => 0,
    onUnsupported: (codec) => void troubles.push(`unsupported ${codec}`),
    onBroken: ({ message }) => void troubles.push(message),
    ...handlers,
  });
  return { source: media, buffer, browser: media.buffer, log: media.log, troubles };
}

describe('MseBuffer', () => {
  beforeEach(() => vi.stubGlobal('MediaSource', { isTypeSupported: (type: string) => type !== 'odd' }));
  afterEach(() => vi.unstubAllGlobals());

  it('waits for the source, and adds what came meanwhile as one piece', () => {
    const { source, buffer, log } = setUp();
    buffer.append(first('video', 'a'));
    buffer.append(media('b'));
    expect(log).toEqual([]);
    source.open();
    expect(log).toEqual(['open video', 'init ab']);
  });

  it('adds one piece at a time, in order', () => {
    const { source, buffer, browser, log } = setUp();
    source.open();
    for (const segment of [first('video', 'a'), media('b'), media('c')]) buffer.append(segment);
    expect(log.slice(1)).toEqual(['init a']);
    browser.finish();
    expect(log.slice(1)).toEqual(['init a', 'bc']);
    browser.finish();
    expect(log).toHaveLength(3);
  });

  it('tells how far it can be played only when the browser has taken it', () => {
    const added: number[] = [];
    const { source, buffer, browser } = setUp({ onAdded: (newestMs) => added.push(newestMs) });
    source.open();
    for (const segment of [first('video', 'a'), media('b', 66), media('c', 33)]) buffer.append(segment);
    expect(added).toEqual([]);
    browser.finish();
    browser.finish();
    expect(added).toEqual([0, 66]);
    buffer.removeBefore(10);
    browser.finish();
    expect(added).toHaveLength(2);
  });

  it('waits for the word of the browser, which is no longer busy a moment before', () => {
    const added: number[] = [];
    const { source, buffer, browser, log } = setUp({ onAdded: (newestMs) => added.push(newestMs) });
    source.open();
    buffer.append(first('video', 'a'));
    browser.updating = false;
    buffer.append(media('b', 33));
    expect(log).toEqual(['open video', 'init a']);
    browser.finish();
    expect([log.at(-1), added]).toEqual(['b', [0]]);
  });

  it('changes the type between two pieces when the codec changes', () => {
    const { source, buffer, browser, log } = setUp();
    buffer.append(first('h264', 'a'));
    buffer.append(first('av1', 'b'));
    source.open();
    browser.finish();
    expect(log).toEqual(['open h264', 'init a', 'type av1', 'init b']);
  });

  it('says that the browser cannot play a codec', () => {
    const { source, buffer, log, troubles } = setUp();
    source.open();
    buffer.append(first('odd', 'a'));
    expect([log, troubles]).toEqual([[], ['unsupported odd']]);
  });

  it('empties a full buffer and tries again', () => {
    const { source, buffer, browser, log, troubles } = setUp({ findRemovableMs: () => 4_000 });
    source.open();
    buffer.append(first('video', 'a'));
    browser.finish();
    browser.freeBytes = 0;
    buffer.append(media('b'));
    expect(log.slice(2)).toEqual(['remove 0-4']);
    browser.finish();
    expect([log.slice(3), troubles]).toEqual([['b'], []]);
  });

  it('gives up when there is nothing to empty', () => {
    const { source, buffer, browser, troubles } = setUp();
    source.open();
    browser.freeBytes = 0;
    buffer.append(first('video', 'a'));
    expect(troubles).toEqual(['full']);
  });

  it('says that nothing can be added where the browser refuses another codec', () => {
    const { source, buffer, browser, troubles } = setUp();
    buffer.append(first('h264', 'a'));
    buffer.append(first('av1', 'b'));
    browser.changeType = () => {
      throw new Error('no such change');
    };
    source.open();
    browser.finish();
    expect(troubles).toEqual(['no such change']);
  });

  it('gives up when the browser takes nothing for too long', () => {
    const { buffer, troubles } = setUp();
    for (let count = 0; count < 9; count++) buffer.append(bulk(1 << 20));
    expect(troubles).toEqual([expect.stringMatching(/takes no media: 9437184 bytes wait/)]);
  });

  it('adds at most a megabyte at once', () => {
    const { source, buffer, log } = setUp();
    buffer.append(first('video', 'a'));
    for (let count = 0; count < 3; count++) buffer.append(bulk(1 << 19));
    source.open();
    expect(log.at(-1)).toBe(`${(1 << 19) + 6} bytes`);
  });

  it('does nothing more once it is closed', () => {
    const { source, buffer, browser, log } = setUp();
    source.open();
    buffer.append(first('video', 'a'));
    buffer.append(media('b'));
    buffer.close();
    browser.finish();
    buffer.removeBefore(4_000);
    expect(log).toEqual(['open video', 'init a']);
  });
});
