import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { programOrSkip } from '../../../../scripts/programs.mjs';
import { type CodedTag, encodeTags, tagsIn } from '../../fixtures/coded-tags.ts';

interface Segment {
  readonly init: { readonly mimeType: string; readonly bytes: Uint8Array } | null;
  readonly bytes: Uint8Array;
  readonly timeMs: number;
}
interface Video {
  configure(config: unknown): void;
  add(frame: unknown, timestampMs: number): Segment | null;
  isBreak(timestampMs: number): boolean;
  startMs: number;
}
interface Sound {
  configure(format: unknown): boolean;
  add(data: Uint8Array, timestampMs: number): Segment | null;
}
type Content = { kind: string; data: Uint8Array; format: unknown } | undefined;

// The page is plain JavaScript without declarations, so its shape stands here.
const pageModule = (name: string): Promise<Record<string, unknown>> =>
  import(new URL(name, import.meta.url).href) as Promise<Record<string, unknown>>;
const { readVideoTag, readAudioTag } = (await pageModule('./flv-codec.js')) as Record<
  string,
  (body: Uint8Array) => Content
>;
const { Fmp4Video } = (await pageModule('./fmp4-video.js')) as { Fmp4Video: new () => Video };
const { Fmp4Sound } = (await pageModule('./fmp4-sound.js')) as { Fmp4Sound: new () => Sound };

const ffmpeg = programOrSkip('ffmpeg');
const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=322x182:rate=30:duration=2', '-pix_fmt', 'yuv420p'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2'];

const videos = [
  {
    name: 'H.264',
    args: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '30'],
    mime: /avc1\.42c00[\da-f]/,
  },
  {
    name: 'H.264 with B-frames',
    args: ['-c:v', 'libx264', '-bf', '3', '-b_strategy', '0', '-g', '30'],
    mime: /avc1\.64/,
  },
  {
    name: 'H.265',
    args: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=30'],
    mime: /hvc1\.1\.6\.L\d+\.90/,
  },
  { name: 'AV1', args: ['-c:v', 'libsvtav1', '-preset', '12', '-g', '30'], mime: /av01\.0\.\d\dM\.08/ },
  {
    name: 'VP9',
    args: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '30'],
    mime: /vp09\.00\.\d\d\.08/,
  },
];

const sounds = [
  { name: 'AAC', args: ['-c:a', 'aac', '-ac', '2'], mime: 'audio/mp4; codecs="mp4a.40.2"' },
  { name: 'Opus', args: ['-c:a', 'libopus'], mime: 'audio/mp4; codecs="opus"' },
];

describe.skipIf(ffmpeg === undefined)('fragments', () => {
  it.each(videos)(
    'hold every picture of $name as it was',
    ({ args, mime }) => {
      const { file, tags } = encodeTags(ffmpeg!, [...picture, ...args, '-threads', '2']);
      const { bytes, mimeTypes } = writeVideo(tags);
      expect(mimeTypes).toEqual([expect.stringMatching(mime)]);
      const decoded = decode(bytes);
      expect(decoded).toEqual(decode(file));
      expect(decoded.frames).toHaveLength(60);
      expect(decoded.head).toContain('#dimensions 0: 322x182');
    },
    60_000,
  );

  it.each(sounds)('hold every packet of $name as it was', ({ args, mime }) => {
    const { file, tags } = encodeTags(ffmpeg!, [...tone, ...args]);
    const { bytes, mimeTypes } = writeSound(tags);
    expect(mimeTypes).toEqual([mime]);
    const decoded = decode(bytes);
    expect(decoded.words).toBe('');
    expect(decoded.frames).toEqual(decode(file).frames);
  });

  it('hold MP3, whose format stands in each packet', () => {
    const mp3 = execFileSync(ffmpeg!, [
      '-loglevel',
      'error',
      ...tone,
      '-c:a',
      'libmp3lame',
      '-b:a',
      '64k',
      '-f',
      'flv',
      '-',
    ]);
    const tags = [...tagsIn(mp3)].filter(({ type }) => type === 8);
    const { bytes, mimeTypes } = writeSound(tags);
    expect(mimeTypes).toEqual(['audio/mp4; codecs="mp4a.6B"']);
    expect(decode(bytes)).toMatchObject({ words: '', frames: { length: tags.length } });
  });
});

function writeVideo(tags: readonly CodedTag[]): { bytes: Buffer; mimeTypes: string[] } {
  const track = new Fmp4Video();
  return write(tags, ({ body, timestampMs }) => {
    const content = readVideoTag!(body);
    if (content?.kind === 'frame') return track.add(content, timestampMs);
    track.configure(content);
    return null;
  });
}

function writeSound(tags: readonly CodedTag[]): { bytes: Buffer; mimeTypes: string[] } {
  const track = new Fmp4Sound();
  return write(tags, ({ body, timestampMs }) => {
    const content = readAudioTag!(body);
    if (content?.format) track.configure(content.format);
    return content?.kind === 'frame' ? track.add(content.data, timestampMs) : null;
  });
}

function write(tags: readonly CodedTag[], add: (tag: CodedTag) => Segment | null) {
  const segments = tags.map(add).filter((segment) => segment !== null);
  const inits = segments.map(({ init }) => init).filter((init) => init !== null);
  const bytes = segments.flatMap((segment) => [segment.init?.bytes ?? Buffer.of(), segment.bytes]);
  return { bytes: Buffer.concat(bytes), mimeTypes: inits.map(({ mimeType }) => mimeType) };
}

/** What ffmpeg finds in a file: the hash of every frame, and every warning. */
function decode(file: Buffer): { head: string; frames: string[]; words: string } {
  const args = ['-hide_banner', '-nostats', '-loglevel', 'warning', '-i', 'pipe:0', '-f', 'framemd5', '-'];
  const { stdout, stderr } = spawnSync(ffmpeg!, args, { input: file, encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  return {
    head: lines.filter((line) => line.startsWith('#dimensions')).join(),
    frames: lines.filter((line) => !line.startsWith('#')).map((line) => line.split(',').at(-1)!.trim()),
    words: stderr,
  };
}
