import type { ExitReason } from '../../health.ts';
import type { ExitKind } from '../test-support.ts';
import type { ModelChild } from './model-child.ts';
import { Simulation } from './simulation.ts';

/** How long a killed child may live on. */
const killLimitMs = 1_000;

const naturalReasons = { normal: 'returned', shutdown: 'shutdown', abnormal: 'failed' } as const;

/** The lives of single children: from a start to an end, or to being left behind. What follows is the model's matter. */
export abstract class ModelLives extends Simulation {
  protected abstract noteUp(child: ModelChild): void;
  protected abstract noteEnd(child: ModelChild, reason: ExitReason): void;
  protected abstract noteLeftBehind(child: ModelChild): void;

  /** It ends by itself. */
  exit(child: ModelChild, kind: ExitKind): void {
    if (child.isPlaying) this.#end(child, naturalReasons[kind]);
  }

  ready(child: ModelChild): void {
    if (child.state !== 'starting' || !child.isPlaying) return;
    child.readyMs = this.nowMs;
    child.state = 'running';
    this.diary.push(`${child.name} ready`);
    this.noteUp(child);
  }

  beat(child: ModelChild): void {
    if (child.isPlaying) child.beatMs = this.nowMs;
  }

  protected begin(child: ModelChild): void {
    child.begin(this.nowMs);
    this.diary.push(`${child.name} started`);
    this.#watchStart(child);
    this.#watchBeats(child);
    this.later(() => this.#play(child));
  }

  /** Asks it to end. A request that comes later changes nothing. */
  protected ask(child: ModelChild, verdict: ExitReason): void {
    if (child.verdict !== undefined) return;
    const { stopTimeoutMs, canBeKilled, onStop } = child.spec;
    child.verdict = verdict;
    child.state = 'stopping';
    if (onStop === 'obey') this.#end(child, 'returned');
    if (stopTimeoutMs === 0 && canBeKilled) return this.#kill(child);
    if (stopTimeoutMs === Infinity) return;
    this.#inLife(child, stopTimeoutMs, () => {
      if (!canBeKilled) return this.#leaveBehind(child);
      this.diary.push(`${child.name} overdue, killed`);
      this.#kill(child);
    });
  }

  #play(child: ModelChild): void {
    child.isPlaying = true;
    if (child.start === 'ok') this.ready(child);
    if (child.start === 'ignore') this.exit(child, 'normal');
    if (child.start === 'fail') this.exit(child, 'abnormal');
  }

  #watchStart(child: ModelChild): void {
    const { startTimeoutMs } = child.spec;
    if (startTimeoutMs === undefined) return this.noteUp(child);
    this.#inLife(child, startTimeoutMs, () => {
      if (child.readyMs === undefined) this.ask(child, 'start-timeout');
    });
  }

  // Looks twice: beats that wait in the same moment count.
  #watchBeats(child: ModelChild): void {
    const { heartbeatTimeoutMs: limitMs } = child.spec;
    if (limitMs === undefined) return;
    const look = (): void => {
      if (this.nowMs - child.beatMs < limitMs) return this.#watchBeats(child);
      if (child.verdict !== undefined) return;
      this.diary.push(`${child.name} hung`);
      this.ask(child, 'hung');
    };
    this.#inLife(child, child.beatMs + limitMs - this.nowMs, () => this.#inLife(child, 0, look));
  }

  #kill(child: ModelChild): void {
    child.wasKilled = true;
    if (child.spec.onStop !== 'deaf') this.#end(child, 'returned');
    this.#inLife(child, killLimitMs, () => this.#leaveBehind(child));
  }

  #leaveBehind(child: ModelChild): void {
    child.state = 'stuck';
    this.noteLeftBehind(child);
    this.diary.push(`${child.name} overdue, left-behind`);
  }

  // Why it ended is settled first for all that end at the same moment; only then it is decided what follows.
  #end(child: ModelChild, natural: ExitReason): void {
    if (!child.isLiving || child.isOver) return;
    child.isOver = true;
    this.later(() => {
      const reason = reasonOf(child, natural);
      this.later(() => {
        this.diary.push(`${child.name} ${reason}`);
        child.lastExit = reason;
        this.noteEnd(child, reason);
      });
    });
  }

  #inLife(child: ModelChild, delayMs: number, fire: () => void): void {
    const { incarnation } = child;
    this.after(delayMs, () => {
      if (child.incarnation === incarnation && child.isLiving && !child.isOver) fire();
    });
  }
}

function reasonOf({ verdict, wasKilled, readyMs }: ModelChild, natural: ExitReason): ExitReason {
  if (verdict === 'stopped' && wasKilled) return 'killed';
  if (verdict !== undefined) return verdict;
  return natural === 'returned' && readyMs === undefined ? 'ignored' : natural;
}
