import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Supervisor } from 'spillway';
import { MediaInput, type MediaInputOptions, type MediaInputState } from 'spillway/ffmpeg';
import { findProcesses, signalFfmpeg } from './processes.ts';

/** An input under a supervisor, with a watch on its heartbeats and a mark on its ffmpeg. */
export class WatchedInput {
  readonly input: MediaInput;
  /** When it beat, in ms. */
  readonly beatsMs: number[] = [];
  /** Its connections: when the first frame came, and how long ffmpeg had taken for it, in ms. */
  readonly connections: { readonly atMs: number; readonly connectMs: number }[] = [];
  readonly #mark = `endurance-${randomUUID()}`;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: MediaInputOptions) {
    this.input = new MediaInput({ ...options, outputOptions: ['-metadata', `comment=${this.#mark}`] });
    this.input.on('heartbeat', () => this.beatsMs.push(performance.now()));
    this.input.on('connected', ({ connectMs }) =>
      this.connections.push({ atMs: performance.now(), connectMs }),
    );
    for (const output of [this.input.video, this.input.audio]) void readAll(output);
    this.#running = new Supervisor({ name: 'endurance' }).add(this.input).run({ signal: this.#stop.signal });
  }

  /** Waits until the input is in this state. */
  async until(state: MediaInputState): Promise<void> {
    while (this.input.stats().state !== state) await pause(5);
  }

  /** Waits for the `count`th connection. */
  async untilConnected(count: number): Promise<{ readonly atMs: number; readonly connectMs: number }> {
    while (this.connections.length < count) await pause(5);
    return this.connections[count - 1]!;
  }

  signalFfmpeg(signal: NodeJS.Signals): void {
    signalFfmpeg(this.#mark, signal);
  }

  /** Blocks its worker thread for ever. */
  blockWorker(): void {
    const channel = new BroadcastChannel('sabotage');
    channel.postMessage('spin');
    channel.close();
  }

  /** Stops it. Tells how long that took and how many processes are left. */
  async stop(): Promise<{ readonly stopMs: number; readonly left: number }> {
    const startMs = performance.now();
    this.#stop.abort();
    await this.#running;
    return { stopMs: Math.round(performance.now() - startMs), left: findProcesses(this.#mark).length };
  }
}

async function readAll(output: MediaInput['video']): Promise<void> {
  for await (const _packet of output);
}
