import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { onAbort, settledWithin } from '../core/abort.ts';
import { checkKnown, checkMethods, checkMs, checkText, refusal } from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { describeError } from '../core/error-transfer.ts';
import { FfmpegError, type FfmpegFailure } from './ffmpeg-error.ts';
import { LastLines } from './last-lines.ts';
import { askToEnd, killAll, letGo, spawnOnLifeLine } from './life-line.ts';

/** Options of {@link FfmpegProcess}. */
export interface FfmpegProcessOptions {
  /**
   * The program: a path, or a name that is looked up on the `PATH`. Belongs to this process alone. A script in its place
   * has to `exec` ffmpeg, or that is left behind when our process is killed. Default `'ffmpeg'`.
   */
  readonly path?: string;
  /** Its arguments, one by one; no shell looks at them. Other users of the machine can read them in its process list. */
  readonly args: readonly string[];
  /** How long it may take to end after `stop()` before it is killed, in ms. Default 400. */
  readonly stopGraceMs?: number;
  /** Stops it when it aborts. */
  readonly signal?: AbortSignal;
  /** Source of time, for tests. */
  readonly clock?: Clock;
}

/** How an ffmpeg ended. */
export type FfmpegEnd =
  | {
      /** It had done its work, with exit code 0, or we wanted it to end. */
      readonly reason: 'finished' | 'stopped';
    }
  | {
      /** It could not be run, failed or was killed by somebody else. */
      readonly reason: 'failed';
      /** How. */
      readonly error: FfmpegError;
    };

// Never interactive, no statistics on stderr: what is left there is worth quoting.
const quietly = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'warning'];

// The shell ends within milliseconds of the program. One that does not is frozen itself.
const shellGraceMs = 200;

/**
 * One ffmpeg, owned from its start to its end. It reads no stdin, its stdout is {@link FfmpegProcess.output}, its last
 * words on stderr are kept for the error. It ends with us: also when we are killed by SIGKILL and ffmpeg is silent or
 * frozen. On Windows that holds for the end of our process, but not for the end of one of its worker threads.
 *
 * @example
 * ```ts
 * const ffmpeg = FfmpegProcess.start({ args: ['-i', url, '-c', 'copy', '-f', 'flv', 'pipe:1'], signal });
 * for await (const bytes of ffmpeg.output) use(bytes);
 * const end = await ffmpeg.ended;
 * ```
 */
export class FfmpegProcess {
  /**
   * What it writes to stdout, for one loop. Reading slowly holds ffmpeg back, leaving the loop stops it, and the loop ends
   * when it is stopped. As long as nobody reads, ffmpeg cannot end by itself.
   */
  readonly output: AsyncIterable<Buffer>;
  /** Settles, and never rejects, when it has ended and its output is read or given up. */
  readonly ended: Promise<FfmpegEnd>;
  readonly #child: ChildProcess;
  readonly #stdout: Readable;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #stopGraceMs: number;
  readonly #lastLines: LastLines;
  #isWanted = true;
  #stopping: Promise<FfmpegEnd> | undefined;

  /**
   * Starts ffmpeg. A program that is missing or not executable shows in `ended`, as `FFMPEG_UNAVAILABLE`.
   *
   * @throws {ConfigError} when an option is unknown or out of range; the signal's reason when that has aborted;
   * {@link FfmpegError} `FFMPEG_UNAVAILABLE` when the system refuses at once: arguments too long, no memory.
   */
  static start(options: FfmpegProcessOptions): FfmpegProcess {
    checkKnown('FfmpegProcess', options, ['path', 'args', 'stopGraceMs', 'signal', 'clock']);
    options.signal?.throwIfAborted();
    return new FfmpegProcess(options);
  }

