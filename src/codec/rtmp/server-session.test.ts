import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.ts';
import { joinBytes } from '../bytes.ts';
import { codeOf, Encoder, hex, pattern, publishing, readMessages, ServerUnderTest } from '../test-support.ts';
import { readCommand } from './command.ts';
import { readControl } from './control.ts';
import { messageTypes } from './message.ts';
import { RtmpServerSession } from './server-session.ts';

function connected(): { server: ServerUnderTest; encoder: Encoder } {
  const server = new ServerUnderTest();
  const encoder = new Encoder();
  server.send(joinBytes([encoder.hello(), encoder.connect()]));
  server.answers();
  return { server, encoder };
}

describe('a connect', () => {
  it('is answered in one output, window and chunk size before the result', () => {
    const server = new ServerUnderTest();
    const encoder = new Encoder();
    server.send(joinBytes([encoder.hello(), encoder.connect()]));
    const output = server.session.takeOutput()!.subarray(1 + 2 * 1536);
    expect(server.session.takeOutput()).toBeUndefined();
    // Set Chunk Size is obeyed by a reader and not shown, so it is looked up in the bytes.
    const setChunkSize = hex('02 000000 000004 01 00000000 00010000');
    expect(output.subarray(33, 33 + setChunkSize.length)).toEqual(setChunkSize);
    const [window, bandwidth, result] = readMessages(output);
    expect(readControl(window!)).toEqual({ type: 'windowAckSize', windowBytes: 2_500_000 });
    expect(readControl(bandwidth!)).toEqual({
      type: 'setPeerBandwidth',
      windowBytes: 2_500_000,
      limit: 'dynamic',
    });
    expect(readCommand(result!.body)).toMatchObject({ name: '_result', transactionId: 1 });
    expect(readCommand(result!.body).parameters).toMatchObject([{ code: 'NetConnection.Connect.Success' }]);
  });

  it.each([
    { object: { app: 'live', tcUrl: 'rtmp://h/live' }, app: 'live', tcUrl: 'rtmp://h/live', query: '' },
    {
      object: { app: 'live?a=1?b=2', tcUrl: 'rtmp://h/live?c' },
      app: 'live',
      tcUrl: 'rtmp://h/live?c',
      query: 'a=1?b=2',
    },
    {
      object: { app: 'live', tcUrl: 'rtmp://h/live?c=3' },
      app: 'live',
      tcUrl: 'rtmp://h/live?c=3',
      query: 'c=3',
    },
    { object: { app: 'a/b/' }, app: 'a/b', tcUrl: undefined, query: '' },
    { object: { app: 'live', tcUrl: 7 }, app: 'live', tcUrl: undefined, query: '' },
    { object: { app: 'live', tcUrl: '::not a url::' }, app: 'live', tcUrl: '::not a url::', query: '' },
    { object: {}, app: '', tcUrl: undefined, query: '' },
    { object: { app: 5 }, app: '', tcUrl: undefined, query: '' },
  ])('with $object tells app, tcUrl and query', ({ object, app, tcUrl, query }) => {
    const server = new ServerUnderTest();
    const encoder = new Encoder();
    const events = server.send(joinBytes([encoder.hello(), encoder.connect(object)]));
    expect(events).toEqual([{ type: 'connect', app, tcUrl, query }]);
  });
});

