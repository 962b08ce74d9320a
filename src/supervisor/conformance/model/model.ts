import type { ActorSpec } from './actor.ts';
import { ModelChild } from './model-child.ts';
import { ModelRules, maySignify } from './model-rules.ts';

/** The supervisor as its caller sees it: what can be asked of it, and how that is answered. */
export class Model extends ModelRules {
  readonly #handles = new Map<number, { child: ModelChild; runCall: number }>();

  /** The calls that gave a handle so far. */
  get handles(): readonly number[] {
    return [...this.#handles.keys()].filter((call) => this.calls[call]?.startsWith('ok'));
  }

  run(): void {
    const call = this.newCall();
    if (this.isActive) return this.answer(call, 'CONFIG_INVALID');
    if (this.children.some((child) => child.isLiving)) return this.answer(call, 'CHILD_STOP_TIMEOUT');
    for (const child of this.children) child.reset();
    this.restartsMs = [];
    this.failure = undefined;
    this.runCall = call;
    this.isStarting = true;
    this.lastSignificant = undefined;
    this.group = { place: 0, stage: 'starting', isDue: true };
    this.state = 'running';
    this.goOn();
  }

  startChild(spec: ActorSpec): void {
    const call = this.newCall();
    const child = new ModelChild(spec, this.nextOrder++, true);
    if (spec.significant && !maySignify(spec, this.options)) return this.answer(call, 'CONFIG_INVALID');
    if (this.state !== 'running') return this.answer(call, 'CLOSED');
    if (this.child(spec.name) !== undefined) return this.answer(call, 'CHILD_EXISTS');
    this.children = [...this.children, child];
    this.#bringIn(child, call);
  }

  restartChild(name: string): void {
    const call = this.newCall();
    const child = this.#resting(name, call);
    if (child === undefined) return;
    child.reset();
    this.#bringIn(child, call);
  }

  removeChild(name: string): void {
    const call = this.newCall();
    const child = this.#resting(name, call);
    if (child === undefined) return;
    this.forget(child);
    this.answer(call, 'ok');
  }

  stopChild(name: string, call: number = this.newCall()): void {
    const child = this.#known(name, call);
    if (child !== undefined) this.#stop(child, call);
  }

  #stop(child: ModelChild, call: number): void {
    child.isUnwanted = true;
    if (child.spec.significant) this.lastSignificant = undefined;
    if (child.state === 'stuck') return this.answer(call, 'CHILD_STOP_TIMEOUT');
    if (child.isLiving) {
      child.stopCalls.push(call);
      return this.ask(child, 'stopped');
    }
    this.takeOut(child);
    this.answer(call, 'ok');
  }

  /** @param startCall - The call that gave the handle. */
  stopHandle(startCall: number): void {
    const call = this.newCall();
    const handle = this.#handles.get(startCall);
    const isOfThisRun = handle !== undefined && this.isActive && handle.runCall === this.runCall;
    if (isOfThisRun && this.children.includes(handle.child)) this.#stop(handle.child, call);
    else this.answer(call, 'ok');
  }

  #bringIn(child: ModelChild, call: number): void {
    child.startCall = call;
    this.#handles.set(call, { child, runCall: this.runCall });
    this.comeNext(child);
  }

  #known(name: string, call: number): ModelChild | undefined {
    const child = this.child(name);
    if (this.state !== 'running') this.answer(call, 'CLOSED');
    else if (child === undefined) this.answer(call, 'CHILD_UNKNOWN');
    else return child;
    return undefined;
  }

  #resting(name: string, call: number): ModelChild | undefined {
    const child = this.#known(name, call);
    if (child === undefined || child.isResting) return child;
    this.answer(call, child.isLiving ? 'CHILD_RUNNING' : 'CHILD_RESTARTING');
    return undefined;
  }
}
