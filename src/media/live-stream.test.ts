import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { LiveStream } from './live-stream.ts';
import { readMediaPacket } from './media-packet.ts';
import { createStreamFanout } from './stream-fanout.ts';
import { tagOf } from './test-support.ts';

describe('LiveStream', () => {
  it('has nothing to tell before the first packet', () => {
    const { stream } = streaming();
    expect(stream.stats()).toEqual({
      ...{
        id: 1,
        name: 'live/camera',
        state: 'live',
        uptimeMs: 0,
        lastPacketAgeMs: null,
        keyframeIntervalMs: null,
      },
      ...{ resumptions: 0, viewers: 0, missedPackets: 0, video: null, audio: null },
    });
    expect([stream.has('video'), stream.has('audio')]).toEqual([false, false]);
  });

  it('counts frames, not headers, and measures rates over two seconds', async () => {
    const { stream, clock, publish } = streaming();
    publish(tagOf.metadata(), tagOf.videoHeader(), tagOf.audioHeader());
    for (let index = 0; index < 100; index++) {
      publish(index % 25 === 0 ? tagOf.keyframe(40 * index, 985) : tagOf.frame(40 * index, 985));
      await clock.advance(40);
    }
    const { video, audio, uptimeMs, lastPacketAgeMs, keyframeIntervalMs } = stream.stats();
    expect(video).toMatchObject({ codec: 'avc1', packets: 100 });
    expect(video!.packetsPerSecond).toBeCloseTo(25, 0);
    expect(video!.bitrateKbps).toBeCloseTo(200, -1); // 25 tags of 1000 bytes are 200 kbit/s.
    expect(audio).toMatchObject({ codec: 'mp4a', packets: 0, packetsPerSecond: 0 });
    expect({ uptimeMs, lastPacketAgeMs, keyframeIntervalMs }).toEqual({
      ...{ uptimeMs: 4_000, lastPacketAgeMs: 40, keyframeIntervalMs: 1_000 },
    });
  });

  it('knows a track from its header on', () => {
    const { stream, publish } = streaming();
    publish(tagOf.audioHeader());
    expect([stream.has('video'), stream.has('audio')]).toEqual([false, true]);
    publish(tagOf.videoHeader());
    expect([stream.has('video'), stream.has('audio')]).toEqual([true, true]);
  });

  it('does not take data for a track', () => {
    const { stream, publish } = streaming();
    publish(tagOf.metadata());
    expect([stream.has('video'), stream.has('audio')]).toEqual([false, false]);
    expect(stream.stats()).toMatchObject({ video: null, audio: null, lastPacketAgeMs: 0 });
  });

  it('measures the keyframe interval across the wrap of timestamps', () => {
    const { stream, publish } = streaming();
    publish(tagOf.keyframe(2 ** 32 - 500), tagOf.keyframe(1_500));
    expect(stream.stats().keyframeIntervalMs).toBe(2_000);
  });

  it('lets the rates of a silent stream fall to 0', async () => {
    const { stream, clock, publish } = streaming();
    publish(tagOf.keyframe(0));
    await clock.advance(10_000);
    expect(stream.stats()).toMatchObject({
      lastPacketAgeMs: 10_000,
      video: { packets: 1, packetsPerSecond: 0, bitrateKbps: 0 },
    });
  });

  it('counts its viewers and what they missed', () => {
    const { stream, publish } = streaming(4);
    publish(tagOf.keyframe(0));
    const viewer = stream.fanout.subscribe();
    viewer.read();
    for (let index = 1; index < 11; index++) publish(tagOf.frame(40 * index));
    expect(stream.stats()).toMatchObject({ viewers: 1, missedPackets: 6 });
    viewer.unsubscribe();
    expect(stream.stats()).toMatchObject({ viewers: 0, missedPackets: 6 });
  });

  it('has another time of day after an interruption, as its timestamps go on where they stopped', async () => {
    const { stream, clock, publish } = streaming();
    publish(tagOf.keyframe(0), tagOf.frame(40));
    stream.interrupt();
    await clock.advance(5_000);
    stream.resume();
    expect(stream.clockReference()).toBeUndefined();
    publish(tagOf.keyframe(80));
    expect(stream.clockReference()).toEqual({ timestampMs: 80, wallMs: clock.wallMs() });
  });

  it('is live, interrupted, live again, and ended', () => {
    const { stream } = streaming();
    const states = [stream.state];
    for (const step of ['interrupt', 'resume', 'end'] as const) {
      stream[step]('over');
      states.push(stream.state);
    }
    expect(states).toEqual(['live', 'interrupted', 'live', 'ended']);
    expect(stream.stats()).toMatchObject({ state: 'ended', resumptions: 1 });
    expect(stream.fanout.hasEnded).toBe(true);
  });
});

function streaming(maxItems: number = 512) {
  const clock = new ManualClock();
  const stream = new LiveStream(1, 'live/camera', createStreamFanout({ maxItems, clock }), clock);
  const publish = (...tags: readonly Uint8Array<ArrayBuffer>[]): void => {
    for (const tag of tags) stream.publish(readMediaPacket(tag));
  };
  return { stream, clock, publish };
}