describe('a publish', () => {
  it('is announced with its name and query, and begins when it is accepted', () => {
    const { server, encoder } = connected();
    server.send(encoder.command(0, 'createStream', 2, null));
    expect(server.commands()).toEqual([['_result', 2, null, 1]]);
    const events = server.send(encoder.publish('studio/camera?key=a?b'));
    expect(events).toEqual([
      { type: 'publish', id: 1, app: 'live', name: 'studio/camera', query: 'key=a?b' },
    ]);
    expect(server.answers()).toEqual([]);
    server.session.acceptPublish(1);
    const answers = server.answers();
    expect(readControl(answers[0]!)).toEqual({ type: 'streamBegin', streamId: 1 });
    expect(answers[1]?.streamId).toBe(1);
    expect(answers).toHaveLength(2);
  });

  it('is told Start once, however often it is accepted', () => {
    const { server, encoder } = connected();
    server.send(joinBytes([encoder.command(0, 'createStream', 2, null), encoder.publish('camera')]));
    server.answers();
    server.session.acceptPublish(1);
    server.session.acceptPublish(1);
    server.session.acceptPublish(99);
    expect(server.statusCodes()).toEqual(['NetStream.Publish.Start']);
  });

  it('that is rejected sees the code and never Start, and leaves the stream usable', () => {
    const { server, encoder } = connected();
    server.send(joinBytes([encoder.command(0, 'createStream', 2, null), encoder.publish('camera')]));
    server.answers();
    server.session.rejectPublish(1, { code: 'NetStream.Publish.Denied', description: 'No.' });
    server.session.acceptPublish(1);
    expect(server.statusCodes()).toEqual(['NetStream.Publish.Denied']);
    expect(server.send(encoder.publish('other'))).toMatchObject([{ type: 'publish', id: 2, name: 'other' }]);
  });

  it('that went through FCPublish hears onFCPublish only when it is accepted', () => {
    const { server, encoder } = connected();
    server.send(encoder.command(0, 'FCPublish', 2, null, 'camera'));
    server.send(joinBytes([encoder.command(0, 'createStream', 3, null), encoder.publish('camera')]));
    expect(server.commands().map(([name]) => name)).toEqual(['_result', '_result']);
    server.session.acceptPublish(1);
    expect(server.commands().map(([name]) => name)).toEqual(['onFCPublish', 'onStatus']);
  });

  it('is refused politely without a name, and on a stream that is busy', () => {
    const { server, encoder } = publishing();
    expect(server.send(encoder.publish('camera2'))).toEqual([]);
    server.send(encoder.command(0, 'createStream', 4, null));
    server.send(encoder.publish('?key=1', 2));
    expect(server.statusCodes()).toEqual(['NetStream.Publish.BadName', 'NetStream.Publish.BadName']);
  });

  it.each(['deleteStream', 'FCUnpublish', 'closeStream'] as const)(
    'ends with %s and can begin again',
    (reason) => {
      const { server, encoder } = publishing();
      const ending = {
        deleteStream: () => encoder.command(0, 'deleteStream', 5, null, 1),
        FCUnpublish: () => encoder.command(0, 'FCUnpublish', 5, null, 'camera?key=1'),
        closeStream: () => encoder.command(1, 'closeStream', 0, null),
      };
      expect(server.send(ending[reason]())).toEqual([{ type: 'unpublish', id: 1, reason }]);
      expect(server.statusCodes()).toEqual(['NetStream.Unpublish.Success']);
      expect(server.send(encoder.video(pattern(9)))).toEqual([]);
      if (reason === 'deleteStream') server.send(encoder.command(0, 'createStream', 6, null));
      expect(server.send(encoder.publish('camera'))).toMatchObject([{ type: 'publish', id: 2 }]);
    },
  );

  it('ends once when FCUnpublish and deleteStream both come', () => {
    const { server, encoder } = publishing();
    const both = [
      encoder.command(0, 'FCUnpublish', 5, null, 'camera'),
      encoder.command(0, 'deleteStream', 6, null, 1),
    ];
    expect(server.send(joinBytes(both))).toEqual([{ type: 'unpublish', id: 1, reason: 'FCUnpublish' }]);
  });

  it('that ends before it was accepted is told as ended and not accepted any more', () => {
    const { server, encoder } = connected();
    server.send(joinBytes([encoder.command(0, 'createStream', 2, null), encoder.publish('camera')]));
    const events = server.send(encoder.command(0, 'deleteStream', 0, null, 1));
    server.answers();
    server.session.acceptPublish(1);
    expect(events).toEqual([{ type: 'unpublish', id: 1, reason: 'deleteStream' }]);
    expect(server.session.takeOutput()).toBeUndefined();
  });

  it.each([
    {
      name: 'FCUnpublish of another name',
      send: (encoder: Encoder) => encoder.command(0, 'FCUnpublish', 0, null, 'x'),
    },
    {
      name: 'FCUnpublish without a name',
      send: (encoder: Encoder) => encoder.command(0, 'FCUnpublish', 0, null),
    },
    {
      name: 'closeStream of another stream',
      send: (encoder: Encoder) => encoder.command(7, 'closeStream', 0),
    },
    {
      name: 'deleteStream of another stream',
      send: (encoder: Encoder) => encoder.command(0, 'deleteStream', 0, null, 9),
    },
    {
      name: 'deleteStream without a number',
      send: (encoder: Encoder) => encoder.command(0, 'deleteStream', 0, null, '1'),
    },
  ])('goes on after $name', ({ send }) => {
    const { server, encoder } = publishing();
    expect(server.send(send(encoder))).toEqual([]);
    expect(server.send(encoder.video(pattern(9)))).toHaveLength(1);
  });
});

