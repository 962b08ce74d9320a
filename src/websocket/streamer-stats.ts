import { RateMeter } from '../media/rate-meter.ts';
import type { ImageFrame, ImageType } from './image-frame.ts';
import type { ImageRefusal, ImageRefusalCode } from './image-refusal.ts';

/** Why a streamer's message or picture is refused, as a stable word. */
export type FrameRefusalCode =
  | ImageRefusalCode
  /** A text message that is no JSON object, or a `frame` without text in it. */
  | 'bad-message'
  /** `inspect` said no. */
  | 'inspection-refused'
  /** `inspect` threw. Not held against the streamer. */
  | 'inspection-failed'
  /** `inspect` took too long. Not held against the streamer. */
  | 'inspection-timeout';

/** A picture is not taken. */
export type FrameRefusal = ImageRefusal<FrameRefusalCode>;

/** `waiting` for its first valid picture, `live`, or `ended`. */
export type StreamerState = 'waiting' | 'live' | 'ended';

/** A streamer as it is at this moment. */
export interface StreamerStats {
  /** Number of the streamer. */
  readonly id: number;
  /** The stream it publishes. */
  readonly stream: string;
  /** Whether pictures come. */
  readonly state: StreamerState;
  /** Pictures that were published. */
  readonly framesAccepted: number;
  /** Pictures and messages that were refused, by code. */
  readonly framesRejected: Readonly<Partial<Record<FrameRefusalCode, number>>>;
  /** Pictures that came too fast, for `maxFramesPerSecond` or for `inspect`, or at the very end. */
  readonly framesSkipped: number;
  /** Refusals since the last picture that was published. */
  readonly errorsInRow: number;
  /** Bytes of the published pictures' files. */
  readonly bytes: number;
  /** Published pictures per second over the last two seconds. */
  readonly fps: number;
  /** Time since the last published picture, in ms; `null` before the first. */
  readonly lastFrameAgeMs: number | null;
  /** Kind of the last published picture; `null` before the first. */
  readonly type: ImageType | null;
  /** Its width in pixels. */
  readonly width: number | null;
  /** Its height in pixels. */
  readonly height: number | null;
}

/** What a {@link StreamerTally} knows of {@link StreamerStats}. */
export type StreamerCounts = Omit<StreamerStats, 'id' | 'stream' | 'state'>;

// A broken inspection is not the streamer's fault: it is told, but not disconnected for it.
const ownFaults: readonly FrameRefusalCode[] = ['inspection-failed', 'inspection-timeout'];

/** Counts the pictures of one streamer. */
export class StreamerTally {
  readonly #rate = new RateMeter();
  readonly #rejected: Partial<Record<FrameRefusalCode, number>> = {};
  #accepted = 0;
  #rejectedTotal = 0;
  #skipped = 0;
  #errorsInRow = 0;
  #bytes = 0;
  #last: { readonly frame: ImageFrame; readonly atMs: number } | undefined;

  /** Refusals of all codes. */
  get rejectedTotal(): number {
    return this.#rejectedTotal;
  }

  get errorsInRow(): number {
    return this.#errorsInRow;
  }

  accept(frame: ImageFrame, bytes: number, nowMs: number): void {
    this.#accepted++;
    this.#errorsInRow = 0;
    this.#bytes += bytes;
    this.#rate.add(nowMs, 1);
    this.#last = { frame, atMs: nowMs };
  }

  reject(code: FrameRefusalCode): void {
    this.#rejected[code] = (this.#rejected[code] ?? 0) + 1;
    this.#rejectedTotal++;
    if (!ownFaults.includes(code)) this.#errorsInRow++;
  }

  skip(): void {
    this.#skipped++;
  }

  counts(nowMs: number): StreamerCounts {
    const { type = null, width = null, height = null } = this.#last?.frame ?? {};
    return {
      framesAccepted: this.#accepted,
      framesRejected: { ...this.#rejected },
      framesSkipped: this.#skipped,
      errorsInRow: this.#errorsInRow,
      bytes: this.#bytes,
      fps: this.#rate.perSecond(nowMs),
      lastFrameAgeMs: this.#last === undefined ? null : nowMs - this.#last.atMs,
      type,
      width,
      height,
    };
  }
}
