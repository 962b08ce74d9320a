import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../core/errors.ts';
import { type Amf0Value, writeAmf0Values } from '../amf0.ts';
import { joinBytes } from '../bytes.ts';
import { Encoder, hex, pattern, publishing, ServerUnderTest } from '../test-support.ts';
import { messageTypes } from './message.ts';

/** Sends bytes until the session refuses them; the code of the refusal, also when events came before it. */
function refusal(server: ServerUnderTest, bytes: Uint8Array): unknown {
  try {
    server.send(bytes, [65_536]);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
  return server.session.failure?.code;
}

function fresh(bytes: (encoder: Encoder) => readonly Uint8Array[]): unknown {
  const encoder = new Encoder();
  return refusal(new ServerUnderTest(), joinBytes([encoder.hello(), ...bytes(encoder)]));
}

function afterConnect(bytes: (encoder: Encoder) => readonly Uint8Array[]): unknown {
  return fresh((encoder) => [
    encoder.connect(),
    encoder.command(0, 'createStream', 2, null),
    ...bytes(encoder),
  ]);
}

function rawCommand(encoder: Encoder, body: Uint8Array): Uint8Array {
  return encoder.message({ typeId: messageTypes.command, streamId: 0, body });
}

describe('before connect', () => {
  it('refuses a text protocol at its first bytes', () => {
    const request = new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n');
    expect(refusal(new ServerUnderTest(), request)).toBe('PROTOCOL_HANDSHAKE');
  });

  it.each(['createStream', 'publish', 'play', 'deleteStream', 'unknown'])('refuses %s', (name) => {
    expect(fresh((encoder) => [encoder.command(0, name, 2, null, 'camera')])).toBe('PROTOCOL_COMMAND');
  });

  it('discards media', () => {
    expect(fresh((encoder) => [encoder.video(pattern(100))])).toBeUndefined();
  });

  it.each<{ name: string; values: Amf0Value[] }>([
    { name: 'without a command object', values: [] },
    { name: 'with null', values: [null] },
    { name: 'with an array', values: [['live']] },
    { name: 'with a string', values: ['live'] },
    { name: 'with an app of 1025 characters', values: [{ app: 'a'.repeat(1025) }] },
  ])('refuses a connect $name', ({ values }) => {
    expect(fresh((encoder) => [encoder.command(0, 'connect', 1, ...values)])).toBe('PROTOCOL_COMMAND');
  });

  it('takes a connect without transaction id', () => {
    const body = joinBytes([writeAmf0Values(['connect', null, { app: 'live' }])]);
    expect(fresh((encoder) => [rawCommand(encoder, body)])).toBeUndefined();
  });
});

describe('commands', () => {
  it.each([
    { name: 'an empty body', body: hex(''), code: 'PROTOCOL_COMMAND' },
    { name: 'one byte', body: hex('02'), code: 'PROTOCOL_AMF' },
    { name: 'a number for a name', body: writeAmf0Values([1, 2]), code: 'PROTOCOL_COMMAND' },
    {
      name: 'an unknown marker',
      body: joinBytes([writeAmf0Values(['x', 1]), hex('7f')]),
      code: 'PROTOCOL_AMF',
    },
    {
      name: 'an object nested 1000 deep',
      body: joinBytes([writeAmf0Values(['x']), hex('03000161'.repeat(1000))]),
      code: 'PROTOCOL_AMF',
    },
    {
      name: 'an array of 2^32 - 1',
      body: joinBytes([writeAmf0Values(['x']), hex('0affffffff')]),
      code: 'PROTOCOL_AMF',
    },
    { name: 'over 64 kB', body: writeAmf0Values(['x', 1, 'a'.repeat(65_536)]), code: 'PROTOCOL_COMMAND' },
  ])('with $name are refused', ({ body, code }) => {
    expect(afterConnect((encoder) => [rawCommand(encoder, body)])).toBe(code);
  });

  it('refuse a second connect', () => {
    expect(afterConnect((encoder) => [encoder.connect()])).toBe('PROTOCOL_COMMAND');
  });

  it.each<{ name: string; values: Amf0Value[] }>([
    { name: 'without a name', values: [] },
    { name: 'with a number for a name', values: [7] },
    { name: 'with a name of 1025 characters', values: ['n'.repeat(1025)] },
  ])('refuse a publish $name', ({ values }) => {
    expect(afterConnect((encoder) => [encoder.command(1, 'publish', 3, null, ...values)])).toBe(
      'PROTOCOL_COMMAND',
    );
  });

  it('refuse a publish on a stream that was never created', () => {
    expect(afterConnect((encoder) => [encoder.publish('camera', 2)])).toBe('PROTOCOL_COMMAND');
  });

  it('do not repeat a stream name in the error', () => {
    const encoder = new Encoder();
    const server = new ServerUnderTest();
    refusal(
      server,
      joinBytes([encoder.hello(), encoder.connect(), encoder.command(0, 'createStream', 2, null)]),
    );
    refusal(server, encoder.publish(`secret${'x'.repeat(1024)}`));
    expect(server.session.failure?.message).not.toContain('secret');
  });

  it('never make more than 1 MB of answers wait', () => {
    const { server, encoder } = publishing();
    const flood = joinBytes(Array.from({ length: 20_000 }, () => encoder.command(0, 'unknown', 9, null)));
    expect(refusal(server, flood)).toBe('PROTOCOL_COMMAND');
    expect(server.session.takeOutput()!.length).toBeLessThanOrEqual(1024 * 1024);
  });
});

describe('bytes without sense', () => {
  it('are refused after a handshake', () => {
    const noise = pattern(1_000_000, 0xff);
    expect(fresh(() => [noise])).toMatch(/^PROTOCOL_/);
  });

  it('never cause anything but a ProtocolError', () => {
    const piece = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...valid()));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const { server } = publishing();
        expect([undefined, expect.stringMatching(/^PROTOCOL_/)]).toContainEqual(
          refusal(server, joinBytes(pieces)),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('never cause anything but a ProtocolError in a command', () => {
    const likely = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 255 }));
    const names = fc.constantFrom(
      'connect',
      'publish',
      'deleteStream',
      'FCUnpublish',
      'createStream',
      'closeStream',
      'play',
    );
    fc.assert(
      fc.property(names, fc.array(likely, { maxLength: 60 }), fc.nat(2), (name, tail, streamId) => {
        const body = joinBytes([writeAmf0Values([name, 1]), Uint8Array.from(tail)]);
        const { server, encoder } = publishing();
        const code = refusal(server, encoder.message({ typeId: messageTypes.command, streamId, body }));
        expect([undefined, 'PROTOCOL_AMF', 'PROTOCOL_COMMAND']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  it('leave a session that gets none of them alone', () => {
    const { server, encoder } = publishing();
    expect(fresh(() => [pattern(10_000, 0xff)])).toBeDefined();
    expect(server.send(encoder.video(pattern(10)))).toHaveLength(1);
  });
});

function valid(): Uint8Array[] {
  const encoder = new Encoder();
  return [
    encoder.video(pattern(200)),
    encoder.publish('camera'),
    encoder.command(0, 'createStream', 5, null),
    encoder.command(0, 'deleteStream', 6, null, 1),
    encoder.control({ type: 'pingRequest', timestampMs: 1 }),
    encoder.control({ type: 'abort', chunkStreamId: 6 }),
    encoder.control({ type: 'windowAckSize', windowBytes: 1 }),
  ];
}
