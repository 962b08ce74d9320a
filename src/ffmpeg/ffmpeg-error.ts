import { SpillwayError } from '../core/errors.ts';

/** How an ffmpeg ended that nobody had stopped. */
export interface FfmpegFailure {
  /** The exit code; absent when a signal ended it. */
  readonly exitCode?: number;
  /** The signal that ended it, as far as the system tells. */
  readonly signal?: string;
  /** The last lines it wrote to stderr, oldest first, without passwords. */
  readonly lastLines?: readonly string[];
}

/** ffmpeg could not be run, or ended on its own account. The operator looks at {@link FfmpegError.lastLines}. */
export class FfmpegError extends SpillwayError {
  /** The exit code; absent when a signal ended it, or it never ran. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, as far as the system tells. */
  readonly signal: string | undefined;
  /** The last lines it wrote to stderr, oldest first, without passwords. */
  readonly lastLines: readonly string[];

  constructor(
    code: 'FFMPEG_UNAVAILABLE' | 'FFMPEG_EXITED',
    message: string,
    { exitCode, signal, lastLines = [] }: FfmpegFailure = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.exitCode = exitCode;
    this.signal = signal;
    this.lastLines = lastLines;
  }
}
