import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { ViewerLink } from './viewer-link.ts';
import type { ViewerSink } from './viewer-sink.ts';

const stallTimeoutMs = 1_000;

/** A connection whose kernel takes a write when the test says so, or at once while it has room. */
class SlowConnection extends Writable implements ViewerSink {
  readonly output: Writable = this;
  /** Each write, its pieces joined by `+`. */
  readonly writes: string[] = [];
  readonly ends: string[] = [];
  isOpen = true;
  hasRoom = false;
  unsent = 0;
  #taken: (() => void) | undefined;

  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: () => void): void {
    const pieces = chunks.filter(({ chunk }) => chunk.length > 0).map(({ chunk }) => chunk.toString());
    if (pieces.length === 0) return callback(); // Only asks to be called back.
    this.writes.push(pieces.join('+'));
    if (this.hasRoom) callback();
    else this.#taken = callback;
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this._writev([{ chunk }], callback);
  }

  /** The kernel takes the write in flight. */
  async take(): Promise<void> {
    this.#taken?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  unsentBytes(): number {
    return this.unsent;
  }

  override end(code?: unknown, reason?: unknown): this {
    this.ends.push(`${code} ${reason}`);
    this.isOpen = false;
    return this;
  }
}

function setUp() {
  const clock = new ManualClock();
  const connection = new SlowConnection();
  const diary: string[] = [];
  const owes = { sign: false };
  const link = new ViewerLink(connection as unknown as ViewerSink, clock, stallTimeoutMs, {
    drained: () => void diary.push('drained'),
    stalled: () => void diary.push('stalled'),
    owesSign: () => owes.sign,
  });
  return { clock, connection, link, diary, owes };
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('a link', () => {
  it('sends the pieces of one write together, and has one write in flight', async () => {
    const { connection, link, diary } = setUp();
    link.write([bytes('a'), bytes('b'), bytes('c')]);
    expect([connection.writes, link.isReady, link.bytesSent]).toEqual([['a+b+c'], false, 3]);
    await connection.take();
    expect([diary, link.isReady]).toEqual([['drained'], true]);
  });

  it('may be written to again at once while the kernel has room', async () => {
    const { connection, link, diary } = setUp();
    connection.hasRoom = true;
    for (const text of ['a', 'b']) {
      link.write([bytes(text), bytes(text)]);
      expect(link.isReady).toBe(true);
    }
    await connection.take();
    expect([connection.writes, diary]).toEqual([['a+a', 'b+b'], []]);
  });

  it('lets an announcement pass what waits, at once or right after the write in flight', async () => {
    const { connection, link, diary } = setUp();
    link.announce(bytes('welcome'));
    link.announce(bytes('one'));
    link.announce(bytes('two'));
    expect(connection.writes).toEqual(['welcome']);
    await connection.take();
    expect([connection.writes, diary]).toEqual([['welcome', 'one+two'], []]);
    link.announce(bytes('three'));
    await connection.take();
    await connection.take();
    expect([connection.writes.at(-1), diary]).toEqual(['three', ['drained']]);
  });

  it('gives up a viewer for whom announcements pile up', () => {
    const { link, diary } = setUp();
    link.write([bytes('data')]);
    for (let count = 0; count < 256; count++) link.announce(Buffer.alloc(1024));
    expect(diary).toEqual([]);
    link.announce(bytes('one more'));
    expect(diary).toEqual(['stalled']);
  });

  it('writes nothing once the connection closes', async () => {
    const { connection, link } = setUp();
    connection.isOpen = false;
    link.announce(bytes('a'));
    expect([link.isReady, connection.writes]).toEqual([false, []]);
  });

  it('sends what was announced before the end', () => {
    const { connection, link } = setUp();
    link.announce(bytes('last words'));
    link.end(1000, 'over');
    link.end(1000, 'over');
    expect([connection.writes, connection.ends[0], link.isReady]).toEqual([
      ['last words'],
      '1000 over',
      false,
    ]);
  });
});

describe('a connection that takes nothing', () => {
  it('has stalled after the limit when it owes a sign, and a quarter of it at most', async () => {
    const { clock, link, diary, owes } = setUp();
    owes.sign = true;
    link.write([bytes('a')]);
    await clock.advance(stallTimeoutMs - 1);
    expect(diary).toEqual([]);
    await clock.advance(stallTimeoutMs / 4 + 1);
    expect(diary).toEqual(['stalled']);
    expect(clock.timers).toBe(0);
  });

  it('has stalled after twelve times the limit when only the kernel can tell', async () => {
    const { clock, link, diary } = setUp();
    link.write([bytes('a')]);
    await clock.advance(12 * stallTimeoutMs - 1);
    expect(diary).toEqual([]);
    await clock.advance(stallTimeoutMs / 4 + 1);
    expect(diary).toEqual(['stalled']);
    expect(clock.timers).toBe(0);
  });

  it('has not while some of a write is taken now and then', async () => {
    const { clock, connection, link, diary } = setUp();
    link.write([bytes('a')]);
    for (connection.unsent = 100; connection.unsent > 0; connection.unsent--)
      await clock.advance(stallTimeoutMs - 1);
    expect(diary).toEqual([]);
  });

  it('has when it owes a sign and gives none, and has not as long as it gives some', async () => {
    const { clock, connection, link, diary, owes } = setUp();
    owes.sign = true;
    link.write([bytes('a')]);
    await connection.take();
    for (let count = 0; count < 10; count++) {
      await clock.advance(stallTimeoutMs - 1);
      link.noteProgress();
    }
    expect(diary).toEqual(['drained']);
    await clock.advance(2 * stallTimeoutMs);
    expect(diary).toEqual(['drained', 'stalled']);
  });

  it('is not looked at while nothing is due to it, nor after it has gone', async () => {
    const { clock, connection, link, diary } = setUp();
    link.write([bytes('a')]);
    await connection.take();
    await clock.advance(stallTimeoutMs);
    expect(clock.timers).toBe(0);
    link.write([bytes('b')]);
    link.leave();
    expect(clock.timers).toBe(0);
    await connection.take();
    link.announce(bytes('c'));
    expect([diary, connection.writes]).toEqual([['drained'], ['a', 'b']]);
  });

  it('has when it does not take the end', async () => {
    const { clock, link, diary } = setUp();
    link.end(1000, 'over');
    await clock.advance(2 * stallTimeoutMs);
    expect(diary).toEqual(['stalled']);
  });
});
