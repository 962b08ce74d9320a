import type { Clock, Timer } from '../core/clock.ts';

/** Somebody who must keep taking what is there for it. */
export interface Watched {
  /** How long it may take nothing. */
  readonly stallTimeoutMs: number;
  /** How much it has taken so far. */
  readonly handedOver: number;
  /** Whether there is something for it that it has not asked for. */
  isOwed(): boolean;
  /** It has taken nothing for too long. */
  stall(): void;
}

/** What the last look found. */
interface Spell {
  handedOver: number;
  isOwed: boolean;
  idleMs: number;
}

/** The look that finds a member owed and the one that ends it may each be late by one: together a quarter of its limit. */
const looksPerTimeout = 8;

/**
 * Ends those who take nothing although there is something for them. It looks at all of them now and then instead of
 * noting each read and each publish, which so cost nothing. Time is counted in looks: after the event loop was blocked,
 * nobody has stalled just because nobody could read.
 */
export class StallWatch<W extends Watched> {
  readonly #clock: Clock;
  readonly #spells = new Map<W, Spell>();
  #intervalMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `arm` would do something. */
  get isIdle(): boolean {
    return this.#timer === undefined && this.#spells.size > 0;
  }

  /** Watches one more. */
  add(member: W): void {
    this.#spells.set(member, { handedOver: member.handedOver, isOwed: false, idleMs: 0 });
    this.#intervalMs = Math.min(this.#intervalMs, Math.max(1, member.stallTimeoutMs / looksPerTimeout));
  }

  /** Watches it no longer. */
  remove(member: W): void {
    if (!this.#spells.delete(member) || this.#spells.size > 0) return;
    this.#intervalMs = Number.POSITIVE_INFINITY;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Goes on looking until everybody has taken everything; to be called when something was published. */
  arm(): void {
    if (this.isIdle) this.#timer = this.#clock.setTimer(this.#intervalMs, this.#look);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const stepMs = this.#intervalMs;
    let isAnyoneOwed = false;
    for (const [member, spell] of [...this.#spells]) {
      if (this.#spells.has(member) && this.#judge(member, spell, stepMs)) isAnyoneOwed = true;
    }
    if (isAnyoneOwed) this.arm();
  };

  /** Whether something is owed to the member, which it will have to answer for at the next look. */
  #judge(member: W, spell: Spell, stepMs: number): boolean {
    const isOwed = member.isOwed();
    const isIdle = isOwed && spell.isOwed && spell.handedOver === member.handedOver;
    spell.idleMs = isIdle ? spell.idleMs + stepMs : 0;
    spell.isOwed = isOwed;
    spell.handedOver = member.handedOver;
    if (spell.idleMs >= member.stallTimeoutMs) member.stall();
    return isOwed;
  }
}
