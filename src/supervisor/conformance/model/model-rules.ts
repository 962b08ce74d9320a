import type { ExitReason } from '../../health.ts';
import type { AutoShutdown, ChildOptions, RestartStrategy } from '../../options.ts';
import type { ActorSpec } from './actor.ts';
import { ModelChild } from './model-child.ts';
import { ModelLives } from './model-lives.ts';

/** What the comparison varies of a supervisor. */
export interface ModelOptions {
  readonly strategy: RestartStrategy;
  readonly maxRestarts: number;
  readonly baseMs: number;
  readonly autoShutdown: AutoShutdown;
  readonly stopOrder: 'reverse' | 'parallel';
}

/** What a supervisor does with a child that ended. */
export type Treatment = Required<Pick<ChildOptions, 'restart' | 'significant'>>;

/** Length of the restart window on both sides. */
export const windowMs = 1_000;

const errorCodes: Readonly<Record<ExitReason, string | undefined>> = {
  returned: undefined,
  ignored: undefined,
  shutdown: 'SHUTDOWN',
  failed: 'CRASHED',
  hung: 'CHILD_HUNG',
  'start-timeout': 'CHILD_START_TIMEOUT',
  stopped: 'CLOSED',
  killed: 'CLOSED',
};

interface Group {
  /** The children from this place on are not up yet. */
  place: number;
  stage: 'stopping' | 'pausing' | 'starting';
  isDue: boolean;
}

/**
 * What a supervisor has to do, as a plain simulation: rules on plain data, applied until nothing changes any more. What
 * has ended is decided before anything new is started.
 */
export abstract class ModelRules extends ModelLives {
  children: readonly ModelChild[];
  state: 'idle' | 'running' | 'stopping' | 'gave-up' = 'idle';
  protected readonly options: ModelOptions;
  readonly #statics: readonly ModelChild[];
  /** The place of the next child, and the number of its actor. */
  protected nextOrder: number;
  protected restartsMs: number[] = [];
  protected group: Group | undefined;
  protected isStarting = false;
  /** The significant child that ended, until another one comes up or is stopped by request. */
  protected lastSignificant: string | undefined;
  protected runCall = -1;
  protected failure: string | undefined;

  constructor(options: ModelOptions, specs: readonly ActorSpec[]) {
    super();
    this.options = options;
    this.#statics = specs.map((spec, order) => new ModelChild(spec, order, false));
    this.children = this.#statics;
    this.nextOrder = specs.length;
  }

  get isActive(): boolean {
    return this.state === 'running' || this.state === 'stopping';
  }

  get restartsInWindow(): number {
    return this.restartsMs.filter((atMs) => this.nowMs - atMs < windowMs).length;
  }

  child(name: string): ModelChild | undefined {
    return this.children.find((child) => child.name === name);
  }

  stop(): void {
    if (this.state !== 'running') return;
    this.state = 'stopping';
    this.group = undefined;
    for (const child of this.children) if (!child.isLiving && !child.isResting) this.takeOut(child);
  }

  // What follows from the lives of the children.

  protected noteUp(child: ModelChild): void {
    child.wasUp = true;
    child.isKept = true;
    if (child.spec.significant) this.lastSignificant = undefined;
    this.#answerStart(child, `ok ${child.incarnation}`);
  }

  protected noteLeftBehind(child: ModelChild): void {
    const code = errorCodes[child.verdict ?? 'stopped'];
    for (const call of child.stopCalls.splice(0)) this.answer(call, 'CHILD_STOP_TIMEOUT');
    if (child.startCall !== undefined) child.isUnwanted = true;
    else if (child.verdict !== 'stopped' && this.isStarting && this.state === 'running' && !child.wasUp)
      this.#fail(code);
    this.#answerStart(child, code);
  }

  protected noteEnd(child: ModelChild, reason: ExitReason): void {
    for (const call of child.stopCalls.splice(0)) this.answer(call, 'ok');
    const code = errorCodes[reason];
    if (this.state !== 'running' || child.isUnwanted) this.#noteStopped(child);
    else if (this.#fellWithGroup(child, reason)) this.#standBy(child);
    else if (child.startCall !== undefined) this.#noteNotStarted(child, reason, code);
    else if (this.isStarting && !child.wasUp && code !== undefined) {
      child.state = 'finished';
      this.#fail(code);
    } else if (wantsRestart(child, reason)) this.#restart(child);
    else this.#finish(child, reason);
  }

  #noteStopped(child: ModelChild): void {
    const goesWithRun = child.isDynamic && this.state !== 'running';
    this.#rest(child, 'stopped', child.isForgottenAtEnd || goesWithRun, 'CLOSED');
    if (!this.isActive) this.#restore();
  }

