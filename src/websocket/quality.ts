import type { MediaPacket } from '../media/media-packet.ts';

/** When a viewer is too slow, and what it gets then. */
export interface QualityLimits {
  /** Latency that is too much when it lasts, in ms, from publish to acknowledgement. */
  readonly maxLatencyMs: number;
  /** The stream that shows the same with fewer bits, if there is one. */
  readonly lowerStream?: (name: string) => string | undefined;
}

/** How much of a stream is sent: all, the lower stream, or every n-th resync point, with all of the sound. */
export interface QualityStep {
  readonly mode: 'full' | 'lower' | 'keyframes';
  readonly every: number;
}

/** Everything. */
export const fullQuality: QualityStep = { mode: 'full', every: 1 };

const lowerQuality: QualityStep = { mode: 'lower', every: 1 };
const reductions: readonly QualityStep[] = [1, 2, 4, 8].map((every) => ({ mode: 'keyframes', every }));

// Three gaps within ten seconds are no accident, and neither are two seconds above the limit.
const maxGaps = 3;
const gapSpanMs = 10_000;
const lateSpanMs = 2_000;
// How long things must be calm for a step up. A step that failed soon makes the next wait twice as long.
const calmSpanMs = 10_000;
const maxCalmSpanMs = 160_000;
const failedWithinMs = 30_000;

/** Decides how much of a stream a viewer can take. Pure: time is passed in. */
export class QualityGovernor {
  readonly #maxLatencyMs: number;
  readonly #steps: readonly QualityStep[];
  readonly #gapsAtMs: number[] = [];
  #index = 0;
  #calmSpanMs = calmSpanMs;
  #calmSinceMs: number;
  #lateSinceMs: number | undefined;
  #raisedAtMs = Number.NEGATIVE_INFINITY;

  constructor(maxLatencyMs: number, hasLower: boolean, nowMs: number) {
    this.#maxLatencyMs = maxLatencyMs;
    this.#steps = [fullQuality, ...(hasLower ? [lowerQuality] : []), ...reductions];
    this.#calmSinceMs = nowMs;
  }

  /** What to send now. */
  get step(): QualityStep {
    return this.#steps[this.#index]!;
  }

  /** The viewer was too slow and has skipped. */
  noteGap(nowMs: number): void {
    this.#calmSinceMs = nowMs;
    this.#gapsAtMs.push(nowMs);
    while (this.#gapsAtMs.length > maxGaps || nowMs - this.#gapsAtMs[0]! > gapSpanMs) this.#gapsAtMs.shift();
    if (this.#gapsAtMs.length === maxGaps) this.#reduce(nowMs);
  }

  /** An acknowledgement has come. Half the limit or less is calm. */
  noteLatency(latencyMs: number, nowMs: number): void {
    if (latencyMs > this.#maxLatencyMs / 2) this.#calmSinceMs = nowMs;
    if (latencyMs <= this.#maxLatencyMs) this.#lateSinceMs = undefined;
    else this.#lateSinceMs ??= nowMs;
    if (nowMs - (this.#lateSinceMs ?? nowMs) >= lateSpanMs) this.#reduce(nowMs);
  }

  /** Goes up a step when it has been calm for long enough. */
  review(nowMs: number): void {
    if (this.#index === 0 || nowMs - this.#calmSinceMs < this.#calmSpanMs) return;
    this.#index--;
    this.#raisedAtMs = nowMs;
    this.#startOver(nowMs);
  }

  #reduce(nowMs: number): void {
    const hasFailed = nowMs - this.#raisedAtMs < failedWithinMs;
    this.#calmSpanMs = hasFailed ? Math.min(maxCalmSpanMs, this.#calmSpanMs * 2) : calmSpanMs;
    this.#index = Math.min(this.#steps.length - 1, this.#index + 1);
    this.#startOver(nowMs);
  }

  #startOver(nowMs: number): void {
    this.#gapsAtMs.length = 0;
    this.#lateSinceMs = undefined;
    this.#calmSinceMs = nowMs;
  }
}

/**
 * Takes pictures out. What follows a picture that was left out cannot be decoded, so after a reduction it goes on at a
 * keyframe. Sound, headers and data always pass: they are few bytes, and a gap is heard sooner than seen.
 */
export class PictureFilter {
  #every = 0;
  #resyncPoints = 0;
  #waitsForKeyframe = false;

  /** Sends every n-th resync point only; 0 sends everything. */
  reduceTo(every: number): void {
    this.#waitsForKeyframe ||= this.#every > 0;
    this.#every = every;
    this.#resyncPoints = 0;
  }

  /** Whether to send the packet. Ask once for each. */
  accepts(packet: MediaPacket): boolean {
    if (packet.kind !== 'video' || !packet.isFrame) return true;
    if (this.#every > 0) return packet.isKeyframe && this.#resyncPoints++ % this.#every === 0;
    if (packet.isKeyframe) this.#waitsForKeyframe = false;
    return !this.#waitsForKeyframe;
  }
}
