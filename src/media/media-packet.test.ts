import { describe, expect, it } from 'vitest';
import {
  createFlvTag,
  type FlvTagType,
  flvTagBody,
  flvTagTypes,
  readFlvTimestamp,
  writeFlvTimestamp,
} from './flv-tag.ts';
import { readMediaPacket } from './media-packet.ts';

const { audio, video, data } = flvTagTypes;
const text = (value: string): number[] => [2, 0, value.length, ...Buffer.from(value)];
const fourCc = (value: string): number[] => [...Buffer.from(value)];

const cases: readonly { name: string; type: FlvTagType; body: readonly number[]; packet: object }[] = [
  {
    name: 'AVC header',
    type: video,
    body: [0x17, 0, 0, 0, 0, 1],
    packet: { kind: 'video', codec: 'avc1', isKeyframe: false, isConfig: true },
  },
  {
    name: 'AVC keyframe',
    type: video,
    body: [0x17, 1, 0, 0, 80, 9],
    packet: { codec: 'avc1', isKeyframe: true, isConfig: false, ptsMs: 1080 },
  },
  {
    name: 'AVC frame shown before its decoding time',
    type: video,
    body: [0x27, 1, 0xff, 0xff, 0xf6, 9],
    packet: { isKeyframe: false, ptsMs: 990 },
  },
  {
    name: 'AVC end of sequence',
    type: video,
    body: [0x17, 2, 0, 0, 0],
    packet: { isFrame: false, isKeyframe: false, isConfig: false },
  },
  {
    name: 'HEVC under codec id 12',
    type: video,
    body: [0x1c, 1, 0, 0, 0],
    packet: { codec: 'hvc1', isKeyframe: true },
  },
  {
    name: 'H.263 keyframe',
    type: video,
    body: [0x12, 0],
    packet: { codec: 'h263', isKeyframe: true, isConfig: false },
  },
  {
    name: 'enhanced HEVC header',
    type: video,
    body: [0x90, ...fourCc('hvc1')],
    packet: { codec: 'hvc1', isKeyframe: false, isConfig: true },
  },
  {
    name: 'enhanced HEVC frame with offset',
    type: video,
    body: [0x91, ...fourCc('hvc1'), 0, 0, 40],
    packet: { isKeyframe: true, ptsMs: 1040 },
  },
  {
    name: 'enhanced HEVC frame without offset',
    type: video,
    body: [0x93, ...fourCc('hvc1'), 0, 0, 40],
    packet: { isKeyframe: true, ptsMs: 1000 },
  },
  {
    name: 'enhanced AV1 frame',
    type: video,
    body: [0xa1, ...fourCc('av01'), 1, 2, 3],
    packet: { codec: 'av01', isKeyframe: false, ptsMs: 1000 },
  },
  {
    name: 'AAC header',
    type: audio,
    body: [0xaf, 0, 0x12, 0x10],
    packet: { kind: 'audio', codec: 'mp4a', isConfig: true },
  },
  {
    name: 'AAC frame',
    type: audio,
    body: [0xaf, 1, 1],
    packet: { codec: 'mp4a', isConfig: false, isKeyframe: false },
  },
  { name: 'MP3 frame', type: audio, body: [0x2f, 0], packet: { codec: '.mp3', isConfig: false } },
  {
    name: 'enhanced Opus header',
    type: audio,
    body: [0x90, ...fourCc('Opus')],
    packet: { codec: 'Opus', isConfig: true },
  },
  {
    name: 'metadata',
    type: data,
    body: [...text('onMetaData'), 5],
    packet: { kind: 'data', codec: 'none', isConfig: true },
  },
  {
    name: 'another data message',
    type: data,
    body: [...text('onCuePoint'), 5],
    packet: { kind: 'data', isConfig: false },
  },
  {
    name: 'an empty video body',
    type: video,
    body: [],
    packet: { codec: 'unknown', isKeyframe: false, isConfig: false },
  },
  { name: 'an empty audio body', type: audio, body: [], packet: { codec: 'unknown', isConfig: false } },
  { name: 'an empty data body', type: data, body: [], packet: { isConfig: false } },
  {
    name: 'a cut-off enhanced body',
    type: video,
    body: [0x91, 0x68],
    packet: { codec: 'unknown', ptsMs: 1000 },
  },
];

describe('readMediaPacket', () => {
  it.each(cases)('reads $name', ({ type, body, packet }) => {
    const tag = createFlvTag(type, 1_000, new Uint8Array(body));
    expect(readMediaPacket(tag)).toMatchObject({ dtsMs: 1_000, tag, ...packet });
  });
});

describe('FLV tag frame', () => {
  it('holds header, body and trailer as Annex E.4.1 lays them out', () => {
    const tag = createFlvTag(video, 0x01_02_03_04, new Uint8Array([7, 8]));
    expect([...tag]).toEqual([9, 0, 0, 2, 2, 3, 4, 1, 0, 0, 0, 7, 8, 0, 0, 0, 13]);
    expect([...flvTagBody(tag)]).toEqual([7, 8]);
  });

  it.each([0, 1, 0xff_ffff, 0x100_0000, 0xffff_ffff])('writes and reads the timestamp %i', (timestampMs) => {
    const tag = createFlvTag(audio, 0, new Uint8Array(0));
    writeFlvTimestamp(tag, timestampMs);
    expect(readFlvTimestamp(tag)).toBe(timestampMs);
  });

  it('wraps timestamps at 2^32', () => {
    const tag = createFlvTag(audio, 2 ** 32 + 5, new Uint8Array(0));
    expect(readFlvTimestamp(tag)).toBe(5);
  });
});
