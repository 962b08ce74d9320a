import { describe, expect, it } from 'vitest';
import { Emitter } from './emitter.ts';
import type { LogFields } from './logger.ts';

type BellEvents = { ring: [{ readonly count: number }]; silence: [] };

class Bell extends Emitter<BellEvents> {
  ring(count: number = 0): void {
    this.emit('ring', { count });
  }

  silence(): void {
    this.emit('silence');
  }
}

describe('Emitter', () => {
  it('tells every listener of an event, in the order they came, with the payload', () => {
    const { bell, heard } = listening();
    bell.on('ring', ({ count }) => heard(`first ${count}`));
    bell.on('ring', ({ count }) => heard(`second ${count}`));
    bell.on('silence', () => heard('silence'));
    bell.ring(1);
    bell.silence();
    bell.ring(2);
    expect(heard.diary).toEqual(['first 1', 'second 1', 'silence', 'first 2', 'second 2']);
  });

  it('does nothing when nobody listens', () => {
    expect(() => new Bell().ring()).not.toThrow();
  });

  it('survives a logger that throws while it reports, also a rejected promise', async () => {
    const fail = (): never => {
      throw new Error('disk full');
    };
    const bell = new Bell({ debug: fail, info: fail, warn: fail, error: fail });
    let heard = 0;
    bell.on('ring', fail);
    bell.on('ring', async () => fail());
    bell.on('ring', () => heard++);
    expect(() => bell.ring()).not.toThrow();
    await new Promise((resolve) => setImmediate(resolve)); // Here a rejection that nobody handles would be reported.
    expect(heard).toBe(1);
  });

  it('reports a listener that throws, and tells the others all the same', () => {
    const { bell, heard, errors } = listening();
    bell.on('ring', function broken() {
      throw new RangeError('too loud');
    });
    bell.on('ring', () => heard('second'));
    bell.ring();
    bell.ring();
    expect(heard.diary).toEqual(['second', 'second']);
    expect(errors).toEqual([
      { listener: 'broken', error: 'RangeError: too loud' },
      { listener: 'broken', error: 'RangeError: too loud' },
    ]);
  });

  it('reports an async listener that rejects', async () => {
    const { bell, errors } = listening();
    bell.on('ring', async function late() {
      await Promise.resolve();
      throw new Error('broken later');
    });
    bell.ring();
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([{ listener: 'late', error: 'Error: broken later' }]);
  });

  it('survives a listener that throws something without a text', () => {
    const { bell, heard, errors } = listening();
    const unspeakable = Object.create(null);
    unspeakable.self = unspeakable;
    bell.on('ring', () => {
      throw unspeakable;
    });
    bell.on('ring', () => heard('second'));
    expect(() => bell.ring()).not.toThrow();
    expect([heard.diary, errors.length]).toEqual([['second'], 1]);
  });

  it('tells a once-listener once, whether it throws or not', () => {
    const { bell, heard, errors } = listening();
    bell.once('ring', () => heard('first'));
    bell.once('ring', () => {
      throw new Error('no');
    });
    bell.once('ring', () => heard('third'));
    expect(bell.listenerCount('ring')).toBe(3);
    bell.ring();
    bell.ring();
    expect([heard.diary, errors.length, bell.listenerCount('ring')]).toEqual([['first', 'third'], 1, 0]);
  });

  it('tells a once-listener once, also when a listener before it makes the event happen again', () => {
    const { bell, heard } = listening();
    const release = bell.on('ring', ({ count }) => {
      if (count < 3) bell.ring(count + 1);
    });
    bell.once('ring', ({ count }) => heard(`once ${count}`));
    bell.ring(1);
    expect(heard.diary).toEqual(['once 3']);
    release();
    expect(bell.listenerCount('ring')).toBe(0);
  });

  it('keeps a once-listener that a once-listener adds, for the next time', () => {
    const { bell, heard } = listening();
    const again = (): void => {
      heard('again');
      bell.once('ring', again);
    };
    bell.once('ring', again);
    bell.once('ring', () => heard('other'));
    bell.ring();
    bell.ring();
    expect(heard.diary).toEqual(['again', 'other', 'again']);
    expect(bell.listenerCount('ring')).toBe(1);
  });

  it('does not tell a listener added by a listener before the next time', () => {
    const { bell, heard } = listening();
    bell.once('ring', () => bell.on('ring', () => heard('inner')));
    bell.ring();
    expect(heard.diary).toEqual([]);
    bell.ring();
    expect(heard.diary).toEqual(['inner']);
  });

  it.each(['on', 'once'] as const)('takes off what was added by %s, by function or by release', (add) => {
    const { bell, heard } = listening();
    const listener = (): void => heard('no');
    const release = bell[add]('ring', listener);
    bell[add]('ring', () => heard('yes'));
    bell.off('ring', listener);
    release();
    bell[add]('ring', listener)();
    bell.ring();
    expect(heard.diary).toEqual(['yes']);
  });

  it('lets a listener take itself off', () => {
    const { bell, heard } = listening();
    const release = bell.on('ring', () => {
      heard('first');
      release();
    });
    bell.on('ring', () => heard('second'));
    bell.ring();
    bell.ring();
    expect(heard.diary).toEqual(['first', 'second', 'second']);
  });

  it('leaves the other listeners of one event alone when a listener of another goes', () => {
    const { bell, heard } = listening();
    const both = (): void => heard('both');
    bell.on('ring', both);
    bell.on('silence', both);
    bell.off('silence', both);
    bell.silence();
    bell.ring();
    expect(heard.diary).toEqual(['both']);
    expect([bell.listenerCount('ring'), bell.listenerCount('silence')]).toEqual([1, 0]);
  });
});

function listening() {
  const errors: (LogFields | undefined)[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (_: string, fields?: LogFields) => note(fields) };
  const note = (fields?: LogFields): void => void errors.push(fields);
  const diary: string[] = [];
  const heard = Object.assign((what: string): void => void diary.push(what), { diary });
  return { bell: new Bell(logger), heard, errors };
}
