import type { Clock, Timer } from '../core/clock.ts';
import type { StatePage } from './state-page.ts';

/** What a {@link HeartbeatWatch} reports. */
export interface HeartbeatHooks {
  /** The worker made progress since the last look. */
  beat(): void;
  /** It made none for the whole limit. */
  silent(): void;
}

/**
 * Looks at the beat counter of a worker in shared memory. No message is involved, so neither a flood of data nor a busy
 * parent can make a living worker look dead: after a parent that was late itself, the limit starts anew.
 */
export class HeartbeatWatch {
  readonly #page: StatePage;
  readonly #clock: Clock;
  #timeoutMs = 0;
  #hooks: HeartbeatHooks | undefined;
  #lastCount = 0;
  #lastChangeMs = 0;
  #lastLookMs = 0;
  #timer: Timer | undefined;

  constructor(page: StatePage, clock: Clock) {
    this.#page = page;
    this.#clock = clock;
  }

  /** Time since a beat was last seen, in ms. */
  get ageMs(): number {
    return this.#clock.nowMs() - this.#lastChangeMs;
  }

  /** Watches from now on, with this limit; an earlier watch ends. */
  start(timeoutMs: number, hooks: HeartbeatHooks): void {
    this.stop();
    this.#timeoutMs = timeoutMs;
    this.#hooks = hooks;
    this.#lastCount = this.#page.get('beat');
    this.#lastChangeMs = this.#clock.nowMs();
    this.#lastLookMs = this.#lastChangeMs;
    this.#schedule();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    // The look before a hang and the look that finds it add up to the error; both together stay below 100 ms.
    const lookEveryMs = Math.min(40, Math.max(5, this.#timeoutMs / 20));
    this.#timer = this.#clock.setTimer(lookEveryMs, () => this.#look());
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    const count = this.#page.get('beat');
    const parentWasLate = nowMs - this.#lastLookMs > this.#timeoutMs / 2;
    const hasBeaten = count !== this.#lastCount;
    this.#lastLookMs = nowMs;
    this.#lastCount = count;
    if (hasBeaten) this.#hooks?.beat();
    if (hasBeaten || parentWasLate) this.#lastChangeMs = nowMs;
    const silentMs = nowMs - this.#lastChangeMs;
    if (silentMs >= this.#timeoutMs) this.#hooks?.silent();
    else this.#schedule();
  }
}
