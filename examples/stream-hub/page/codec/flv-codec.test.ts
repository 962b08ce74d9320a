import { describe, expect, it } from 'vitest';

type Reader = (body: Uint8Array) => Record<string, unknown> | undefined;
type CodecModule = { readVideoTag: Reader; readAudioTag: Reader };

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./flv-codec.js', import.meta.url).href;
const { readVideoTag, readAudioTag } = (await import(source)) as CodecModule;

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const data = bytes('00000001aa');
const avcc = bytes('0142c01effe100');

const videoBodies = [
  {
    name: 'a classic header',
    body: '17000000000142c01effe100',
    content: { kind: 'config', fourCc: 'avc1', codec: 'avc1.42c01e', description: avcc },
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
    content: { kind: 'config', fourCc: 'avc1', codec: 'avc1.42c01e', description: avcc },
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
  {
    name: 'an AV1 header',
    body: '906176303181052000',
    content: { kind: 'config', fourCc: 'av01', codec: 'av01.0.05M.08', description: bytes('81052000') },
  },
  {
    name: 'a VP9 header that starts with the version of its box',
    body: '90767030390100000000148001010100000000',
    content: {
      kind: 'config',
      fourCc: 'vp09',
      codec: 'vp09.00.20.08',
      description: bytes('0014800101010000' + '0000'),
    },
  },
  {
    name: 'a VP9 frame, which has no offset',
    body: 'a17670303900000001aa',
    content: { kind: 'frame', isKeyframe: false, offsetMs: 0, data },
  },
  {
    name: 'a picture file',
    body: '936a70656700000001aa',
    content: { kind: 'image', mimeType: 'image/jpeg', data },
  },
  { name: 'an empty picture file', body: '936a706567', content: undefined },
  { name: 'VP6', body: '1400000000', content: { kind: 'unsupported', codec: 'VP6' } },
  { name: 'H.266', body: '9076766331', content: { kind: 'unsupported', codec: 'vvc1' } },
  { name: 'a body cut short', body: '1701', content: undefined },
  { name: 'a header cut short', body: '17000000000142', content: undefined },
];

const aac = {
  fourCc: 'mp4a',
  codec: 'mp4a.40.2',
  sampleRate: 44_100,
  channels: 2,
  description: bytes('1210'),
};
const opusHead = '4f707573486561640102380180bb0000000000';
const opus = { fourCc: 'Opus', codec: 'opus', sampleRate: 48_000, channels: 2, description: bytes(opusHead) };
const mp3 = { fourCc: '.mp3', codec: 'mp4a.6B', sampleRate: 44_100, channels: 2, description: bytes('') };

const audioBodies = [
  { name: 'a classic header', body: 'af001210', content: { kind: 'config', format: aac } },
  {
    name: 'a header at 48 kHz mono',
    body: 'af001188',
    content: {
      kind: 'config',
      format: { ...aac, sampleRate: 48_000, channels: 1, description: bytes('1188') },
    },
  },
  { name: 'a classic packet', body: 'af0100000001aa', content: { kind: 'frame', format: null, data } },
  { name: 'an enhanced header', body: '906d7034611210', content: { kind: 'config', format: aac } },
  { name: 'an Opus header', body: `904f707573${opusHead}`, content: { kind: 'config', format: opus } },
  { name: 'an Opus header cut short', body: '904f7075734f707573', content: undefined },
  { name: 'an Opus packet', body: '914f70757300000001aa', content: { kind: 'frame', format: null, data } },
  { name: 'MP3', body: '2ffffb9044', content: { kind: 'frame', format: mp3, data: bytes('fffb9044') } },
  {
    name: 'MP3 that is none',
    body: '2f01020304',
    content: { kind: 'frame', format: null, data: bytes('01020304') },
  },
  { name: 'Speex', body: 'b201', content: { kind: 'unsupported', codec: 'Speex' } },
  { name: 'an enhanced body cut short', body: '906d', content: undefined },
  { name: 'nothing', body: '', content: undefined },
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
