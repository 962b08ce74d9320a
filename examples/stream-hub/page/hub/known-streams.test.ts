import { describe, expect, it } from 'vitest';

interface Stream {
  readonly stream: string;
  readonly id: number;
  readonly state: string;
}
interface Change {
  readonly kind: string;
  readonly stream: Stream;
}
interface KnownStreams {
  list(): Stream[];
  get(name: string): Stream | undefined;
  withId(id: number): Stream | undefined;
  replace(streams: readonly Stream[]): Change[];
  take(message: object): Change[];
}

const source: string = new URL('./known-streams.js', import.meta.url).href;
const { KnownStreams } = (await import(source)) as { KnownStreams: new () => KnownStreams };

const live = (stream: string, id: number): Stream => ({ stream, id, state: 'live' });
const told = (changes: readonly Change[]): string[] =>
  changes.map(({ kind, stream }) => `${stream.stream}#${stream.id} ${kind}`);

function knowing(...streams: Stream[]): KnownStreams {
  const known = new KnownStreams();
  known.replace(streams);
  return known;
}

describe('KnownStreams', () => {
  it('adds, interrupts, resumes and removes a stream', () => {
    const known = knowing();
    const about = { stream: 'a', id: 1 };
    expect(told(known.take({ type: 'stream_started', ...about }))).toEqual(['a#1 started']);
    expect(told(known.take({ type: 'stream_interrupted', ...about }))).toEqual(['a#1 interrupted']);
    expect(known.get('a')).toMatchObject({ state: 'interrupted' });
    expect(told(known.take({ type: 'stream_resumed', ...about }))).toEqual(['a#1 resumed']);
    expect(known.take({ type: 'stream_ended', ...about, reason: 'unpublished' })).toMatchObject([
      { kind: 'ended', reason: 'unpublished' },
    ]);
    expect(known.list()).toEqual([]);
  });

  it('takes no late word about an old run for the new one', () => {
    const known = knowing(live('a', 1));
    expect(told(known.take({ type: 'stream_started', stream: 'a', id: 2 }))).toEqual([
      'a#1 ended',
      'a#2 started',
    ]);
    expect(known.take({ type: 'stream_ended', stream: 'a', id: 1, reason: 'unpublished' })).toEqual([]);
    expect(known.take({ type: 'stream_interrupted', stream: 'a', id: 1 })).toEqual([]);
    expect(known.withId(1)).toBeUndefined();
    expect(known.withId(2)).toMatchObject({ stream: 'a', state: 'live' });
  });

  it('tells no news twice', () => {
    const known = knowing(live('a', 1));
    expect(known.take({ type: 'stream_started', stream: 'a', id: 1 })).toEqual([]);
    expect(known.take({ type: 'stream_resumed', stream: 'a', id: 1 })).toEqual([]);
    expect(known.take({ type: 'gap', stream: 'a', id: 1, missed: 3 })).toEqual([]);
  });

  it('tells what happened while it was away', () => {
    const known = knowing(live('ends', 1), live('stays', 2), live('anew', 3), live('stops', 4));
    const changes = known.replace([
      live('stays', 2),
      live('anew', 9),
      { ...live('stops', 4), state: 'interrupted' },
      live('comes', 5),
    ]);
    expect(told(changes)).toEqual([
      'ends#1 ended',
      'anew#3 ended',
      'anew#9 started',
      'comes#5 started',
      'stops#4 interrupted',
    ]);
  });

  it('keeps no more streams than its limit', () => {
    const known = knowing(...Array.from({ length: 1_000 }, (_, id) => live(`s${id}`, id)));
    expect(known.take({ type: 'stream_started', stream: 'one more', id: 5_000 })).toEqual([]);
    expect(known.list()).toHaveLength(1_000);
    expect(told(known.take({ type: 'stream_started', stream: 's1', id: 5_001 }))).toEqual([
      's1#1 ended',
      's1#5001 started',
    ]);
  });
});
