import { describe, expect, it } from 'vitest';

interface HubMessages {
  readServerMessage(json: string): object | undefined;
  readTagMessage(bytes: Uint8Array): { id: number; tag: object } | undefined;
  writeAcknowledgement(received: number, latenessMs: number | null): ArrayBuffer;
}

const source: string = new URL('./hub-messages.js', import.meta.url).href;
const { readServerMessage, readTagMessage, writeAcknowledgement } = (await import(source)) as HubMessages;
const read = (message: unknown): object | undefined => readServerMessage(JSON.stringify(message));

describe('readServerMessage', () => {
  const about = { stream: 'live/demo', id: 7 };
  it.each([
    { type: 'stream_started', ...about },
    { type: 'stream_interrupted', ...about },
    { type: 'stream_resumed', ...about },
    { type: 'stream_ended', ...about, reason: 'unpublished' },
    { type: 'gap', ...about, missed: 31, reason: 'lag' },
    { type: 'ping', t: { any: 'thing' } },
    { type: 'error', code: 'X', message: 'no' },
  ])('reads $type', (message) => {
    expect(read(message)).toEqual(message);
  });

  it('reads the welcome and leaves out what is no stream', () => {
    const stream = { ...about, state: 'live', video: 'avc1', audio: null };
    const active_streams = [stream, null, 5, { stream: 'no-id' }, { ...stream, stream: 3 }];
    const message = { type: 'viewer_connected', viewer_id: 3, ping_interval_ms: 45_000, active_streams };
    expect(read(message)).toEqual({
      type: 'viewer_connected',
      viewerId: 3,
      pingIntervalMs: 45_000,
      streams: [stream],
    });
  });

  it('reads what is sent in the place of a stream', () => {
    const full = { type: 'quality', ...about, mode: 'full', every: 1 };
    expect(read(full)).toEqual({ ...full, instead: '', insteadId: null });
    const lower = {
      type: 'quality',
      ...about,
      mode: 'lower',
      every: 1,
      instead: 'live/small',
      instead_id: 9,
    };
    expect(read(lower)).toMatchObject({ mode: 'lower', instead: 'live/small', insteadId: 9 });
  });

  it('reads clocks and pongs', () => {
    expect(read({ type: 'clock', ...about, timestamp_ms: 40, wall_ms: 1_000 })).toEqual({
      type: 'clock',
      ...about,
      timestampMs: 40,
      wallMs: 1_000,
    });
    expect(read({ type: 'pong', t: 5, wall_ms: 9 })).toEqual({ type: 'pong', t: 5, wallMs: 9 });
    expect(read({ type: 'acknowledge', every_ms: 100, every_bytes: 65_536 })).toEqual({
      ...{ type: 'acknowledge', everyMs: 100, everyBytes: 65_536 },
    });
  });

  it('bounds the number of streams in a welcome', () => {
    const active_streams = Array.from({ length: 5_000 }, (_, id) => ({
      stream: `s${id}`,
      id,
      state: 'live',
    }));
    expect(read({ type: 'viewer_connected', active_streams })).toMatchObject({ streams: { length: 1_000 } });
  });

  it.each([
    '',
    '{',
    'null',
    '7',
    '[]',
    '{"type":"from the future"}',
    '{"type":"toString"}',
    '{"type":"__proto__"}',
    '{"type":["gap"]}',
    '{"type":"gap"}',
    '{"type":"gap","stream":1,"id":1}',
    '{"type":"clock","stream":"a","id":1,"timestamp_ms":"40","wall_ms":1}',
    '{"type":"pong"}',
    '{"type":"acknowledge","every_ms":1e9,"every_bytes":1}',
    '{"type":"acknowledge","every_ms":20,"every_bytes":0}',
  ])('does not know %s', (json) => {
    expect(readServerMessage(json)).toBeUndefined();
  });
});

describe('readTagMessage', () => {
  const message = Uint8Array.from([
    ...[0, 0, 1, 2], //                                    the stream's number
    ...[9, 0, 0, 3, 0x34, 0x56, 0x78, 0x12, 0, 0, 0], //    type, size, timestamp, stream id
    ...[0x17, 1, 0, 0, 0, 0, 14], //                        body and trailer
  ]);

  it('takes number and tag apart', () => {
    expect(readTagMessage(message)).toEqual({
      id: 258,
      tag: { type: 9, timestampMs: 0x1234_5678, body: Uint8Array.of(0x17, 1, 0) },
    });
  });

  it('reads out of the middle of a larger buffer', () => {
    const larger = new Uint8Array(40);
    larger.set(message, 11);
    expect(readTagMessage(larger.subarray(11, 11 + message.length))).toEqual(readTagMessage(message));
  });

  it('refuses every message that is cut short, and one that is too long', () => {
    for (let length = 0; length < message.length; length++)
      expect(readTagMessage(message.subarray(0, length))).toBeUndefined();
    expect(readTagMessage(Uint8Array.of(...message, 0))).toBeUndefined();
  });
});

describe('writeAcknowledgement', () => {
  it.each([
    { received: 258, latenessMs: 119.6, bytes: [0, 0, 1, 2, 0, 0, 0, 120] },
    { received: 1, latenessMs: null, bytes: [0, 0, 0, 1, 255, 255, 255, 255] },
    { received: 1, latenessMs: -1.2, bytes: [0, 0, 0, 1, 0, 0, 0, 0] },
    { received: 1, latenessMs: -2, bytes: [0, 0, 0, 1, 255, 255, 255, 254] },
    { received: 2 ** 32 + 5, latenessMs: 1e12, bytes: [0, 0, 0, 5, 127, 255, 255, 255] },
    { received: 0, latenessMs: Number.NaN, bytes: [0, 0, 0, 0, 255, 255, 255, 255] },
  ])('writes $received and $latenessMs', ({ received, latenessMs, bytes }) => {
    expect([...new Uint8Array(writeAcknowledgement(received, latenessMs))]).toEqual(bytes);
  });
});
