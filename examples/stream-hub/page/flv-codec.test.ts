import { describe, expect, it } from 'vitest';

type Reader = (body: Uint8Array) => Record<string, unknown> | undefined;
type CodecModule = { readVideoTag: Reader; readAudioTag: Reader; readAacFormat: Reader };

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./flv-codec.js', import.meta.url).href;
const { readVideoTag, readAudioTag, readAacFormat } = (await import(source)) as CodecModule;

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const data = bytes('00000001aa');
const avcc = bytes('0142c01effe100');

const videoBodies = [
  {
    name: 'a classic header',
    body: '17000000000142c01effe100',
    content: { kind: 'config', codec: 'avc1.42c01e', description: avcc },
  },
  {
    name: 'a classic keyframe',
    body: '170100002100000001aa',
    content: { kind: 'frame', isKeyframe: true, offsetMs: 33, data },
  },
  {
    name: 'a frame shown before it is decoded',
    body: '2701ffffff00000001aa',
    content: { kind: 'frame', isKeyframe: false, offsetMs: -1, data },
  },
  { name: 'a classic end of sequence', body: '1702000000', content: undefined },
  {
    name: 'an enhanced header',
    body: '90617663310142c01effe100',
    content: { kind: 'config', codec: 'avc1.42c01e', description: avcc },
  },
  {
    name: 'an enhanced keyframe',
    body: '916176633100002100000001aa',
    content: { kind: 'frame', isKeyframe: true, offsetMs: 33, data },
  },
  {
    name: 'an enhanced frame without offset',
    body: 'a36176633100000001aa',
    content: { kind: 'frame', isKeyframe: false, offsetMs: 0, data },
  },
  { name: 'H.265', body: '9068766331', content: { kind: 'unsupported', codec: 'hvc1' } },
  { name: 'a body cut short', body: '1701', content: undefined },
  { name: 'a header cut short', body: '17000000000142', content: undefined },
];

const audioBodies = [
  {
    name: 'a classic header',
    body: 'af001210',
    content: { kind: 'config', codec: 'mp4a.40.2', description: bytes('1210') },
  },
  {
    name: 'a classic packet',
    body: 'af0100000001aa',
    content: { kind: 'frame', isKeyframe: true, offsetMs: 0, data },
  },
  {
    name: 'an enhanced header',
    body: '906d7034611210',
    content: { kind: 'config', codec: 'mp4a.40.2', description: bytes('1210') },
  },
  { name: 'MP3', body: '2fff', content: { kind: 'unsupported', codec: 'MP3' } },
  { name: 'an enhanced body cut short', body: '906d', content: undefined },
];

describe('readVideoTag', () => {
  it.each(videoBodies)('reads $name', ({ body, content }) => {
    expect(readVideoTag(bytes(body))).toEqual(content);
  });
});

describe('readAudioTag', () => {
  it.each(audioBodies)('reads $name', ({ body, content }) => {
    expect(readAudioTag(bytes(body))).toEqual(content);
  });
});

describe('readAacFormat', () => {
  it.each([
    { name: '44.1 kHz stereo', config: '1210', format: { sampleRate: 44_100, numberOfChannels: 2 } },
    { name: '48 kHz mono', config: '1188', format: { sampleRate: 48_000, numberOfChannels: 1 } },
  ])('reads $name', ({ config, format }) => {
    expect(readAacFormat(bytes(config))).toEqual(format);
  });
});