  #fellWithGroup(child: ModelChild, reason: ExitReason): boolean {
    if (reason === 'stopped' || reason === 'killed') return true;
    return this.#covers(child) && (this.group?.stage === 'stopping' || child.state === 'stuck');
  }

  #standBy(child: ModelChild): void {
    if (child.spec.restart === 'temporary') this.#rest(child, 'stopped', true, 'CLOSED');
    else this.comeNext(child);
  }

  protected takeOut(child: ModelChild): void {
    this.#rest(child, 'stopped', child.isForgottenAtEnd, 'CLOSED');
  }

  #noteNotStarted(child: ModelChild, reason: ExitReason, code: string | undefined): void {
    const { lastSignificant } = this;
    if (reason === 'ignored') this.noteUp(child);
    this.lastSignificant = lastSignificant; // One that declined has not come up.
    this.#rest(child, 'finished', child.isForgottenAtEnd, code);
    this.#endIfLast();
  }

  #rest(child: ModelChild, state: 'finished' | 'stopped', isForgotten: boolean, code?: string): void {
    child.state = state;
    this.#answerStart(child, code);
    if (isForgotten) this.forget(child);
  }

  #finish(child: ModelChild, reason: ExitReason): void {
    this.#rest(child, 'finished', child.spec.restart === 'temporary');
    if (child.spec.significant && reason !== 'ignored') this.lastSignificant = child.name;
    this.#endIfLast();
  }

  #endIfLast(): void {
    const others = this.children.filter((other) => other.spec.significant && !other.isResting);
    if (this.lastSignificant === undefined) return;
    if (this.options.autoShutdown === 'all-significant' && others.length > 0) return;
    this.diary.push(`${this.lastSignificant} ends it`);
    this.stop();
  }

  #restart(child: ModelChild): void {
    this.restartsMs.push(this.nowMs);
    if (this.restartsInWindow > this.options.maxRestarts) return this.#giveUp(child);
    if (child.readyMs !== undefined && this.nowMs - child.readyMs >= windowMs) child.retries = 0;
    const delayMs = child.retries === 0 ? 0 : this.options.baseMs * 2 ** (child.retries - 1);
    child.retries++;
    child.dueMs = this.nowMs + delayMs;
    if (this.options.strategy === 'one-for-one') this.#restartAlone(child, delayMs);
    else this.#restartGroup(child, delayMs);
    this.diary.push(`${child.name} restarts in ${delayMs}`);
  }

  #giveUp(child: ModelChild): void {
    child.state = 'finished';
    this.#fail('RESTART_LIMIT');
    this.diary.push(`${child.name} was one too many`);
  }

  #restartAlone(child: ModelChild, delayMs: number): void {
    child.state = 'backing-off';
    const { incarnation } = child;
    this.after(delayMs, () => {
      if (child.state === 'backing-off' && child.incarnation === incarnation) this.begin(child);
    });
  }

  #restartGroup(cause: ModelChild, delayMs: number): void {
    const place = this.options.strategy === 'one-for-all' ? 0 : cause.order;
    const group: Group = { place, stage: 'stopping', isDue: false };
    this.group = group;
    for (const child of this.#covered()) if (child.state === 'backing-off') child.state = 'waiting';
    cause.state = 'backing-off';
    this.after(delayMs, () => {
      group.isDue = true;
    });
  }

  // Groups, and the whole.

  protected goOn(): void {
    if (this.state === 'stopping' && this.#areStopped(this.children)) this.#settleRun();
    const group = this.group;
    if (group === undefined) return;
    if (group.stage === 'stopping' && this.#areStopped(this.#covered())) group.stage = 'pausing';
    if (group.stage === 'pausing' && group.isDue) {
      group.stage = 'starting';
      for (const child of this.#covered())
        if (child.state === 'backing-off' || child.state === 'finished') child.state = 'waiting';
    }
    if (group.stage === 'starting') this.#startNext(group);
  }

  /** Asks whoever is next to stop. Whether all of them have, or were left behind. */
  #areStopped(children: readonly ModelChild[]): boolean {
    const living = children.filter((child) => child.isLiving && child.state !== 'stuck').reverse();
    const next = this.options.stopOrder === 'parallel' ? living : living.slice(0, 1);
    for (const child of next) this.ask(child, 'stopped');
    return living.length === 0;
  }

  #startNext(group: Group): void {
    for (const child of this.#covered()) {
      group.place = child.order;
      if (child.state === 'waiting') this.begin(child);
      if (!child.isUp && !child.isResting) return;
    }
    this.group = undefined;
    this.isStarting = false;
  }

  protected comeNext(child: ModelChild): void {
    child.state = 'waiting';
    if (!this.#covers(child)) this.begin(child);
  }

  #covers(child: ModelChild): boolean {
    return this.group !== undefined && child.order >= this.group.place;
  }

  #covered(): readonly ModelChild[] {
    return this.children.filter((child) => this.#covers(child));
  }

  #fail(code: string | undefined): void {
    this.failure ??= code;
    this.stop();
  }

  #settleRun(): void {
    this.state = this.failure === undefined ? 'idle' : 'gave-up';
    this.answer(this.runCall, this.failure ?? 'ok');
    this.#restore();
  }

  /** The children from before the run, and those that live on; one that lives on hides one from before of its name. */
  #restore(): void {
    const living = this.children.filter((child) => child.isLiving);
    const before = this.#statics.map((child) => living.find(({ name }) => name === child.name) ?? child);
    this.children = [...new Set([...before, ...living])];
  }

  #answerStart(child: ModelChild, answer: string | undefined): void {
    if (child.startCall !== undefined && answer !== undefined) this.answer(child.startCall, answer);
    if (answer !== undefined) child.startCall = undefined;
  }

  protected forget(child: ModelChild): void {
    this.children = this.children.filter((other) => other !== child);
  }
}

/** Whether the end of such a child may end the supervisor. */
export function maySignify({ restart }: Treatment, { autoShutdown }: ModelOptions): boolean {
  return autoShutdown !== 'never' && restart !== 'permanent';
}

function wantsRestart({ spec }: ModelChild, reason: ExitReason): boolean {
  if (spec.restart !== 'transient') return spec.restart === 'permanent' && reason !== 'ignored';
  return reason === 'failed' || reason === 'hung' || reason === 'start-timeout';
}
