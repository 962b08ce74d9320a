// The smoke test's outside world, on a thread of its own: it goes on while the main thread is blocked.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { FlvReader, handshakeRandomBytes, RtmpClientSession } from 'spillway/codec';
import { readMediaPacket } from 'spillway/media';
import { serveChannel } from 'spillway/worker';

/** What the smoke test asks of its worker. */
export interface SmokeProtocol {
  calls: {
    /** Views a stream to its end and counts the video frames. */
    watch: { params: { url: string }; result: { frames: number } };
    /** Publishes as an encoder would, over and over, and tells the slowest answer to each command in ms. */
    probe: {
      params: { port: number; forMs: number };
      result: { latencyMs: Record<string, number>; rounds: number };
    };
  };
}

serveChannel<SmokeProtocol>({
  async watch({ url }) {
    const reader = new FlvReader();
    let frames = 0;
    for await (const bytes of (await fetch(url)).body ?? []) {
      for (const tag of reader.push(bytes)) {
        const { kind, isFrame } = readMediaPacket(tag);
        if (kind === 'video' && isFrame) frames++;
      }
    }
    return { frames };
  },

  async probe({ port, forMs }) {
    const latencyMs: Record<string, number> = {};
    const endMs = performance.now() + forMs;
    let rounds = 0;
    for (; rounds === 0 || performance.now() < endMs; rounds++) {
      for (const [command, ms] of Object.entries(await publishOnce(port, `probe-${rounds}`))) {
        latencyMs[command] = Math.max(latencyMs[command] ?? 0, Math.round(ms * 10) / 10);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { latencyMs, rounds };
  },
});

/** Goes through a publish once. Resolves to the time from sending each command to its answer, in ms. */
function publishOnce(port: number, name: string): Promise<Record<string, number>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, number>>();
  const tcUrl = `rtmp://127.0.0.1:${port}/live`;
  const session = new RtmpClientSession({
    random: randomBytes(handshakeRandomBytes),
    app: 'live',
    tcUrl,
    name,
  });
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const latencies: Record<string, number> = {};
  let sentAtMs = performance.now();
  const flush = (): void => {
    const output = session.takeOutput();
    if (output === undefined) return;
    sentAtMs = performance.now();
    socket.write(output);
  };
  socket.once('connect', flush);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the server closed the connection')));
  socket.on('data', (bytes) => {
    const answeredMs = performance.now() - sentAtMs;
    for (const event of session.receive(bytes)) {
      latencies[event.type === 'reply' ? event.command : event.type] = answeredMs;
    }
    if (session.isPublishing) session.close();
    flush();
    if (!('publish' in latencies)) return;
    socket.destroySoon();
    resolve(latencies);
  });
  return promise;
}
