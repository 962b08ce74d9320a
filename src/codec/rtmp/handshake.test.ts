import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/errors.ts';
import { joinBytes } from '../bytes.ts';
import { codeOf, cut, pattern } from '../test-support.ts';
import { RtmpHandshake } from './handshake.ts';

const c1 = pattern(1536, 3);
const c2 = pattern(1536, 5);
const clientBytes = joinBytes([Uint8Array.of(3), c1, c2]);

function run(
  handshake: RtmpHandshake,
  bytes: Uint8Array,
  sizes: readonly number[],
): { reply: Uint8Array; used: number } {
  const replies: Uint8Array[] = [];
  let used = 0;
  for (const piece of cut(bytes, sizes)) {
    const step = handshake.receive(piece);
    used += step.usedBytes;
    if (step.reply !== undefined) replies.push(step.reply);
  }
  return { reply: joinBytes(replies), used };
}

describe('a server handshake', () => {
  it.each([[1], [1536], [1537], [3073], [100, 1]])(
    'answers S0, S1 and the echo of C1, with reads of %j',
    (...sizes) => {
      const random = pattern(1528, 9);
      const handshake = new RtmpHandshake('server', random);
      const { reply, used } = run(handshake, clientBytes, sizes);
      expect(used).toBe(clientBytes.length);
      expect(handshake.isDone).toBe(true);
      expect(reply.length).toBe(1 + 2 * 1536);
      expect(reply[0]).toBe(3);
      expect(reply.subarray(9, 1537)).toEqual(random);
      expect(reply.subarray(1537)).toEqual(c1);
    },
  );

  it('leaves the bytes behind C2 alone', () => {
    const handshake = new RtmpHandshake('server', pattern(1528));
    expect(handshake.receive(joinBytes([clientBytes, pattern(20)])).usedBytes).toBe(clientBytes.length);
  });

  it('answers before C2 has come', () => {
    const handshake = new RtmpHandshake('server', pattern(1528));
    expect(handshake.receive(clientBytes.subarray(0, 1537)).reply).toBeDefined();
    expect(handshake.isDone).toBe(false);
  });

  it.each([3, 6, 31])('answers version %i with 3', (version) => {
    const bytes = clientBytes.slice();
    bytes[0] = version;
    expect(new RtmpHandshake('server', pattern(1528)).receive(bytes).reply?.[0]).toBe(3);
  });

  it.each([0, 2, 32, 0x47, 255])('refuses a first byte of %i at once', (version) => {
    const handshake = new RtmpHandshake('server', pattern(1528));
    expect(codeOf(() => handshake.receive(Uint8Array.of(version)))).toBe('PROTOCOL_HANDSHAKE');
  });

  it('waits when it is given no bytes', () => {
    const handshake = new RtmpHandshake('server', pattern(1528));
    expect(handshake.receive(new Uint8Array(0))).toEqual({ usedBytes: 0, reply: undefined });
  });
});

describe('a client handshake', () => {
  it('opens with C0 and C1 and echoes S1', () => {
    const client = new RtmpHandshake('client', pattern(1528, 1));
    const server = new RtmpHandshake('server', pattern(1528, 2));
    const fromServer = server.receive(client.opening!).reply!;
    const fromClient = client.receive(fromServer).reply!;
    expect(client.isDone).toBe(true);
    expect(fromClient).toEqual(fromServer.subarray(1, 1537));
    server.receive(fromClient);
    expect(server.isDone).toBe(true);
  });
});

describe('the options of a handshake', () => {
  it('refuses randomness of another size, and another role', () => {
    expect(() => new RtmpHandshake('server', pattern(1536))).toThrow(ConfigError);
    expect(() => new RtmpHandshake('proxy' as never, pattern(1528))).toThrow('role');
  });
});
