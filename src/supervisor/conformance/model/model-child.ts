import type { ChildState, ExitReason } from '../../health.ts';
import type { StartResult } from '../test-support.ts';
import type { ActorSpec } from './actor.ts';

const livingStates: readonly ChildState[] = ['starting', 'running', 'stopping', 'stuck'];
const restingStates: readonly ChildState[] = ['finished', 'stopped'];

/** What the model knows of a child, its actor's behaviour included. Plain data: the rules stand elsewhere. */
export class ModelChild {
  readonly spec: ActorSpec;
  /** Place in the start order, and the number by which both sides know the actor. */
  readonly order: number;
  readonly isDynamic: boolean;
  state: ChildState = 'waiting';
  /** What its next starts come to. */
  start: StartResult;
  incarnation = 0;
  restarts = 0;
  lastExit: ExitReason | undefined;
  /** When it is started again, while it backs off. */
  dueMs = 0;
  retries = 0;
  isRestart = false;
  wasUp = false;
  isKept: boolean;
  isUnwanted = false;
  /** The call that waits for it to come up. */
  startCall: number | undefined;
  /** The calls that wait for it to stop. */
  stopCalls: number[] = [];
  // Of the current incarnation:
  verdict: ExitReason | undefined;
  wasKilled = false;
  readyMs: number | undefined;
  beatMs = 0;
  /** Its `run` was called. */
  isPlaying = false;
  /** Its `run` has settled; what follows from that is not decided yet. */
  isOver = false;

  constructor(spec: ActorSpec, order: number, isDynamic: boolean) {
    this.spec = spec;
    this.order = order;
    this.isDynamic = isDynamic;
    this.isKept = !isDynamic;
    this.start = spec.start;
  }

  get name(): string {
    return this.spec.name;
  }

  get isLiving(): boolean {
    return livingStates.includes(this.state);
  }

  get isResting(): boolean {
    return restingStates.includes(this.state);
  }

  /** Whether those behind it need not wait for it, although it lives. */
  get isUp(): boolean {
    return this.isLiving && (this.state === 'stuck' ? this.isUnwanted : this.readyMs !== undefined);
  }

  get isForgottenAtEnd(): boolean {
    return this.spec.restart === 'temporary' || !this.isKept;
  }

  /** As before a first start. */
  reset(): void {
    this.state = 'waiting';
    this.retries = 0;
    this.isRestart = false;
    this.wasUp = false;
    this.isUnwanted = false;
  }

  /** A new incarnation. */
  begin(nowMs: number): void {
    this.incarnation++;
    if (this.isRestart) this.restarts++;
    this.isRestart = true;
    this.verdict = undefined;
    this.wasKilled = false;
    this.isPlaying = false;
    this.isOver = false;
    this.beatMs = nowMs;
    this.readyMs = this.spec.startTimeoutMs === undefined ? nowMs : undefined;
    this.state = this.readyMs === undefined ? 'starting' : 'running';
  }
}
