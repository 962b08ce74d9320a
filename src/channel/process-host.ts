import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { settledWithin } from '../core/abort.ts';
import { fromErrorRecord } from '../core/error-transfer.ts';
import { WorkerExitError } from '../core/errors.ts';
import { writeClone } from './clone-codec.ts';
import { FilePage } from './file-page.ts';
import type { LanePort } from './lane-port.ts';
import type { ResolvedChannelOptions } from './options.ts';
import { preloadUrl, workerEnv, workerFds } from './process-preload.ts';
import { StderrTail } from './stderr-tail.ts';
import { StreamPort } from './stream-port.ts';
import type { StartRecord } from './wire.ts';
import type { WorkerEnd, WorkerHost } from './worker-host.ts';

// SIGKILL takes effect at once, unless the process is in the middle of a read from a dead disk.
const terminateLimitMs = 1_000;

/** A worker in a process of its own, which can be ended whatever it does. */
export class ProcessHost implements WorkerHost {
  readonly control: LanePort;
  readonly data: LanePort;
  readonly page: FilePage;
  readonly ended: Promise<WorkerEnd>;
  readonly #child: ChildProcess;
  readonly #stderr: StderrTail;
  readonly #options: ResolvedChannelOptions<unknown>;
  readonly #end = Promise.withResolvers<WorkerEnd>();
  #corruption: unknown;
  #isHung = false;

  constructor(file: URL, start: StartRecord, options: ResolvedChannelOptions<unknown>) {
    this.#options = options;
    this.ended = this.#end.promise;
    this.page = FilePage.create(writeClone(start, 0));
    this.#child = startProcess(file, this.page.fd, options);
    this.#child.on('error', () => {}); // Either it has no pid, or it could not be signalled and is ending.
    if (this.#child.pid === undefined) {
      this.page.release();
      throw new WorkerExitError(
        'WORKER_FAILED',
        `${options.name} could not be started: no process to be had`,
      );
    }
    this.#stderr = new StderrTail(this.#child.stderr!);
    this.control = this.#port(workerFds.control);
    this.data = this.#port(workerFds.data);
    this.#pipe(workerFds.life)
      .on('error', () => {})
      .resume();
    this.#child.on('exit', (code, signal) => void this.#settle(code, signal));
  }

  async terminate(): Promise<void> {
    this.#child.kill('SIGKILL');
    if ((await settledWithin(this.#options.clock, terminateLimitMs, this.ended)) === 'settled') return;
    this.#child.unref();
    this.control.close();
    this.data.close();
    this.#end.resolve({ isLeftBehind: true });
  }

  async terminateHung(): Promise<void> {
    this.#isHung = true;
    await this.terminate();
  }

  release(): void {
    this.page.release();
    for (const stream of this.#child.stdio) stream?.destroy(); // A process that it started may hold their other ends.
  }

  #port(fd: number): StreamPort {
    return new StreamPort(this.#pipe(fd), (error) => {
      this.#corruption ??= error;
      this.#child.kill('SIGKILL');
    });
  }

  #pipe(fd: number): Socket {
    return (this.#child.stdio as readonly unknown[])[fd] as Socket;
  }

  async #settle(exitCode: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const lastError = this.page.readLastError();
    const lastWords = exitCode === 0 ? '' : await this.#stderr.read(this.#options.clock);
    const error = this.#corruption ?? (lastError === undefined ? undefined : fromErrorRecord(lastError));
    this.#end.resolve({
      ...(exitCode !== null && { exitCode }),
      ...(signal !== null && { signal }),
      ...(error !== undefined && { error }),
      ...(signal !== null && { lastWords }),
      isOutOfMemory: lastError === undefined && /JavaScript heap out of memory/.test(lastWords),
      ...(this.#isHung && { hang: 'unknown' }),
    });
  }
}

function startProcess(
  file: URL,
  page: number,
  { resourceLimits }: ResolvedChannelOptions<unknown>,
): ChildProcess {
  const flags = [...ownFlags(process.execArgv), ...heapFlags(resourceLimits ?? {})];
  return spawn(process.execPath, [...flags, '--import', preloadUrl(), fileURLToPath(file)], {
    stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'pipe', page, 'pipe'],
    env: { ...process.env, [workerEnv]: '1' },
    windowsHide: true,
  });
}

const parentsOwn = /^(--inspect|-e$|--eval|-p$|-pe$|--print|--input-type|--test|--watch|-i$|--interactive)/;

/** The parent's own flags, but those that say what it runs or where its debugger listens. */
export function ownFlags(execArgv: readonly string[]): string[] {
  const flags: string[] = [];
  let isKept = true;
  for (const flag of execArgv) {
    // What does not begin like a flag is the value of the one before it, and goes where that goes.
    if (flag.startsWith('-')) isKept = !parentsOwn.test(flag);
    if (isKept) flags.push(flag);
  }
  return flags;
}

/** What `node:worker_threads` takes as limits, as flags of V8. */
function heapFlags({
  maxOldGenerationSizeMb,
  maxYoungGenerationSizeMb,
  stackSizeMb,
}: ResourceLimits): string[] {
  const flag = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : [`--${name}=${Math.max(1, Math.floor(value))}`];
  return [
    ...flag('max-old-space-size', maxOldGenerationSizeMb),
    // The young generation is three semi-spaces.
    ...flag('max-semi-space-size', maxYoungGenerationSizeMb && maxYoungGenerationSizeMb / 3),
    ...flag('stack-size', stackSizeMb && stackSizeMb * 1024),
  ];
}