  private constructor({
    path = 'ffmpeg',
    args,
    stopGraceMs = 400,
    signal,
    clock = systemClock,
  }: FfmpegProcessOptions) {
    this.#path = checkText('path', path, 4096);
    if (!isArgument(path)) throw refusal('path', path, 'a string without NUL');
    this.#stopGraceMs = checkMs('stopGraceMs', stopGraceMs);
    checkMethods('clock', clock, clockMethods);
    if (!Array.isArray(args) || !args.every(isArgument))
      throw refusal('args', args, 'an array of strings without NUL');
    this.#clock = clock;
    this.#lastLines = new LastLines(args.filter((argument) => argument.includes('://')));
    this.#child = spawnOrRefuse(this.#path, [...quietly, ...args]);
    const { stdin, stdout, stderr } = this.#child; // All absent when there are too many open files.
    stdin?.on('error', () => {}); // The life-line breaks when the shell ends before an order reaches it.
    stderr?.setEncoding('utf8').on('data', (text: string) => this.#lastLines.add(text));
    this.#stdout = stdout ?? Readable.from([]);
    this.output = this.#read();
    this.ended = this.#whenEnded();
    const release = onAbort(signal, () => void this.stop());
    void this.ended.then(release);
  }

  /** Its process id, or the one of the shell that guards it; `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines of its stderr, oldest first, without passwords. */
  get lastLines(): readonly string[] {
    return this.#lastLines.lines;
  }

  /** Asks it to end, so that it can say goodbye to its source, and kills it after the grace. May be called again. */
  stop(): Promise<FfmpegEnd> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Kills it, also when it is frozen. */
  async kill(): Promise<FfmpegEnd> {
    this.#giveUp();
    letGo(this.#child);
    if ((await settledWithin(this.#clock, shellGraceMs, this.ended)) === 'elapsed') killAll(this.#child);
    return this.ended;
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<FfmpegEnd> {
    this.#giveUp();
    askToEnd(this.#child);
    const outcome = await settledWithin(this.#clock, this.#stopGraceMs, this.ended);
    return outcome === 'settled' ? this.ended : this.kill();
  }

  // Output that nobody reads any more would keep it from ending: it waits for room in the pipe.
  #giveUp(): void {
    this.#isWanted = false;
    this.#stdout.destroy();
  }

  async *#read(): AsyncGenerator<Buffer> {
    try {
      yield* this.#stdout;
    } catch (error) {
      if (this.#isWanted) throw error;
    } finally {
      if (!this.#stdout.readableEnded) void this.stop();
    }
  }

  async #whenEnded(): Promise<FfmpegEnd> {
    const { promise, resolve } = Promise.withResolvers<FfmpegEnd>();
    this.#child.on('error', (cause) => resolve(this.#unavailable(cause)));
    this.#child.once('close', (code, signal) => resolve(this.#endOf(code, signal)));
    const end = await promise;
    letGo(this.#child);
    return this.#isWanted ? end : { reason: 'stopped' };
  }

  #endOf(code: number | null, signal: NodeJS.Signals | null): FfmpegEnd {
    // A guard that was killed has not killed what it guards; an ordinary end is over.
    if (signal !== null) killAll(this.#child);
    if (code === 0) return { reason: 'finished' };
    if (code === 126 || code === 127) return this.#unavailable();
    const { lastLines } = this;
    const killer = signal ?? signalOf(code ?? 0);
    const how: FfmpegFailure = {
      lastLines,
      ...(killer === undefined ? { exitCode: code ?? 0 } : { signal: killer }),
    };
    return { reason: 'failed', error: new FfmpegError('FFMPEG_EXITED', describeEnd(how), how) };
  }

  #unavailable(cause?: Error): FfmpegEnd {
    const why = this.lastLines.at(-1)?.replace(shellPrefix, '') ?? cause?.message ?? 'no reason given';
    const message = `cannot run '${this.#path}': ${why}`;
    const { lastLines } = this;
    return {
      reason: 'failed',
      error: new FfmpegError('FFMPEG_UNAVAILABLE', message, { lastLines }, cause && { cause }),
    };
  }
}

function spawnOrRefuse(path: string, args: readonly string[]): ChildProcess {
  try {
    return spawnOnLifeLine(path, args);
  } catch (cause) {
    const message = `cannot run '${path}': ${describeError(cause)}`;
    throw new FfmpegError('FFMPEG_UNAVAILABLE', message, {}, { cause });
  }
}

function isArgument(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function describeEnd({ exitCode, signal, lastLines = [] }: FfmpegFailure): string {
  const how = signal === undefined ? `with code ${exitCode}` : `by ${signal}`;
  return `ffmpeg ended ${how}${lastLines.length === 0 ? '' : `: ${lastLines.slice(-3).join(' | ')}`}`;
}

// What a shell puts before its own words: its name and where in the script it was.
const shellPrefix = /^life-line: (line )?\d+: /;

// A shell reports a signal as 128 + its number, and ffmpeg's own exit codes lie there as well (the low byte of -errno).
// These are the signals whose number is no errno that ffmpeg meets.
const crashes = ['SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE'] as const;

function signalOf(code: number): string | undefined {
  return crashes.find((name) => 128 + constants.signals[name] === code);
}
