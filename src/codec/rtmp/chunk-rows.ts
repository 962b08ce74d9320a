/** Bytes of chunks, and the messages they make. */
export interface ChunkRow {
  /** What the row shows. */
  readonly name: string;
  /** Hexadecimal. */
  readonly bytes: string;
  /** Time, message type, message stream and body of each message. */
  readonly messages: readonly (readonly [
    timestampMs: number,
    typeId: number,
    streamId: number,
    body: string,
  ])[];
}

/** One row for each thing that chunks can say. */
export const chunkRows: readonly ChunkRow[] = [
  {
    name: 'a format 0 header with a little-endian stream id',
    bytes: '04 000064 000002 08 01020000 aabb',
    messages: [[100, 8, 0x201, 'aabb']],
  },
  {
    name: 'a format 1 header: a delta, the stream id stays',
    bytes: '04 000064 000001 08 01000000 aa 44 000014 000002 09 bbcc',
    messages: [
      [100, 8, 1, 'aa'],
      [120, 9, 1, 'bbcc'],
    ],
  },
  {
    name: 'a format 2 header: a delta, the rest stays',
    bytes: '04 000064 000001 08 01000000 aa 84 000014 bb',
    messages: [
      [100, 8, 1, 'aa'],
      [120, 8, 1, 'bb'],
    ],
  },
  {
    name: 'a format 3 header that opens a message after format 2: the delta once more',
    bytes: '04 000064 000001 08 01000000 aa 84 000014 bb c4 cc c4 dd',
    messages: [
      [100, 8, 1, 'aa'],
      [120, 8, 1, 'bb'],
      [140, 8, 1, 'cc'],
      [160, 8, 1, 'dd'],
    ],
  },
  {
    name: 'a format 3 header that opens a message after format 0: its time as delta',
    bytes: '04 000064 000001 08 01000000 aa c4 bb',
    messages: [
      [100, 8, 1, 'aa'],
      [200, 8, 1, 'bb'],
    ],
  },
  {
    name: 'a format 1 header on a fresh chunk stream: time from 0',
    bytes: '42 000005 000006 04 0006 00000001',
    messages: [[5, 4, 0, '0006 00000001']],
  },
  {
    name: 'chunk stream ids of two and three bytes',
    bytes:
      '00 00 000001 000001 08 01000000 aa  00 ff 000002 000001 08 01000000 bb  01 0001 000003 000001 08 01000000 cc  01 ffff 000004 000001 08 01000000 dd',
    messages: [
      [1, 8, 1, 'aa'],
      [2, 8, 1, 'bb'],
      [3, 8, 1, 'cc'],
      [4, 8, 1, 'dd'],
    ],
  },
  {
    name: 'one chunk stream, its id written in three ways',
    bytes: '00 06 000001 000001 08 01000000 aa  c1 0600 bb',
    messages: [
      [1, 8, 1, 'aa'],
      [2, 8, 1, 'bb'],
    ],
  },
  {
    name: 'an extended time in format 0',
    bytes: '04 ffffff 000001 08 01000000 01000000 aa',
    messages: [[0x0100_0000, 8, 1, 'aa']],
  },
  {
    name: 'an extended time of exactly 0xffffff',
    bytes: '04 ffffff 000001 08 01000000 00ffffff aa',
    messages: [[0xff_ffff, 8, 1, 'aa']],
  },
  {
    name: 'extended deltas in formats 1 and 2, which wrap at 2^32',
    bytes: '04 000064 000001 08 01000000 aa 44 ffffff 000001 08 ffffffff bb 84 ffffff 01000000 cc',
    messages: [
      [100, 8, 1, 'aa'],
      [99, 8, 1, 'bb'],
      [0x0100_0063, 8, 1, 'cc'],
    ],
  },
  {
    name: 'a time that wraps at 2^32 by small deltas',
    bytes: '04 ffffff 000001 08 01000000 fffffff0 aa 84 000020 bb',
    messages: [
      [0xffff_fff0, 8, 1, 'aa'],
      [0x10, 8, 1, 'bb'],
    ],
  },
  {
    name: 'messages without a body',
    bytes: '04 000001 000000 09 01000000 06 000002 000000 08 01000000 c4',
    messages: [
      [1, 9, 1, ''],
      [2, 8, 1, ''],
      [2, 9, 1, ''],
    ],
  },
  {
    name: 'a message of several chunks, with another between them',
    bytes: `02 000000 000004 01 00000000 00000002
            04 000001 000005 09 01000000 0102 06 000001 000001 08 01000000 aa c4 0304 c4 05`,
    messages: [
      [1, 8, 1, 'aa'],
      [1, 9, 1, '0102030405'],
    ],
  },
  {
    name: 'a chunk size that changes inside a message',
    bytes: `02 000000 000004 01 00000000 00000002
            04 000001 000005 09 01000000 0102 02 000000 000004 01 00000000 0000 c2 0003 c4 030405`,
    messages: [[1, 9, 1, '0102030405']],
  },
  {
    name: 'an extended time that is repeated in continuations',
    bytes: `02 000000 000004 01 00000000 00000002
            04 ffffff 000005 09 01000000 01020304 aabb c4 01020304 ccdd c4 01020304 ee`,
    messages: [[0x0102_0304, 9, 1, 'aabbccddee']],
  },
  {
    name: 'an extended time that is left out in continuations, as librtmp does',
    bytes: `02 000000 000004 01 00000000 00000002
            04 ffffff 000005 09 01000000 01020304 aabb c4 ccdd c4 ee 06 000001 000001 08 01000000 aa`,
    messages: [
      [0x0102_0304, 9, 1, 'aabbccddee'],
      [1, 8, 1, 'aa'],
    ],
  },
  {
    name: 'a left-out extended time before a body that begins like it',
    bytes: `02 000000 000004 01 00000000 00000002
            04 ffffff 000007 09 01000000 01020304 aabb c4 0102 c4 0103 c4 ee`,
    messages: [[0x0102_0304, 9, 1, 'aabb01020103ee']],
  },
  {
    name: 'a left-out extended time before a body and a header that go on like it',
    bytes: `02 000000 000004 01 00000000 00000001
            04 ffffff 000002 09 01000000 01020304 aa c4 01 02 000005 000000 07 00000000`,
    messages: [
      [0x0102_0304, 9, 1, 'aa01'],
      [5, 7, 0, ''],
    ],
  },
  {
    name: 'a repeated extended delta, which is not the absolute time',
    bytes: `02 000000 000004 01 00000000 00000002
            04 000064 000001 09 01000000 aa 44 ffffff 000003 09 01020304 aabb c4 01020304 cc`,
    messages: [
      [100, 9, 1, 'aa'],
      [0x0102_0368, 9, 1, 'aabbcc'],
    ],
  },
  {
    name: 'an abort, which drops the message and keeps the header',
    bytes: `02 000000 000004 01 00000000 00000002
            04 000001 000003 09 01000000 0102 02 000000 000004 02 00000000 0000 c2 0004 c4 0304 c4 05`,
    messages: [[2, 9, 1, '030405']],
  },
  {
    name: 'an abort of a chunk stream that does not exist',
    bytes: '02 000000 000004 02 00000000 00000009 04 000001 000001 08 01000000 aa',
    messages: [[1, 8, 1, 'aa']],
  },
];
