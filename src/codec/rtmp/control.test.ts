import { describe, expect, it } from 'vitest';
import { codeOf, hex } from '../test-support.ts';
import { type ControlMessage, readControl, writeControl } from './control.ts';

interface Row {
  readonly typeId: number;
  readonly bytes: string;
  readonly value: ControlMessage;
}

const rows: readonly Row[] = [
  { typeId: 1, bytes: '00010000', value: { type: 'setChunkSize', chunkBytes: 65_536 } },
  { typeId: 2, bytes: '00000006', value: { type: 'abort', chunkStreamId: 6 } },
  { typeId: 3, bytes: 'fffffffe', value: { type: 'acknowledgement', receivedBytes: 0xffff_fffe } },
  { typeId: 5, bytes: '002625a0', value: { type: 'windowAckSize', windowBytes: 2_500_000 } },
  {
    typeId: 6,
    bytes: '002625a0 00',
    value: { type: 'setPeerBandwidth', windowBytes: 2_500_000, limit: 'hard' },
  },
  {
    typeId: 6,
    bytes: '002625a0 02',
    value: { type: 'setPeerBandwidth', windowBytes: 2_500_000, limit: 'dynamic' },
  },
  { typeId: 4, bytes: '0000 00000001', value: { type: 'streamBegin', streamId: 1 } },
  { typeId: 4, bytes: '0001 00000001', value: { type: 'streamEof', streamId: 1 } },
  { typeId: 4, bytes: '0002 00000001', value: { type: 'streamDry', streamId: 1 } },
  {
    typeId: 4,
    bytes: '0003 00000001 00000bb8',
    value: { type: 'setBufferLength', streamId: 1, bufferMs: 3000 },
  },
  { typeId: 4, bytes: '0004 00000001', value: { type: 'streamIsRecorded', streamId: 1 } },
  { typeId: 4, bytes: '0006 80000000', value: { type: 'pingRequest', timestampMs: 0x8000_0000 } },
  { typeId: 4, bytes: '0007 00000010', value: { type: 'pingResponse', timestampMs: 16 } },
];

describe('control messages', () => {
  it.each(rows)('reads $value.type', ({ typeId, bytes, value }) => {
    expect(readControl({ typeId, body: hex(bytes) })).toEqual(value);
  });

  it.each(rows)('writes $value.type', ({ typeId, bytes, value }) => {
    expect(writeControl(value)).toEqual({ typeId, body: hex(bytes) });
  });

  it.each(rows)('refuses $value.type with a byte missing', ({ typeId, bytes }) => {
    expect(codeOf(() => readControl({ typeId, body: hex(bytes).subarray(0, -1) }))).toBe('PROTOCOL_CHUNK');
  });

  it.each([
    { name: 'an event without meaning here', typeId: 4, bytes: '0020 00000001' },
    { name: 'an event of one byte', typeId: 4, bytes: '00' },
    { name: 'a message that is no control', typeId: 20, bytes: '00' },
  ])('passes over $name', ({ typeId, bytes }) => {
    expect(readControl({ typeId, body: hex(bytes) })).toBeUndefined();
  });
});
