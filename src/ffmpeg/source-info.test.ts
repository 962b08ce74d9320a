import { describe, expect, it } from 'vitest';
import { type Amf0Value, writeAmf0Values } from '../codec/amf0.ts';
import { createFlvTag, flvTagTypes } from '../media/flv-tag.ts';
import { readMediaPacket } from '../media/media-packet.ts';
import { SourceInfoReader } from './source-info.ts';
import { packet } from './test-support.ts';

function infoOf(metadata: readonly Amf0Value[], letters: string) {
  const reader = new SourceInfoReader();
  reader.note(readMediaPacket(createFlvTag(flvTagTypes.data, 0, writeAmf0Values(metadata))));
  for (const letter of letters) reader.note(packet(letter, 0));
  return reader.info;
}

const numbers = { width: 320, height: 240, framerate: 30, audiosamplerate: 44_100, stereo: true };

describe('SourceInfoReader', () => {
  it('puts metadata and codecs together', () => {
    expect(infoOf(['onMetaData', numbers], 'VA')).toEqual({
      video: { codec: 'avc1', width: 320, height: 240, frameRate: 30 },
      audio: { codec: 'mp4a', sampleRate: 44_100, channels: 2 },
    });
  });

  it('says what there is, and only that', () => {
    expect(infoOf(['onMetaData', { stereo: false }], 'A')).toEqual({
      video: null,
      audio: { codec: 'mp4a', sampleRate: null, channels: 1 },
    });
    expect(infoOf(['onMetaData', numbers], 'V').audio).toBeNull();
  });

  it('takes a codec without headers from the metadata, for its first frame comes behind that of the other', () => {
    const ids = { videocodecid: 7, audiocodecid: 2, stereo: true };
    expect(infoOf(['onMetaData', ids], 'VK').audio).toMatchObject({ codec: '.mp3', channels: 2 });
    expect(infoOf(['onMetaData', { videocodecid: 2 }], 'Aa').video).toMatchObject({ codec: 'h263' });
    expect(infoOf(['onMetaData', { videocodecid: 0x6176_3031 }], 'Aa').video).toBeNull();
  });

  it.each([
    { metadata: ['onMetaData'] },
    { metadata: ['onMetaData', null] },
    { metadata: ['onMetaData', { width: 'wide', framerate: -1, height: Number.NaN }] },
    { metadata: ['onMetaData', [1, 2]] },
  ])('does not mind $metadata', ({ metadata }) => {
    expect(infoOf(metadata, 'V').video).toEqual({
      codec: 'avc1',
      width: null,
      height: null,
      frameRate: null,
    });
  });

  it('does not mind metadata that is cut off', () => {
    const whole = writeAmf0Values(['onMetaData', numbers]);
    const reader = new SourceInfoReader();
    reader.note(readMediaPacket(createFlvTag(flvTagTypes.data, 0, whole.subarray(0, 30))));
    reader.note(packet('V', 0));
    expect(reader.info.video).toMatchObject({ codec: 'avc1', width: null });
  });
});
