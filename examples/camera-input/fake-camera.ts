import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FfmpegProcess } from 'spillway/ffmpeg';

const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
const video = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-tune',
  'zerolatency',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '15',
];
const stream = ['-c:a', 'aac', '-flush_packets', '1', '-f', 'mpegts', 'pipe:1'];

// A viewer who takes nothing is not worth more than this much memory.
const maxUnsentBytes = 4 << 20;

/** A camera that misbehaves on request: a picture and a tone as MPEG-TS over HTTP, made by an ffmpeg of its own. */
export class FakeCamera implements AsyncDisposable {
  readonly #encoder: FfmpegProcess;
  readonly #viewers = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;
  #isSilent = false;

  private constructor(ffmpegPath: string) {
    this.#encoder = FfmpegProcess.start({
      path: ffmpegPath,
      args: [...picture, ...tone, ...video, ...stream],
    });
    void this.#broadcast();
  }

  /** A camera that is switched off. */
  static async start(ffmpegPath: string): Promise<FakeCamera> {
    const camera = new FakeCamera(ffmpegPath);
    await camera.switchOn(); // Learns its port, which it keeps.
    await camera.switchOff();
    return camera;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/live.ts`;
  }

  /** Takes connections. A `'silent'` camera does not answer them. */
  async switchOn(manner: 'live' | 'silent' = 'live'): Promise<void> {
    await this.switchOff();
    this.#isSilent = manner === 'silent';
    this.#server = createServer((_request, response) => this.#serve(response));
    this.#server.listen({ host: '127.0.0.1', port: this.#port });
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections and takes no more. */
  async switchOff(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  /** Stops its encoder in the middle of a picture: connections stay open, nothing comes. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  /** Ends the freeze. */
  thaw(): void {
    this.#signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.switchOff();
    await this.#encoder.kill();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#encoder.pid !== undefined) process.kill(-this.#encoder.pid, signal); // With its guards: one group.
  }

  #serve(response: ServerResponse): void {
    if (this.#isSilent) return;
    response.writeHead(200, { 'content-type': 'video/mp2t' });
    this.#viewers.add(response);
    response.on('error', () => {});
    response.on('close', () => this.#viewers.delete(response));
  }

  async #broadcast(): Promise<void> {
    for await (const bytes of this.#encoder.output) {
      for (const viewer of this.#viewers) {
        if (viewer.writableLength > maxUnsentBytes) viewer.destroy();
        else viewer.write(bytes);
      }
    }
  }
}
