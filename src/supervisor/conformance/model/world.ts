import { getEventListeners } from 'node:events';
import { exponentialBackoff } from '../../../core/backoff.ts';
import { ManualClock } from '../../../testing/manual-clock.ts';
import type { StartedChild } from '../../child-info.ts';
import { Supervisor } from '../../supervisor.ts';
import { Actor, type ActorSpec, childOptions } from './actor.ts';
import { type ModelOptions, windowMs } from './model-rules.ts';

/** A manual clock under which everything has settled when it says so, however long the chain of promises. */
export class QuietClock extends ManualClock {
  override settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** The real supervisor with the same children as the model, and a record of the same things. */
export class World {
  readonly clock: QuietClock = new QuietClock();
  readonly supervisor: Supervisor;
  readonly actors: Actor[] = [];
  readonly calls: string[] = [];
  diary: string[] = [];
  readonly #handles = new Map<number, StartedChild>();
  readonly #stops: AbortController[] = [];

  constructor(options: ModelOptions, specs: readonly ActorSpec[]) {
    const { baseMs, ...others } = options;
    const backoff = exponentialBackoff({ baseMs, jitter: 'none' });
    const { clock } = this;
    this.supervisor = new Supervisor({
      ...others,
      name: 'sup',
      restartWindowMs: windowMs,
      backoff,
      clock,
    });
    for (const spec of specs) this.supervisor.add(this.#actor(spec), childOptions(spec));
    this.#keepDiary();
  }

  /** Listeners on the signals of all runs. */
  get listeners(): number {
    return this.#stops.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0);
  }

  run(): void {
    const stop = new AbortController();
    this.#stops.push(stop);
    this.#note(this.supervisor.run({ signal: stop.signal }));
  }

  stop(): void {
    for (const stop of this.#stops) stop.abort();
  }

  startChild(spec: ActorSpec): void {
    this.#noteStart(this.supervisor.startChild(this.#actor(spec), childOptions(spec)));
  }

  restartChild(name: string): void {
    this.#noteStart(this.supervisor.restartChild(name));
  }

  stopChild(name: string): void {
    this.#note(this.supervisor.stopChild(name));
  }

  removeChild(name: string): void {
    this.#note(new Promise<void>((resolve) => resolve(this.supervisor.removeChild(name))));
  }

  stopHandle(startCall: number): void {
    this.#note(this.#handles.get(startCall)?.stop() ?? Promise.resolve());
  }

  #actor(spec: ActorSpec): Actor {
    const actor = new Actor(spec);
    this.actors.push(actor);
    return actor;
  }

  #noteStart(started: Promise<StartedChild>): void {
    const call = this.calls.length;
    this.#note(
      started.then((handle) => {
        this.#handles.set(call, handle);
        return handle.incarnation;
      }),
    );
  }

  #note(promise: Promise<unknown>): void {
    const call = this.calls.push('pending') - 1;
    promise.then(
      (value) => {
        this.calls[call] = typeof value === 'number' ? `ok ${value}` : 'ok';
      },
      (error: { code?: string }) => {
        this.calls[call] = String(error.code ?? error);
      },
    );
  }

  #keepDiary(): void {
    const { supervisor } = this;
    const write = (line: string): number => this.diary.push(line);
    supervisor.on('child:started', ({ child }) => write(`${child} started`));
    supervisor.on('child:ready', ({ child }) => write(`${child} ready`));
    supervisor.on('child:exited', ({ child, exit }) => write(`${child} ${exit.reason}`));
    supervisor.on('child:restarting', ({ child, delayMs }) => write(`${child} restarts in ${delayMs}`));
    supervisor.on('child:hung', ({ child }) => write(`${child} hung`));
    supervisor.on('child:stopTimeout', ({ child, outcome }) => write(`${child} overdue, ${outcome}`));
    supervisor.on('autoShutdown', ({ child }) => write(`${child} ends it`));
    supervisor.on('gaveUp', ({ child }) => write(`${child} was one too many`));
  }
}
