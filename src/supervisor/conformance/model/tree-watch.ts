import { type Logger, silentLogger } from '../../../core/logger.ts';
import type { ChildState } from '../../health.ts';
import type { Supervisor } from '../../supervisor.ts';
import type { Actor } from './actor.ts';
import type { ModelOptions } from './model-rules.ts';

interface Watched {
  readonly supervisor: Supervisor;
  readonly options: ModelOptions;
  readonly names: readonly string[];
  readonly living: Set<string>;
}

const unstopped: readonly ChildState[] = ['starting', 'running', 'stopping'];

/** Notes whatever must never happen, at the event at which it does. Knows nothing of the model. */
export class TreeWatch {
  /** What was found. A listener cannot fail a test itself: what it throws goes to the logger. */
  readonly violations: string[] = [];
  /** For the supervisors that are watched. */
  readonly logger: Logger = {
    ...silentLogger,
    error: (message, fields) => this.#check(message !== 'a listener threw', `${fields?.error}`),
  };
  readonly #watched: Watched[] = [];

  add(supervisor: Supervisor, options: ModelOptions): void {
    const names = supervisor.children().map(({ name }) => name);
    const watched = { supervisor, options, names, living: new Set<string>() };
    this.#watched.push(watched);
    supervisor.on('child:started', ({ child }) => this.#onStarted(watched, child));
    supervisor.on('child:exited', ({ child }) => {
      this.#check(watched.living.delete(child), `${child} exited and did not live`);
      this.look();
    });
    supervisor.on('child:restarting', ({ child }) => {
      const { restartsInWindow, maxRestarts, state } = supervisor.health();
      this.#check(restartsInWindow <= maxRestarts, `${child} restarts beyond the limit`);
      this.#check(state === 'running', `${child} restarts in a supervisor that is ${state}`);
    });
    for (const event of ['child:ready', 'child:hung', 'child:stopTimeout', 'gaveUp', 'autoShutdown'] as const)
      supervisor.on(event, () => this.look());
  }

  watchActor(actor: Actor, supervisor: Supervisor): void {
    actor.onAsked = ({ reason }) => {
      // A request by name keeps no order, and may arrive in the turn in which all are stopped.
      const isForAll = reason.code === 'CLOSED' || reason.code === 'CHILD_RESTARTING';
      if (isForAll && !reason.message.endsWith('by request')) this.#onAsked(actor, supervisor);
    };
  }

  /** Looks at everything that can be looked at from outside. */
  look(): void {
    for (const { supervisor } of this.#watched) {
      const { name } = supervisor;
      const { specs, supervisors, workers } = supervisor.count();
      this.#check(JSON.stringify(supervisor.health()).length > 0, `health of ${name}`);
      this.#check(
        specs === supervisors + workers && specs === supervisor.children().length,
        `count of ${name}`,
      );
    }
  }

  /** Looks at what holds as soon as everything that is due has happened. */
  lookAtRest(): void {
    this.look();
    for (const { supervisor, living } of this.#watched) {
      const { state } = supervisor.health();
      const { active } = supervisor.count();
      this.#check(active === living.size, `${supervisor.name} counts ${active} active, ${living.size} live`);
      if (state === 'running' || state === 'stopping') continue;
      const left = supervisor.children().filter((child) => unstopped.includes(child.state));
      this.#check(left.length === 0, `${supervisor.name} is ${state} and ${left[0]?.name} was not stopped`);
    }
  }

  /** Looks at what holds when nothing runs any more. */
  lookAtEnd(): void {
    this.lookAtRest();
    for (const { supervisor, names, living } of this.#watched) {
      const kept = supervisor.children().map(({ name }) => name);
      this.#check(String(kept) === String(names), `${supervisor.name} keeps ${kept} of ${names}`);
      this.#check(living.size === 0, `${[...living]} live on`);
    }
  }

  #onStarted({ supervisor, living }: Watched, name: string): void {
    this.#check(!living.has(name), `${name} was started while it lived`);
    living.add(name);
    const { state } = supervisor.health();
    this.#check(state === 'running', `${name} was started by a supervisor that is ${state}`);
    const children = supervisor.children();
    const before = children.slice(
      0,
      children.findIndex((child) => child.name === name),
    );
    const early = before.find((child) => child.state === 'waiting');
    this.#check(early === undefined, `${name} was started before ${early?.name}`);
    this.look();
  }

  #onAsked(actor: Actor, supervisor: Supervisor): void {
    const { options } = this.#watched.find((watched) => watched.supervisor === supervisor)!;
    if (supervisor.health().state !== 'stopping' || options.stopOrder === 'parallel') return;
    const children = supervisor.children();
    const behind = children.slice(children.findIndex(({ name }) => name === actor.name) + 1);
    const late = behind.find((child) => unstopped.includes(child.state));
    this.#check(late === undefined, `${actor.name} was asked to stop before ${late?.name} had`);
  }

  #check(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation);
  }
}
