import { describe, expect, it } from 'vitest';
import type { BoundedFanout } from '../fanout/bounded-fanout.ts';
import type { Subscription } from '../fanout/types.ts';
import { type MediaPacket, readMediaPacket } from './media-packet.ts';
import { createStreamFanout, type StreamFanoutOptions } from './stream-fanout.ts';
import { namePacket, tagOf } from './test-support.ts';

const { metadata, videoHeader, audioHeader, keyframe, frame, audio } = tagOf;

function publishing(options: StreamFanoutOptions = {}) {
  const fanout = createStreamFanout(options);
  const publish = (...tags: readonly Uint8Array<ArrayBuffer>[]): void => {
    for (const tag of tags) fanout.publish(readMediaPacket(tag));
  };
  return { fanout, publish };
}

function readAll(viewer: Subscription<MediaPacket>): string[] {
  const names: string[] = [];
  for (let packet = viewer.read(); packet !== undefined; packet = viewer.read())
    names.push(namePacket(packet));
  return names;
}

const join = (fanout: BoundedFanout<MediaPacket>): string[] => readAll(fanout.subscribe());

describe('a viewer of a stream', () => {
  it('starts at the newest keyframe, with metadata and codec headers before it', () => {
    const { fanout, publish } = publishing();
    publish(metadata(), videoHeader(), audioHeader(), keyframe(0), audio(10), frame(40));
    publish(keyframe(80), audio(90), frame(120));
    expect(join(fanout)).toEqual([
      ...['data header 1', 'video header 1', 'audio header 1'],
      ...['keyframe 80', 'audio 90', 'video 120'],
    ]);
  });

  it('waits for the first keyframe', () => {
    const { fanout, publish } = publishing();
    publish(videoHeader(), frame(0), frame(40));
    const viewer = fanout.subscribe();
    expect(readAll(viewer)).toEqual([]);
    publish(frame(80), keyframe(120), frame(160));
    expect(readAll(viewer)).toEqual(['video header 1', 'keyframe 120', 'video 160']);
  });

  it('gets the headers of the moment it starts at, and a change in its order', () => {
    const { fanout, publish } = publishing();
    publish(videoHeader(1), keyframe(0), frame(40), videoHeader(2), frame(80));
    expect(join(fanout)).toEqual(['video header 1', 'keyframe 0', 'video 40', 'video header 2', 'video 80']);
    publish(keyframe(120));
    expect(join(fanout)).toEqual(['video header 2', 'keyframe 120']);
  });

  it('skips to the newest keyframe when it lags, with the headers that changed meanwhile', () => {
    const { fanout, publish } = publishing({ maxItems: 4 });
    publish(videoHeader(1), audioHeader(1), keyframe(0));
    const viewer = fanout.subscribe();
    expect(readAll(viewer)).toEqual(['video header 1', 'audio header 1', 'keyframe 0']);
    publish(frame(40), videoHeader(2), frame(80), frame(120), keyframe(160), frame(200));
    expect(readAll(viewer)).toEqual(['video header 2', 'keyframe 160', 'video 200']);
    expect(viewer.stats()).toMatchObject({ missed: 4, gaps: 1, lagItems: 0 });
  });

  it('does not get a header again that was only repeated while it lagged', () => {
    const { fanout, publish } = publishing({ maxItems: 4 });
    publish(metadata(), videoHeader(1), keyframe(0));
    const viewer = fanout.subscribe();
    readAll(viewer);
    publish(
      metadata(1, 500),
      videoHeader(1, 500),
      frame(40),
      frame(80),
      frame(120),
      keyframe(160),
      frame(200),
    );
    expect(readAll(viewer)).toEqual(['keyframe 160', 'video 200']);
  });

  it('gets a header of the same length and another content', () => {
    const { fanout, publish } = publishing({ maxItems: 2 });
    publish(videoHeader(1), keyframe(0));
    const viewer = fanout.subscribe();
    readAll(viewer);
    publish(videoHeader(2), frame(40), keyframe(80));
    expect(readAll(viewer)).toEqual(['video header 2', 'keyframe 80']);
  });

  it('starts at the newest sound while the stream has shown no picture', () => {
    const { fanout, publish } = publishing();
    publish(audioHeader(), audio(0), audio(20), audio(40));
    expect(join(fanout)).toEqual(['audio header 1', 'audio 40']);
  });

  it('starts at keyframes only once the stream has shown a picture', () => {
    const { fanout, publish } = publishing();
    publish(audioHeader(), audio(0), videoHeader(), keyframe(10), audio(20), audio(40));
    expect(join(fanout)).toEqual(['audio header 1', 'video header 1', 'keyframe 10', 'audio 20', 'audio 40']);
  });

  it('starts at sound again when a stream has shown no picture for 15 s', () => {
    const { fanout, publish } = publishing();
    publish(videoHeader(), keyframe(0), audio(15_000));
    expect(join(fanout).at(1)).toBe('keyframe 0');
    publish(audio(15_001));
    expect(join(fanout)).toEqual(['video header 1', 'audio 15001']);
  });

  it('does not start at a header: nothing could be shown yet', () => {
    const { fanout, publish } = publishing();
    publish(audioHeader());
    expect(join(fanout)).toEqual([]);
  });
});

describe('createStreamFanout', () => {
  it('bounds the bytes of a stream, headers included', () => {
    const { fanout, publish } = publishing({ maxBytes: 10_000 });
    publish(videoHeader(), keyframe(0, 1_000));
    for (let index = 1; index < 100; index++) publish(frame(40 * index, 985));
    expect(fanout.stats()).toMatchObject({ items: 10, bytes: 10_000, published: 101 });
  });

  it.each([
    { options: { maxItems: 0 }, says: /maxItems must be .* got 0/ },
    { options: { maxBytes: -1 }, says: /maxBytes must be .* got -1/ },
    { options: { items: 5 }, says: /no option 'items'/ },
  ])('refuses $options', ({ options, says }) => {
    expect(() => createStreamFanout(options as never)).toThrow(says);
  });
});
