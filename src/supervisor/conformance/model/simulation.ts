interface ModelTimer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Time, order and answers of a simulation without promises. */
export abstract class Simulation {
  nowMs = 0;
  /** What happened since the last look. */
  diary: string[] = [];
  /** What became of each call: `'pending'`, `'ok'`, or the code of the error. */
  readonly calls: string[] = [];
  #tasks: (() => void)[] = [];
  #timers: ModelTimer[] = [];

  /** Starts the next thing that waits for nothing any more. Called when all that has happened is dealt with. */
  protected abstract goOn(): void;

  /** Lets everything happen that waits for no timer. */
  settle(): void {
    do {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) task();
      this.goOn();
    } while (this.#tasks.length > 0);
  }

  advance(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    this.settle();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.fire();
      this.settle();
    }
    this.nowMs = endMs;
  }

  protected later(task: () => void): void {
    this.#tasks.push(task);
  }

  protected after(delayMs: number, fire: () => void): void {
    this.#timers.push({ atMs: this.nowMs + delayMs, fire });
  }

  protected newCall(): number {
    return this.calls.push('pending') - 1;
  }

  protected answer(call: number, answer: string): void {
    this.calls[call] = answer;
  }

  #next(endMs: number): ModelTimer | undefined {
    const due = this.#timers.filter(({ atMs }) => atMs <= endMs);
    return due.sort((one, other) => one.atMs - other.atMs)[0];
  }
}
