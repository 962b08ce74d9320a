import type { Clock, Timer } from '../core/clock.ts';
import { inspectedFrame, type ReceivedPicture } from './received-picture.ts';
import type { InspectFrame } from './streamer-options.ts';
import type { FrameRefusal } from './streamer-stats.ts';

/** What becomes of the pictures in an {@link InspectionLine}: each one leaves it by exactly one of these. */
export interface InspectionOutcome {
  /** It may be published. */
  passed(picture: ReceivedPicture): void;
  /** It was refused; `error` is what `inspect` threw. */
  refused(refusal: FrameRefusal, error?: unknown): void;
  /** A newer one took its place, or the line was closed. */
  skipped(): void;
}

/** Pictures on their way through `inspect`: one is in it, and the newest of the others waits. Keeps their order. */
export class InspectionLine {
  readonly #inspect: InspectFrame;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #outcome: InspectionOutcome;
  #current: Examination | undefined;
  #waiting: ReceivedPicture | undefined;

  constructor(inspect: InspectFrame, timeoutMs: number, clock: Clock, outcome: InspectionOutcome) {
    this.#inspect = inspect;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#outcome = outcome;
  }

  push(picture: ReceivedPicture): void {
    if (this.#current === undefined) return void this.#work(picture);
    if (this.#waiting !== undefined) this.#outcome.skipped();
    this.#waiting = picture;
  }

  /** Gives up what is in it. */
  close(): void {
    if (this.#waiting !== undefined) this.#outcome.skipped();
    this.#waiting = undefined;
    this.#current?.settle(() => this.#outcome.skipped());
  }

  // The next one begins when `inspect` has settled, not when its time is up: one that ignores its signal must not run
  // twice for one streamer.
  async #work(first: ReceivedPicture): Promise<void> {
    for (let picture: ReceivedPicture | undefined = first; picture !== undefined; ) {
      await this.#examine(picture);
      picture = this.#waiting;
      this.#waiting = undefined;
    }
    this.#current = undefined;
  }

  async #examine(picture: ReceivedPicture): Promise<void> {
    const examination = new Examination(this.#clock, this.#timeoutMs, () =>
      this.#outcome.refused(tooLate(this.#timeoutMs)),
    );
    this.#current = examination;
    const tell = await this.#ask(picture, examination.signal);
    examination.settle(tell);
  }

  async #ask(picture: ReceivedPicture, signal: AbortSignal): Promise<() => void> {
    try {
      const verdict = await this.#inspect(inspectedFrame(picture), signal);
      // Only a clear yes lets a picture pass.
      return () =>
        verdict === true ? this.#outcome.passed(picture) : this.#outcome.refused(refusedBy(verdict));
    } catch (error) {
      return () => this.#outcome.refused(failed, error);
    }
  }
}

/** One call of `inspect` and its time limit. */
class Examination {
  readonly #controller = new AbortController();
  readonly #timer: Timer;

  constructor(clock: Clock, timeoutMs: number, onTimeout: () => void) {
    this.#timer = clock.setTimer(timeoutMs, () => this.settle(onTimeout));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first one to settle it decides; whoever comes later is not heard. */
  settle(tell: () => void): void {
    if (this.signal.aborted) return;
    this.#timer.cancel();
    this.#controller.abort();
    tell();
  }
}

const maxReasonLength = 200;
const failed: FrameRefusal = { code: 'inspection-failed', message: 'the picture could not be inspected' };

function tooLate(timeoutMs: number): FrameRefusal {
  return { code: 'inspection-timeout', message: `the inspection took longer than ${timeoutMs} ms` };
}

function refusedBy(verdict: unknown): FrameRefusal {
  const { reason } = Object(verdict) as { readonly reason?: unknown };
  const message = typeof reason === 'string' ? reason.slice(0, maxReasonLength) : 'the inspection refused it';
  return { code: 'inspection-refused', message };
}
