import type { Clock, Timer } from '../core/clock.ts';
import type { ResolvedStreamerOptions } from './streamer-options.ts';

/** What a {@link StreamerWatch} calls. */
export interface StreamerAlarms {
  /** No message came for `receiveTimeoutMs`; called again after as long a time of silence. */
  silent(): void;
  /** No valid picture came for `frozenTimeoutMs`. */
  frozen(): void;
  /** It is time for a ping. */
  ping(): void;
  /** It is time for a line of progress. */
  progress(): void;
}

/** The times of one streamer. A message or a picture costs no timer. */
export class StreamerWatch {
  readonly #clock: Clock;
  readonly #timers: Readonly<Record<keyof StreamerAlarms, Alarm>>;

  constructor(clock: Clock, options: ResolvedStreamerOptions, alarms: StreamerAlarms) {
    const { receiveTimeoutMs, frozenTimeoutMs, pingIntervalMs, progressIntervalMs } = options;
    this.#clock = clock;
    this.#timers = {
      silent: new Alarm(clock, receiveTimeoutMs, () => alarms.silent()),
      frozen: new Alarm(clock, frozenTimeoutMs, () => alarms.frozen()),
      ping: new Alarm(clock, pingIntervalMs, () => alarms.ping()),
      progress: new Alarm(clock, progressIntervalMs, () => alarms.progress()),
    };
  }

  start(): void {
    for (const alarm of Object.values(this.#timers)) alarm.start();
  }

  /** Whatever it says, the streamer has said something. */
  heard(): void {
    this.#timers.silent.putOff(this.#clock.nowMs());
  }

  /** A valid picture has come. */
  pictured(): void {
    this.#timers.frozen.putOff(this.#clock.nowMs());
  }

  stop(): void {
    for (const alarm of Object.values(this.#timers)) alarm.stop();
  }
}

/** Goes off `intervalMs` after it was started, put off, or last went off. */
class Alarm {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #goOff: () => void;
  #sinceMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, intervalMs: number, goOff: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#goOff = goOff;
  }

  start(): void {
    this.putOff(this.#clock.nowMs());
    this.#schedule(this.#intervalMs);
  }

  putOff(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => this.#look());
  }

  #look(): void {
    const leftMs = this.#sinceMs + this.#intervalMs - this.#clock.nowMs();
    if (leftMs > 0) return this.#schedule(leftMs);
    this.start(); // Before the call, which may stop it.
    this.#goOff();
  }
}
