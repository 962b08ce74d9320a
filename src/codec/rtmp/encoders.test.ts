import { describe, expect, it } from 'vitest';
import { type Amf0Value, writeAmf0Values } from '../amf0.ts';
import { joinBytes } from '../bytes.ts';
import { Encoder, pattern, ServerUnderTest } from '../test-support.ts';
import { messageTypes } from './message.ts';

type Call = readonly [streamId: number, name: string, transactionId: number, ...values: Amf0Value[]];

interface Shape {
  readonly name: string;
  /** The chunk size it announces, and whether it does so before `connect`. */
  readonly chunkBytes?: number;
  readonly connect: Call;
  readonly opening: readonly Call[];
  readonly answers: readonly string[];
  readonly metadata: readonly Amf0Value[];
  readonly ending: readonly Call[];
  readonly reason: string;
}

// The commands of each encoder in its order, with the fields it sends.
const shapes: readonly Shape[] = [
  {
    name: 'ffmpeg',
    connect: [
      0,
      'connect',
      1,
      {
        app: 'live',
        type: 'nonprivate',
        flashVer: 'FMLE/3.0 (compatible; Lavf59.27.100)',
        tcUrl: 'rtmp://127.0.0.1:1935/live',
      },
    ],
    opening: [
      [0, 'releaseStream', 2, null, 'camera'],
      [0, 'FCPublish', 3, null, 'camera'],
      [0, 'createStream', 4, null],
      [0, '_checkbw', 5, null],
      [1, 'publish', 6, null, 'camera', 'live'],
    ],
    answers: ['_result', '_result', '_result', '_result', '_result'],
    metadata: [
      '@setDataFrame',
      'onMetaData',
      { duration: 0, width: 320, height: 240, encoder: 'Lavf59.27.100' },
    ],
    ending: [
      [0, 'FCUnpublish', 7, null, 'camera'],
      [0, 'deleteStream', 8, null, 1],
    ],
    reason: 'FCUnpublish',
  },
  {
    name: 'OBS',
    chunkBytes: 4096,
    connect: [
      0,
      'connect',
      1,
      {
        app: 'live',
        type: 'nonprivate',
        flashVer: 'FMLE/3.0 (compatible; FMSc/1.0)',
        swfUrl: 'rtmp://127.0.0.1/live',
        tcUrl: 'rtmp://127.0.0.1/live',
        objectEncoding: 0,
      },
    ],
    opening: [
      [0, 'releaseStream', 2, null, 'camera'],
      [0, 'FCPublish', 3, null, 'camera'],
      [0, 'createStream', 4, null],
      [1, 'publish', 5, null, 'camera', 'live'],
    ],
    answers: ['_result', '_result', '_result', '_result'],
    metadata: [
      '@setDataFrame',
      'onMetaData',
      { width: 1920, height: 1080, videocodecid: 7, '2.1': false, encoder: 'obs-output module' },
    ],
    ending: [
      [0, 'FCUnpublish', 6, null, 'camera'],
      [0, 'deleteStream', 7, null, 1],
    ],
    reason: 'FCUnpublish',
  },
  {
    name: 'GStreamer',
    connect: [
      0,
      'connect',
      1,
      {
        app: 'live',
        type: 'nonprivate',
        tcUrl: 'rtmp://127.0.0.1:1935/live',
        flashVer: 'FMLE/3.0 (compatible; GStreamer)',
        capabilities: 15,
        audioCodecs: 4095,
        videoCodecs: 252,
        videoFunction: 1,
        fpad: false,
      },
    ],
    opening: [
      [0, 'releaseStream', 2, null, 'camera'],
      [0, 'FCPublish', 3, null, 'camera'],
      [0, 'createStream', 4, null],
      [1, 'publish', 0, null, 'camera', 'live'],
    ],
    answers: ['_result', '_result', '_result', '_result'],
    metadata: ['@setDataFrame', 'onMetaData', { creationdate: 'Thu Jan  1 00:00:00 2026' }],
    ending: [
      [0, 'deleteStream', 0, null, 1],
      [0, 'FCUnpublish', 0, null, 'camera'],
    ],
    reason: 'deleteStream',
  },
  {
    name: 'librtmp',
    chunkBytes: 128,
    connect: [
      0,
      'connect',
      1,
      { app: 'live', type: 'nonprivate', flashVer: 'LNX 10,0,32,18', tcUrl: 'rtmp://127.0.0.1:1935/live' },
    ],
    opening: [
      [0, 'releaseStream', 2, null, 'camera'],
      [0, 'FCPublish', 3, null, 'camera'],
      [0, 'createStream', 4, null],
      [1, 'publish', 5, null, 'camera', 'live'],
    ],
    answers: ['_result', '_result', '_result', '_result'],
    metadata: ['@setDataFrame', 'onMetaData', { stereo: true, audiosamplerate: 44_100 }],
    ending: [[1, 'deleteStream', 6, null, 1]],
    reason: 'deleteStream',
  },
];

function write(encoder: Encoder, calls: readonly Call[]): Uint8Array {
  return joinBytes(calls.map((call) => encoder.command(...call)));
}

describe.each(shapes)('a session with $name', (shape) => {
  it('goes from connect to unpublish', () => {
    const server = new ServerUnderTest();
    const encoder = new Encoder();
    const chunks =
      shape.chunkBytes === undefined ? new Uint8Array(0) : encoder.setChunkSize(shape.chunkBytes);
    const opening = joinBytes([encoder.hello(), chunks, write(encoder, [shape.connect, ...shape.opening])]);
    expect(server.send(opening, [1000])).toEqual([
      { type: 'connect', app: 'live', tcUrl: expect.stringMatching('rtmp://127.0.0.1'), query: '' },
      { type: 'publish', id: 1, app: 'live', name: 'camera', query: '' },
    ]);
    expect(server.commands().map(([name]) => name)).toEqual(shape.answers);
    server.session.acceptPublish(1);
    expect(server.statusCodes()).toEqual(['NetStream.Publish.Start']);
    const data = encoder.message({
      typeId: messageTypes.data,
      chunkStreamId: 4,
      body: writeAmf0Values(shape.metadata),
    });
    const media = server.send(
      joinBytes([data, encoder.video(pattern(5000)), encoder.video(pattern(70), 33)]),
      [333],
    );
    expect(media.map((event) => event.type === 'tag' && event.tag[0])).toEqual([18, 9, 9]);
    expect(server.send(write(encoder, shape.ending))).toEqual([
      { type: 'unpublish', id: 1, reason: shape.reason },
    ]);
    expect(server.session.stats()).toMatchObject({ tags: 3, discarded: 0, ignored: 0 });
  });
});
