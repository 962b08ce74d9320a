import { describe, expect, it } from 'vitest';

interface Segment {
  readonly init: { readonly mimeType: string } | null;
  readonly bytes: Uint8Array;
  readonly timeMs: number;
}
interface Video {
  readonly startMs: number;
  configure(config: object): void;
  add(frame: object, timestampMs: number): Segment | null;
  isBreak(timestampMs: number): boolean;
  restart(): void;
}
interface Sound {
  readonly startMs: number;
  configure(format: object): boolean;
  add(data: Uint8Array, timestampMs: number): Segment | null;
  isBreak(timestampMs: number): boolean;
}

// The page is plain JavaScript without declarations, so its shape stands here.
const pageModule = (name: string): Promise<unknown> => import(new URL(name, import.meta.url).href);
const { Fmp4Video } = (await pageModule('./fmp4-video.js')) as { Fmp4Video: new () => Video };
const { Fmp4Sound } = (await pageModule('./fmp4-sound.js')) as { Fmp4Sound: new () => Sound };

const data = Uint8Array.of(0, 0, 0, 1, 0x65);
const config = { fourCc: 'avc1', codec: 'avc1.42c01e', description: new Uint8Array(7) };
const keyframe = { isKeyframe: true, offsetMs: 0, data };
const frame = { isKeyframe: false, offsetMs: 0, data };
const aac = {
  fourCc: 'mp4a',
  codec: 'mp4a.40.2',
  sampleRate: 44_100,
  channels: 2,
  description: Uint8Array.of(0x12, 0x10),
};

function videoTrack(): Video {
  const track = new Fmp4Video();
  track.configure(config);
  return track;
}

/** Decoding time, duration and offset, as they stand in a fragment. */
function timesOf({ bytes }: Segment) {
  const view = new DataView(bytes.buffer);
  return { decodeMs: view.getUint32(64), durationMs: view.getUint32(88), offsetMs: view.getInt32(100) };
}

describe('a timeline of pictures', () => {
  it('starts at 0 with the first keyframe, whatever the stream counts', () => {
    const track = videoTrack();
    expect(track.add(frame, 7_000)).toBeNull();
    expect(track.add({ ...keyframe, offsetMs: 66 }, 7_033)).toMatchObject({ timeMs: 0 });
    expect(track.add({ ...frame, offsetMs: 166 }, 7_066)).toMatchObject({ timeMs: 133 });
    expect(track.startMs).toBe(7_099);
  });

  it('has nothing to add before the codec is known', () => {
    expect(new Fmp4Video().add(keyframe, 0)).toBeNull();
  });

  it('writes the headers again where they changed, at the next keyframe', () => {
    const track = videoTrack();
    const inits = () => ({ mimeType: expect.stringContaining('avc1.42c01e') });
    expect(track.add(keyframe, 0)).toMatchObject({ init: inits() });
    track.configure({ ...config });
    expect(track.add(frame, 33)).toMatchObject({ init: null });
    track.configure({ ...config, codec: 'avc1.640028', description: new Uint8Array(8) });
    expect(track.add(frame, 66)).toBeNull();
    expect(track.add(keyframe, 100)).toMatchObject({
      init: { mimeType: 'video/mp4; codecs="avc1.640028"' },
      timeMs: 100,
    });
  });

  it('goes on when the timestamps wrap', () => {
    const track = videoTrack();
    track.add(keyframe, 0xffff_fff0);
    expect(track.isBreak(17)).toBe(false);
    expect(track.add(frame, 17)).toMatchObject({ timeMs: 33 });
  });

  it('never steps over two durations at once, or a browser would wait for a keyframe', () => {
    const track = videoTrack();
    const times = [0, 33, 533, 566, 600, 633, 666, 700, 733, 766, 800, 833, 866].map((timestampMs) => {
      const segment = track.add(timestampMs === 0 ? keyframe : frame, timestampMs)!;
      expect(segment.timeMs).toBe(timestampMs);
      return { timestampMs, ...timesOf(segment) };
    });
    for (const [index, { timestampMs, decodeMs, offsetMs }] of times.entries()) {
      expect(decodeMs + offsetMs).toBe(timestampMs);
      const previous = times[index - 1];
      if (previous === undefined) continue;
      expect(decodeMs).toBeGreaterThan(previous.decodeMs);
      expect(decodeMs - previous.decodeMs).toBeLessThanOrEqual(2 * previous.durationMs);
    }
    expect(times.at(-1)?.offsetMs).toBe(0);
  });

  it('keeps the decoding times rising when the timestamps do not', () => {
    const track = videoTrack();
    track.add(keyframe, 100);
    expect(timesOf(track.add(frame, 100)!).decodeMs).toBe(1);
    expect(timesOf(track.add(frame, 90)!).decodeMs).toBe(2);
  });

  it.each([-2_000, 20_000])('is broken by a jump of %i ms, and starts again at 0', (jumpMs) => {
    const track = videoTrack();
    track.add(keyframe, 50_000);
    expect(track.isBreak(50_000 + jumpMs)).toBe(true);
    track.restart();
    expect(track.add(frame, 50_000 + jumpMs)).toBeNull();
    expect(track.add(keyframe, 50_033 + jumpMs)).toMatchObject({ timeMs: 0, init: {} });
  });
});

describe('a timeline of sound', () => {
  it('counts samples, so that rounded timestamps leave no gaps', () => {
    const track = new Fmp4Sound();
    track.configure(aac);
    const times = [1_000, 1_023, 1_046, 1_070].map((timestampMs) => timesOf(track.add(data, timestampMs)!));
    expect(times.map(({ decodeMs }) => decodeMs)).toEqual([0, 1_024, 2_048, 3_072]);
    expect(track.startMs).toBe(1_000);
  });

  it('is broken where something is missing', () => {
    const track = new Fmp4Sound();
    track.configure(aac);
    track.add(data, 1_000);
    expect([1_023, 1_100, 1_200].map((timestampMs) => track.isBreak(timestampMs))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('starts anew with another format only', () => {
    const track = new Fmp4Sound();
    expect([aac, { ...aac }, { ...aac, channels: 1 }].map((format) => track.configure(format))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
