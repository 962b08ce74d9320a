import { type ExponentialBackoffOptions, exponentialBackoff } from '../core/backoff.ts';
import {
  checkBoolean,
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  checkText,
  refusal,
} from '../core/check.ts';
import { type Clock, clockMethods, systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { type Logger, logMethods, safeLogger, silentLogger } from '../core/logger.ts';
import type { DemuxSettings } from './demux-protocol.ts';
import {
  type AudioTreatment,
  requireBuilder,
  type SourceRequest,
  type VideoTreatment,
} from './ffmpeg-command.ts';
import type { MediaOverflow, QueueLimits } from './media-queue.ts';

/** How ffmpeg reads a source. */
export interface SourceOptions {
  /** ffmpeg's name of the input's format where it cannot tell by itself: `'lavfi'`, `'v4l2'`, `'mpegts'`. */
  readonly inputFormat?: string;
  /** Arguments before `-i`, one by one, as they are: `['-rtsp_transport', 'tcp']`. At most 256. */
  readonly inputOptions?: readonly string[];
  /** Arguments behind `-i`, one by one, as they are. At most 256. */
  readonly outputOptions?: readonly string[];
  /** Reads a file no faster than it plays. Default `false`. */
  readonly realtime?: boolean;
  /**
   * How long ffmpeg may look at a source that does not say what it consists of, in ms of media. Longer than its keyframe
   * interval, or a stream that is joined in the middle is not understood. Default 3000.
   */
  readonly probeMs?: number;
  /**
   * What is done with the picture. `'copy'` passes it on; `'h264'` encodes it, which costs a processor core or more;
   * `'none'` leaves it out. FLV holds H.264, and H.265 or AV1 from ffmpeg 6.1 on. Default `'copy'`.
   */
  readonly videoCodec?: VideoTreatment;
  /** What is done with the sound: `'copy'`, `'aac'` or `'none'`. FLV holds AAC and MP3. Default `'copy'`. */
  readonly audioCodec?: AudioTreatment;
}

/** The bounds of one output. They hold twice: in this thread, and in the worker while this thread is busy. */
export interface OutputOptions {
  /** Packets that may wait, 1 to 65 536. Default 256: 8 s of video at 30 fps, 5 s of AAC. */
  readonly capacity?: number;
  /** Bytes that may wait; one packet may reach beyond. Default 16 MiB for video, 1 MiB for audio. */
  readonly maxBytes?: number;
  /**
   * What happens when it is full. `'drop'`: the oldest go, video up to the next keyframe. `'block'`: ffmpeg waits, and
   * with it a file; then somebody has to read both outputs. Default `'drop'`.
   */
  readonly overflow?: MediaOverflow;
}

/** Options of {@link MediaInput}. */
export interface MediaInputOptions extends SourceOptions {
  /** What logs and a supervisor call it. Default `'input'`. */
  readonly name?: string;
  /** The source to begin with, as for `connect()`. Default: none. */
  readonly url?: string;
  /** Where the worker lives. `'process'` can be ended whatever it does. Default `'thread'`. */
  readonly host?: 'thread' | 'process';
  /**
   * The program: a path, or a name that is looked up on the `PATH`. A script in its place has to `exec` ffmpeg, or that is
   * left behind when our process is killed. Default `'ffmpeg'`.
   */
  readonly ffmpegPath?: string;
  /** How long a source may take until its first frame, in ms. Default 10 000. */
  readonly connectTimeoutMs?: number;
  /** How long a connected source may go without a frame, in ms. Default 5000. */
  readonly stallTimeoutMs?: number;
  /**
   * Connects again when the source ended in good order, as a live source does whose server restarts. Default: for RTSP,
   * RTMP, SRT, UDP, RTP and TCP, and not for files, HTTP and devices.
   */
  readonly reconnectOnEnd?: boolean;
  /** How long a connection must hold so that the next failure is retried at once again, in ms. Default 10 000. */
  readonly goodSpellMs?: number;
  /** The pauses between attempts. Default: none, then up to 100 ms, 200 ms, 400 ms… 30 s. */
  readonly backoff?: Omit<ExponentialBackoffOptions, 'random'>;
  /** Bounds of the picture. */
  readonly video?: OutputOptions;
  /** Bounds of the sound. */
  readonly audio?: OutputOptions;
  /** How long the worker's loop may stand still before it is replaced, in ms; at least 100. Default 1000. */
  readonly heartbeatTimeoutMs?: number;
  /** Where failures are reported. Default: nowhere. */
  readonly logger?: Logger;
  /** Source of time for this side, for tests. */
  readonly clock?: Clock;
}

/** {@link MediaInputOptions}, checked. */
export interface ResolvedInputOptions
  extends Required<Pick<MediaInputOptions, 'name' | 'host' | 'heartbeatTimeoutMs' | 'logger' | 'clock'>> {
  readonly settings: DemuxSettings;
  readonly source: SourceOptions;
}

// ffmpeg may say goodbye to its source for this long. With it, all of a stop stays below a second.
const stopGraceMs = 400;

const sourceOptions = [
  ...['inputFormat', 'inputOptions', 'outputOptions', 'realtime', 'probeMs', 'videoCodec', 'audioCodec'],
] as const satisfies readonly (keyof SourceOptions)[];

const known = [
  ...sourceOptions,
  ...[
    'name',
    'url',
    'host',
    'ffmpegPath',
    'connectTimeoutMs',
    'stallTimeoutMs',
    'reconnectOnEnd',
    'goodSpellMs',
  ],
  ...['backoff', 'video', 'audio', 'heartbeatTimeoutMs', 'logger', 'clock'],
];

export function resolveInputOptions(options: MediaInputOptions): ResolvedInputOptions {
  checkKnown('MediaInput', options, known);
  requireBuilder();
  const { logger = silentLogger, clock = systemClock } = options;
  checkMethods('logger', logger, logMethods);
  checkMethods('clock', clock, clockMethods);
  const source = Object.fromEntries(
    sourceOptions.flatMap((name) => (name in options ? [[name, options[name]]] : [])),
  );
  resolveSource('', source); // Wrong options are refused here, not at the first connect().
  return {
    name: checkText('name', options.name ?? 'input'),
    host: checkOneOf('host', options.host ?? 'thread', ['thread', 'process']),
    heartbeatTimeoutMs: checkMs('heartbeatTimeoutMs', options.heartbeatTimeoutMs ?? 1_000, 100),
    logger: safeLogger(logger),
    clock,
    settings: resolveSettings(options),
    source,
  };
}

/** What `connect()` was asked for, checked. */
export function resolveRequest(url: string, options: SourceOptions): SourceRequest {
  // The value is not shown: it may hold a password.
  if (typeof url !== 'string' || url === '' || url.length > 8_192 || url.includes('\0'))
    throw new ConfigError('url must be a string of 1 to 8192 characters without NUL');
  checkKnown('connect', options, sourceOptions);
  return resolveSource(url, options);
}

function resolveSource(url: string, options: SourceOptions): SourceRequest {
  const { inputFormat, inputOptions = [], outputOptions = [], realtime = false, probeMs = 3_000 } = options;
  return {
    url,
    inputFormat: inputFormat === undefined ? undefined : checkWord('inputFormat', inputFormat, 100),
    inputOptions: checkArguments('inputOptions', inputOptions),
    outputOptions: checkArguments('outputOptions', outputOptions),
    realtime: checkBoolean('realtime', realtime),
    probeMs: checkMs('probeMs', probeMs, 1),
    videoCodec: checkOneOf('videoCodec', options.videoCodec ?? 'copy', ['copy', 'h264', 'none']),
    audioCodec: checkOneOf('audioCodec', options.audioCodec ?? 'copy', ['copy', 'aac', 'none']),
  };
}

function resolveSettings(options: MediaInputOptions): DemuxSettings {
  const { backoff = {}, reconnectOnEnd } = options;
  exponentialBackoff(backoff);
  if ('random' in backoff) throw new ConfigError('backoff.random cannot travel to the worker; leave it out');
  return {
    ffmpegPath: checkWord('ffmpegPath', options.ffmpegPath ?? 'ffmpeg', 4_096),
    connectTimeoutMs: checkMs('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1),
    stallTimeoutMs: checkMs('stallTimeoutMs', options.stallTimeoutMs ?? 5_000, 1),
    stopGraceMs,
    reconnectOnEnd: reconnectOnEnd === undefined ? undefined : checkBoolean('reconnectOnEnd', reconnectOnEnd),
    goodSpellMs: checkMs('goodSpellMs', options.goodSpellMs ?? 10_000),
    backoff,
    video: resolveOutput('video', options.video, 16 << 20),
    audio: resolveOutput('audio', options.audio, 1 << 20),
  };
}

function resolveOutput(name: string, options: OutputOptions = {}, maxBytes: number): QueueLimits {
  checkKnown(name, options, ['capacity', 'maxBytes', 'overflow']);
  return {
    capacity: checkInteger(`${name}.capacity`, options.capacity ?? 256, 1, 65_536),
    maxBytes: checkInteger(`${name}.maxBytes`, options.maxBytes ?? maxBytes, 1, 0x7fff_ffff),
    overflow: checkOneOf(`${name}.overflow`, options.overflow ?? 'drop', ['drop', 'block']),
  };
}

function checkWord(option: string, value: unknown, maxLength: number): string {
  const word = checkText(option, value, maxLength);
  if (word.includes('\0')) throw refusal(option, value, 'a string without NUL');
  return word;
}

function checkArguments(option: string, value: readonly string[]): readonly string[] {
  const isList = Array.isArray(value) && value.length <= 256;
  if (isList && value.every((item) => typeof item === 'string' && !item.includes('\0'))) return [...value];
  throw refusal(option, value, 'an array of at most 256 strings without NUL');
}
