import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMediaPacket } from './media-packet.ts';
import { tagOf } from './test-support.ts';
import { Timeline } from './timeline.ts';

type Tag = Uint8Array<ArrayBuffer>;

/** Places what one publisher after the other sends, and tells the timestamps that viewers see. */
function placed(...publishers: readonly (readonly Tag[])[]): number[][] {
  const timeline = new Timeline();
  return publishers.map((tags) => {
    timeline.startOver();
    return tags.map((tag) => timeline.place(readMediaPacket(tag)).dtsMs);
  });
}

const frames = (...timestampsMs: readonly number[]): Tag[] => timestampsMs.map((atMs) => tagOf.frame(atMs));

describe('Timeline', () => {
  it('leaves the first publisher alone, packets and all', () => {
    const timeline = new Timeline();
    timeline.startOver();
    const packet = readMediaPacket(tagOf.keyframe(5_000));
    expect(timeline.place(packet)).toBe(packet);
    expect(packet).toEqual(readMediaPacket(tagOf.keyframe(5_000)));
  });

  it('goes on 40 ms after the last packet when a publisher counts from 0 again', () => {
    expect(placed(frames(0, 33, 66), frames(0, 33), frames(7_000, 7_040))).toEqual([
      [0, 33, 66],
      [106, 139],
      [179, 219],
    ]);
  });

  it('writes the new time into the tag and moves the time it is shown along', () => {
    const timeline = new Timeline();
    timeline.place(readMediaPacket(tagOf.frame(1_000)));
    timeline.startOver();
    const tag = tagOf.keyframe(0);
    tag[15] = 80; // The composition offset.
    const packet = timeline.place(readMediaPacket(tag));
    expect(packet).toMatchObject({ dtsMs: 1_040, ptsMs: 1_120, isKeyframe: true });
    expect(readMediaPacket(packet.tag)).toEqual(packet);
  });

  it('moves picture and sound by the same amount', () => {
    const second = [tagOf.audio(10), tagOf.keyframe(30), tagOf.audio(33), tagOf.frame(70)];
    expect(placed(frames(100), second)[1]).toEqual([140, 160, 163, 200]);
  });

  it('goes on after the latest packet, not after the last, when sound trails behind the picture', () => {
    const [, second] = placed([tagOf.frame(1_000), tagOf.audio(900)], frames(0));
    expect(second).toEqual([1_040]);
  });

  it('joins at the first frame, whatever the headers before it say', () => {
    const second = [
      tagOf.metadata(1, 0),
      tagOf.videoHeader(1, 0),
      tagOf.keyframe(9_000_000),
      tagOf.frame(9_000_033),
    ];
    expect(placed(frames(0, 40), second)[1]).toEqual([80, 80, 80, 113]);
  });

  it('does not take a late header for the time of the stream', () => {
    const [, second] = placed([tagOf.frame(1_000), tagOf.metadata(2, 0)], frames(0));
    expect(second).toEqual([1_040]);
  });

  it('wraps at 2^32 as FLV timestamps do', () => {
    const top = 2 ** 32;
    expect(placed(frames(top - 20), frames(0, 33), frames(top - 1, 39))).toEqual([
      [top - 20],
      [20, 53],
      [93, 133],
    ]);
  });

  it('keeps order and distances of every publisher, and 40 ms between two', () => {
    const publisher = fc.record({
      startMs: fc.nat(2 ** 32 - 1),
      distancesMs: fc.array(fc.nat(10_000), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(publisher, { minLength: 1, maxLength: 5 }), (publishers) => {
        const sent = publishers.map(({ startMs, distancesMs }) => {
          const times = [startMs];
          for (const distance of distancesMs) times.push(times.at(-1)! + distance);
          return frames(...times);
        });
        const distances = publishers.flatMap(({ distancesMs }, index) => [
          ...(index > 0 ? [40] : []),
          ...distancesMs,
        ]);
        const times = placed(...sent).flat();
        expect(times.slice(1).map((time, index) => (time - times[index]!) >>> 0)).toEqual(distances);
      }),
    );
  });
});