describe('other commands', () => {
  it.each([
    ['releaseStream', ['_result', 9, null]],
    ['FCPublish', ['_result', 9, null]],
    ['_checkbw', ['_result', 9, null]],
    ['getStreamLength', ['_result', 9, null, 0]],
    ['FCUnpublish', ['_result', 9, null]],
  ])('%s is answered', (name, answer) => {
    const { server, encoder } = connected();
    server.send(encoder.command(0, name, 9, null, 'camera'));
    expect(server.commands()).toEqual([answer]);
  });

  it('an unknown one with a transaction id is answered with _error', () => {
    const { server, encoder } = connected();
    server.send(encoder.command(0, 'constructor', 9, null));
    expect(server.commands()).toMatchObject([['_error', 9, null, { level: 'error' }]]);
    expect(server.session.stats().ignored).toBe(1);
  });

  it.each([
    ['unknown', 0],
    ['_result', 9],
    ['_error', 9],
  ])('%s with transaction id %i is not answered', (name, transactionId) => {
    const { server, encoder } = connected();
    server.send(encoder.command(0, name, transactionId, null));
    expect(server.session.takeOutput()).toBeUndefined();
  });

  it('play is refused', () => {
    const { server, encoder } = connected();
    server.send(encoder.command(1, 'play', 4, null, 'camera'));
    expect(server.statusCodes()).toEqual(['NetStream.Play.Failed']);
  });

  it('createStream gives 16 streams at a time, and a deleted one again', () => {
    const { server, encoder } = connected();
    for (let call = 2; call <= 17; call++) server.send(encoder.command(0, 'createStream', call, null));
    expect(server.commands().map(([, , , id]) => id)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1),
    );
    server.send(encoder.command(0, 'createStream', 18, null));
    server.send(encoder.command(0, 'deleteStream', 0, null, 5));
    server.send(encoder.command(0, 'createStream', 19, null));
    expect(server.commands()).toMatchObject([
      ['_error', 18, null, { level: 'error' }],
      ['_result', 19, null, 5],
    ]);
  });
});

describe('control', () => {
  it('answers pings, on whatever chunk stream and message stream they come', () => {
    const { server, encoder } = connected();
    const body = Uint8Array.of(0, 6, 0, 0, 0, 42);
    server.send(encoder.message({ typeId: messageTypes.userControl, chunkStreamId: 5, streamId: 1, body }));
    expect(server.answers().map(readControl)).toEqual([{ type: 'pingResponse', timestampMs: 42 }]);
  });

  it('acknowledges unasked, after its own window', () => {
    const { server, encoder } = publishing({ ackWindow: 100_000 });
    server.send(encoder.video(pattern(90_000)));
    expect(server.answers()).toEqual([]);
    server.send(encoder.video(pattern(10_000)));
    const receivedBytes = server.session.stats().bytesReceived;
    expect(server.answers().map(readControl)).toEqual([{ type: 'acknowledgement', receivedBytes }]);
  });

  it('acknowledges by the window the peer asks for, but not more often than every 64 kB', () => {
    const { server, encoder } = publishing();
    server.send(encoder.control({ type: 'windowAckSize', windowBytes: 1 }));
    server.send(encoder.video(pattern(196_608)), [1000]);
    expect(server.answers().map((message) => message.typeId)).toEqual([3, 3, 3]);
  });
});

describe('the end of a connection', () => {
  it('returns the events before the bad byte, and then throws', () => {
    const { server, encoder } = publishing();
    const events = server.session.receive(joinBytes([encoder.video(pattern(5)), Uint8Array.of(0xff)]));
    expect(events).toMatchObject([{ type: 'tag' }]);
    expect(server.session.failure?.code).toBe('PROTOCOL_CHUNK');
    expect(codeOf(() => server.session.receive(encoder.video(pattern(5))))).toBe('PROTOCOL_CHUNK');
  });

  it('throws at once without such events, and stays so', () => {
    const { server } = publishing();
    expect(codeOf(() => server.session.receive(Uint8Array.of(0xff)))).toBe('PROTOCOL_CHUNK');
    expect(codeOf(() => server.session.receive(Uint8Array.of(4)))).toBe('PROTOCOL_CHUNK');
    expect(server.session.failure?.code).toBe('PROTOCOL_CHUNK');
  });
});

describe('the options of a server session', () => {
  it.each([
    { random: pattern(10) },
    { chunkSize: 0 },
    { chunkSize: 2 ** 31 },
    { ackWindow: 0 },
    { maxMessageBytes: 2 ** 24 },
    { chunksize: 1 },
  ])('%j is refused', (options) => {
    expect(() => new RtmpServerSession({ random: pattern(1528), ...options })).toThrow(ConfigError);
  });
});
