import { describe, expect, it } from 'vitest';
import { ClosedError, OverflowError } from '../core/errors.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { StreamDirectory, type StreamDirectoryOptions } from './stream-directory.ts';
import { nameOf, tagOf } from './test-support.ts';

const name = 'live/camera';

describe('StreamDirectory', () => {
  it('shows a stream from its first publish to its end', () => {
    const { streams, diary } = directory();
    const publication = streams.publish(name)!;
    expect(streams.get(name)).toBe(publication.stream);
    expect(streams.list()).toEqual([publication.stream]);
    publication.end('unpublished');
    expect(streams.get(name)).toBeUndefined();
    expect(streams.list()).toEqual([]);
    expect(publication.stream.state).toBe('ended');
    expect(diary).toEqual(['started live/camera', 'ended live/camera: unpublished']);
  });

  it('lists streams in the order they started', () => {
    const { streams } = directory();
    for (const each of ['b', 'a', 'c']) streams.publish(each);
    expect(streams.list().map((stream) => stream.name)).toEqual(['b', 'a', 'c']);
  });

  it('refuses a name that has a publisher', () => {
    const { streams, diary } = directory();
    streams.publish(name);
    expect(streams.publish(name)).toBeUndefined();
    expect(diary).toEqual(['started live/camera']);
  });

  it('hands what is written to the viewers', () => {
    const { streams, read } = directory();
    const publication = streams.publish(name)!;
    publication.write(tagOf.videoHeader());
    publication.write(tagOf.keyframe(0));
    expect(read(publication.stream.fanout.subscribe())).toEqual(['video header 1', 'keyframe 0']);
  });

  it('keeps the stream and its viewers when the publisher comes back within the grace', async () => {
    const { streams, clock, diary, read } = directory();
    const first = streams.publish(name)!;
    const viewer = first.stream.fanout.subscribe();
    for (const tag of [tagOf.videoHeader(), tagOf.keyframe(0), tagOf.frame(40)]) first.write(tag);
    first.end('lost');
    expect(streams.get(name)?.state).toBe('interrupted');
    await clock.advance(9_999);
    const second = streams.publish(name)!;
    expect(second.stream).toBe(first.stream);
    for (const tag of [tagOf.videoHeader(), tagOf.keyframe(0), tagOf.frame(40)]) second.write(tag);
    expect(read(viewer)).toEqual([
      ...['video header 1', 'keyframe 0', 'video 40'],
      ...['video header 1', 'keyframe 80', 'video 120'],
    ]);
    await clock.advance(60_000);
    expect(second.stream).toMatchObject({ state: 'live' });
    expect(second.stream.stats().resumptions).toBe(1);
    expect(diary).toEqual(['started live/camera', 'interrupted live/camera', 'resumed live/camera']);
    expect(clock.timers).toBe(0);
  });

  it('ends a stream whose publisher stays away: the viewers get what there is, then the end', async () => {
    const { streams, clock, diary, read } = directory();
    const publication = streams.publish(name)!;
    publication.write(tagOf.keyframe(0));
    const viewer = publication.stream.fanout.subscribe();
    publication.end('lost');
    await clock.advance(10_000);
    expect(read(viewer)).toEqual(['keyframe 0']);
    expect(viewer.end).toEqual({ reason: 'ended', cause: 'lost' });
    expect(diary.at(-1)).toBe('ended live/camera: lost');
    expect([streams.list().length, clock.timers]).toEqual([0, 0]);
  });

  it('begins a new stream under the name of one that ended', async () => {
    const { streams, clock, diary } = directory();
    const first = streams.publish(name)!;
    first.end('lost');
    await clock.advance(10_000);
    const second = streams.publish(name)!;
    expect(second.stream).not.toBe(first.stream);
    second.write(tagOf.keyframe(7));
    expect(readTimes(second)).toEqual(['keyframe 7']);
    expect(diary.at(-1)).toBe('started live/camera');
  });

  it('ends a stream at once without a grace', () => {
    const { streams, clock, diary } = directory({ resumeGraceMs: 0 });
    streams.publish(name)!.end('lost');
    expect(diary).toEqual(['started live/camera', 'ended live/camera: lost']);
    expect(clock.timers).toBe(0);
  });

  it.each(['unpublished', 'frozen', 'rejected'] as const)(
    'ends a stream at once as %s: only a lost one waits',
    (reason) => {
      const { streams, clock, diary } = directory();
      const publication = streams.publish(name)!;
      publication.write(tagOf.keyframe(0));
      const viewer = publication.stream.fanout.subscribe();
      publication.end(reason);
      expect(viewer.read()).toBeDefined();
      expect([viewer.read(), viewer.end]).toEqual([undefined, { reason: 'ended', cause: reason }]);
      expect(diary).toEqual(['started live/camera', `ended live/camera: ${reason}`]);
      expect([streams.list().length, clock.timers]).toEqual([0, 0]);
    },
  );

  it('ignores a publisher whose publication is over', () => {
    const { streams, diary } = directory();
    const first = streams.publish(name)!;
    first.end('lost');
    const second = streams.publish(name)!;
    first.write(tagOf.keyframe(0));
    first.end('unpublished');
    expect(second.stream.fanout.stats().published).toBe(0);
    expect(second.stream.state).toBe('live');
    second.end('unpublished');
    second.end('unpublished');
    expect(diary.filter((line) => line.startsWith('ended'))).toHaveLength(1);
  });

  it('waits the whole grace after each loss', async () => {
    const { streams, clock, diary } = directory();
    for (let loss = 0; loss < 3; loss++) {
      streams.publish(name)!.end('lost');
      await clock.advance(6_000);
    }
    expect(streams.get(name)?.state).toBe('interrupted');
    expect(clock.timers).toBe(1);
    await clock.advance(4_000);
    expect(diary.at(-1)).toBe('ended live/camera: lost');
  });

  it('refuses one stream too many, but lets an interrupted one go on and takes one again after an end', () => {
    const { streams } = directory({ maxStreams: 2 });
    const first = streams.publish('a')!;
    streams.publish('b')!.end('lost');
    expect(() => streams.publish('c')).toThrow(OverflowError);
    expect(() => streams.publish('c')).toThrow(expect.objectContaining({ code: 'OVERFLOW_STREAMS' }));
    expect(streams.publish('b')).toBeDefined();
    first.end('unpublished');
    expect(streams.publish('c')).toBeDefined();
  });

  it('ends every stream when it closes, leaves no timer, and may be closed again', () => {
    const { streams, clock, diary } = directory();
    const live = streams.publish('a')!;
    streams.publish('b')!.end('lost');
    streams.close();
    streams.close();
    live.write(tagOf.keyframe(0));
    expect(live.stream.fanout.stats().published).toBe(0);
    expect(diary.slice(-2)).toEqual(['ended a: closed', 'ended b: closed']);
    expect([streams.list().length, clock.timers]).toEqual([0, 0]);
  });

  it('ends each stream once, also when a listener ends others or closes meanwhile', () => {
    const { streams, diary } = directory();
    const publications = ['a', 'b', 'c'].map((each) => streams.publish(each)!);
    streams.once('ended', () => publications[1]!.end('unpublished'));
    streams.on('ended', () => streams.close());
    streams.close();
    expect(diary.filter((line) => line.startsWith('ended')).sort()).toEqual([
      'ended a: closed',
      'ended b: unpublished',
      'ended c: closed',
    ]);
  });

  it('takes no stream once it was closed, not even while it closes', () => {
    const { streams } = directory();
    streams.publish('a');
    streams.once('ended', () => expect(() => streams.publish('b')).toThrow(ClosedError));
    streams.close();
    expect(() => streams.publish('a')).toThrow("'a' refused: the directory of streams was closed");
    expect(streams.list()).toEqual([]);
  });

  it('gives each run of a name a number of its own', () => {
    const { streams } = directory();
    const ids = ['a', 'b', 'a'].map((name) => {
      const publication = streams.publish(name)!;
      const { id } = publication.stream;
      publication.end('unpublished');
      return id;
    });
    expect(ids).toEqual([1, 2, 3]);
  });

  it('tells a name in use from a stream that a listener ends at its start', () => {
    const { streams } = directory();
    streams.on('started', () => streams.close());
    const publication = streams.publish(name);
    expect(publication?.stream.state).toBe('ended');
  });

  it('goes on when a listener throws', () => {
    const { streams, diary } = directory();
    streams.on('started', () => {
      throw new Error('no');
    });
    streams.publish(name)!.end('unpublished');
    expect(diary.at(-1)).toBe('ended live/camera: unpublished');
  });

  it('gives its fanouts the bounds it was given', () => {
    const { streams } = directory({ fanout: { maxItems: 3 } });
    const publication = streams.publish(name)!;
    for (let index = 0; index < 10; index++) publication.write(tagOf.keyframe(index));
    expect(publication.stream.fanout.stats().items).toBe(3);
  });

  it.each([
    { options: { resumeGraceMs: -1 }, says: /resumeGraceMs must be .* got -1/ },
    { options: { maxStreams: 0 }, says: /maxStreams must be .* got 0/ },
    { options: { maxStreams: 100_001 }, says: /maxStreams .* got 100001/ },
    { options: { fanout: { maxItems: 0 } }, says: /maxItems must be .* got 0/ },
    { options: { grace: 1 }, says: /no option 'grace'/ },
  ])('refuses $options', ({ options, says }) => {
    expect(() => new StreamDirectory(options as never)).toThrow(says);
  });
});

type Publication = NonNullable<ReturnType<StreamDirectory['publish']>>;
type Viewer = ReturnType<Publication['stream']['fanout']['subscribe']>;

function directory(options: StreamDirectoryOptions = {}) {
  const clock = new ManualClock();
  const streams = new StreamDirectory({ clock, ...options });
  const diary: string[] = [];
  for (const event of ['started', 'interrupted', 'resumed'] as const)
    streams.on(event, ({ stream }) => void diary.push(`${event} ${stream.name}`));
  streams.on('ended', ({ stream, reason }) => void diary.push(`ended ${stream.name}: ${reason}`));
  return { streams, clock, diary, read };
}

function read(viewer: Viewer): string[] {
  const names: string[] = [];
  for (let packet = viewer.read(); packet !== undefined; packet = viewer.read())
    names.push(nameOf(packet.tag));
  return names;
}

function readTimes({ stream }: Publication): string[] {
  return read(stream.fanout.subscribe());
}
