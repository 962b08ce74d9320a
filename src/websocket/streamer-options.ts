import { checkFunction, checkInteger, checkKnown, checkMs } from '../core/check.ts';
import type { ImageType } from './image-frame.ts';
import { maxImageBytes } from './image-tag.ts';

/**
 * Looks closer at a picture that passed the cheap checks: decodes it, say, in a `WorkerPool`. `true` lets it pass; the
 * `reason` is told to the streamer. To throw is to refuse it; that is not held against the streamer.
 *
 * `bytes` is a copy of its own, so its buffer may be transferred. The signal aborts at the time limit and when the
 * streamer leaves. The next inspection begins when this one has settled, also after its time limit.
 */
export type InspectFrame = (
  frame: InspectedFrame,
  signal: AbortSignal,
) => InspectionVerdict | Promise<InspectionVerdict>;

/** A picture that is inspected. */
export interface InspectedFrame {
  /** What kind of file it is. */
  readonly type: ImageType;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** The file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Whether a picture may pass. */
export type InspectionVerdict = boolean | InspectionRefusal;

/** A picture may not pass, and the streamer is told why. */
export interface InspectionRefusal {
  /** That it may not. */
  readonly ok: false;
  /** What the streamer is told. */
  readonly reason: string;
}

/** Bounds of one streamer: who publishes pictures over a WebSocket. */
export interface StreamerOptions {
  /** Largest picture, in bytes of its file, 1024 to 16 777 210: what an FLV tag can hold. Default 2 MiB. */
  readonly maxFrameBytes?: number;
  /** Most pixels of a picture, 1 to 2^31 - 1. Default 64 000 000, which a decoder turns into 256 MB. */
  readonly maxPixels?: number;
  /**
   * Most pictures per second on average, 1 to 1000, with one second's worth at once. More are skipped and counted; that is
   * no error. Default 60.
   */
  readonly maxFramesPerSecond?: number;
  /** Refused pictures in a row after which a streamer is disconnected, 1 to 1 000 000. Default 10. */
  readonly maxErrorsInRow?: number;
  /** How long a streamer may be silent before a warning is logged and it is pinged, in ms. Default 10 000. */
  readonly receiveTimeoutMs?: number;
  /** How long there may be no valid picture before the stream ends as frozen, in ms. Default 15 000. */
  readonly frozenTimeoutMs?: number;
  /** Time between pings, in ms; a streamer that gave no sign of life since the last one is lost. Default 45 000. */
  readonly pingIntervalMs?: number;
  /** Time between the lines of progress in the log, in ms. Default 10 000. */
  readonly progressIntervalMs?: number;
  /**
   * Looks closer at each picture before it is published, one at a time. Of the pictures that come meanwhile the newest
   * waits, the others are skipped and counted. Default: none.
   */
  readonly inspect?: InspectFrame;
  /** How long `inspect` may take before its picture is refused, in ms. Default 2000. */
  readonly inspectTimeoutMs?: number;
}

/** {@link StreamerOptions} with every default in place. */
export type ResolvedStreamerOptions = Required<Omit<StreamerOptions, 'inspect'>> &
  Pick<StreamerOptions, 'inspect'>;

const known: readonly (keyof StreamerOptions)[] = [
  ...(['maxFrameBytes', 'maxPixels', 'maxFramesPerSecond', 'maxErrorsInRow', 'receiveTimeoutMs'] as const),
  ...(['frozenTimeoutMs', 'pingIntervalMs', 'progressIntervalMs', 'inspect', 'inspectTimeoutMs'] as const),
];

// What stands around the base64 in a message, members that this version does not know included.
const envelopeBytes = 4096;

/**
 * Fills in and checks the options of streamers.
 *
 * @throws {ConfigError} when an option is unknown or out of range.
 */
export function resolveStreamerOptions(options: StreamerOptions = {}): ResolvedStreamerOptions {
  checkKnown('streamers', options, known);
  checkFunction('streamers.inspect', options.inspect);
  const integer = integerOf(options);
  const ms = msOf(options);
  return {
    ...options,
    maxFrameBytes: integer('maxFrameBytes', 2 << 20, 1024, maxImageBytes),
    maxPixels: integer('maxPixels', 64_000_000, 1, 0x7fff_ffff),
    maxFramesPerSecond: integer('maxFramesPerSecond', 60, 1, 1_000),
    maxErrorsInRow: integer('maxErrorsInRow', 10, 1, 1_000_000),
    receiveTimeoutMs: ms('receiveTimeoutMs', 10_000),
    frozenTimeoutMs: ms('frozenTimeoutMs', 15_000),
    pingIntervalMs: ms('pingIntervalMs', 45_000),
    progressIntervalMs: ms('progressIntervalMs', 10_000),
    inspectTimeoutMs: ms('inspectTimeoutMs', 2_000),
  };
}

/** Largest message a streamer may send: its largest picture in base64, and what stands around it. */
export function maxStreamerMessageBytes({ maxFrameBytes }: ResolvedStreamerOptions): number {
  return Math.ceil(maxFrameBytes / 3) * 4 + envelopeBytes;
}

type NumberName = {
  [Name in keyof StreamerOptions]-?: NonNullable<StreamerOptions[Name]> extends number ? Name : never;
}[keyof StreamerOptions];

function integerOf(options: StreamerOptions) {
  return (name: NumberName, fallback: number, min: number, max: number): number =>
    checkInteger(`streamers.${name}`, options[name] ?? fallback, min, max);
}

function msOf(options: StreamerOptions) {
  return (name: NumberName, fallback: number): number =>
    checkMs(`streamers.${name}`, options[name] ?? fallback, 1);
}
