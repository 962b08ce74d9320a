import { getEventListeners } from 'node:events';
import { exponentialBackoff } from '../../../core/backoff.ts';
import type { ChildOptions } from '../../options.ts';
import { Supervisor } from '../../supervisor.ts';
import { Actor, type ActorSpec, childOptions } from './actor.ts';
import { type ModelOptions, type Treatment, windowMs } from './model-rules.ts';
import { TreeWatch } from './tree-watch.ts';
import { QuietClock } from './world.ts';

/** A supervisor of a tree, and how the one above treats it. */
export interface TreeSpec {
  readonly options: ModelOptions;
  readonly as: ChildOptions & Treatment;
  readonly children: readonly (ActorSpec | TreeSpec)[];
}

/** A tree of real supervisors, watched at each event. */
export class Tree {
  readonly clock: QuietClock = new QuietClock();
  readonly supervisors: Supervisor[] = [];
  readonly actors: Actor[] = [];
  readonly watch: TreeWatch = new TreeWatch();
  /** Calls that have not settled. */
  pending = 0;
  readonly #root: Supervisor;
  readonly #stops: AbortController[] = [];
  #names = 0;

  constructor(spec: TreeSpec) {
    this.#root = this.#build(spec);
  }

  /** Listeners that are left on the signals of the callers. */
  get listeners(): number {
    return this.#stops.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0);
  }

  run(): void {
    const stop = new AbortController();
    this.#stops.push(stop);
    this.note(this.#root.run({ signal: stop.signal }));
  }

  stop(): void {
    for (const stop of this.#stops) stop.abort();
  }

  startChild(supervisor: Supervisor, spec: ActorSpec): void {
    const actor = this.#actor(spec, supervisor);
    this.note(supervisor.startChild(actor, childOptions(spec)));
  }

  note(promise: Promise<unknown>): void {
    this.pending++;
    const settled = (): number => this.pending--;
    promise.then(settled, settled);
  }

  #build({ options, children }: TreeSpec): Supervisor {
    const { baseMs, ...others } = options;
    const supervisor = new Supervisor({
      ...others,
      name: this.#newName('sup'),
      clock: this.clock,
      logger: this.watch.logger,
      restartWindowMs: windowMs,
      backoff: exponentialBackoff({ baseMs, jitter: 'none' }),
    });
    this.supervisors.push(supervisor);
    for (const child of children) this.#add(supervisor, child);
    this.watch.add(supervisor, options);
    return supervisor;
  }

  #add(supervisor: Supervisor, child: ActorSpec | TreeSpec): void {
    if ('children' in child) supervisor.add(this.#build(child), child.as);
    else supervisor.add(this.#actor(child, supervisor), childOptions(child));
  }

  #actor(spec: ActorSpec, supervisor: Supervisor): Actor {
    const actor = new Actor({ ...spec, name: this.#newName('act') });
    this.actors.push(actor);
    this.watch.watchActor(actor, supervisor);
    return actor;
  }

  #newName(kind: string): string {
    return `${kind}${this.#names++}`;
  }
}
