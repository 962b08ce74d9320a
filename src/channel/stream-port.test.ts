import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeClone } from './clone-codec.ts';
import { bufferFlag, frameHeadBytes } from './frame-reader.ts';
import { LaneReader } from './lane-reader.ts';
import { StreamPort } from './stream-port.ts';

let broken: Socket;
let corrupt: Promise<unknown>;
let port: StreamPort;

beforeEach(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  broken = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  corrupt = new Promise((resolve) => {
    port = new StreamPort(socket, resolve);
  });
});
afterEach(() => {
  broken.destroy();
  port.close();
});

describe('a port whose other end is broken', () => {
  it.each([
    ['no object', null],
    ['items that are none', { items: 5 }],
    ['more items than it may send', { items: new Array(1e9) }],
  ])('reports %s instead of throwing at nobody, and closes', async (_name, batch) => {
    new LaneReader(64).attach(port);
    broken.write(frame(writeClone(batch, 0)));
    expect(await corrupt).toBeInstanceOf(Error);
    await port.closed;
  });

  it('refuses buffers without end, however small they are', async () => {
    port.onMessage(() => {});
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32LE(bufferFlag);
    broken.on('error', () => {}).write(Buffer.alloc(4 * 20_000, head));
    expect(await corrupt).toMatchObject({ code: 'PROTOCOL_MESSAGE_TOO_LARGE' });
  });
});

function frame(body: Uint8Array): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}
