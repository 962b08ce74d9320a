/**
 * What a player is told to do: play at `rate` (0: wait), after a jump to `jumpToMs` if that is a number.
 * @typedef {{ rate: number, jumpToMs: number | null }} Order
 */

const defaults = {
  /** Distance to the newest picture. Below 100 ms the unevenness of a home network shows. */
  targetMs: 100,
  maxTargetMs: 500,
  /** What is this near the target is left alone. */
  bandMs: 40,
  /** Above the target by this much nothing but a jump helps. */
  jumpMs: 1_000,
};

// A viewer that joins gets the group of pictures so far at once, and has seen nothing yet that a jump could break.
const joinMs = 1_000;
const joinJumpMs = 120;
// A jump takes a slow decoder a moment, in which the distance grows: jumping again because of that leads nowhere.
const jumpPauseMs = 400;
const rates = { behind: 1.1, ahead: 0.95 };
const smoothing = 0.15;
const underrunStepMs = 40;
const calmMs = 10_000;
const calmStepMs = 40;
// A longer interruption is no unevenness that a larger distance would hide.
const maxUnevennessMs = 500;

/**
 * Keeps a player a small distance behind the newest picture: changes its speed a little, waits when it has run dry, and
 * jumps after real stalls. Knows no clock and no player.
 */
export class LiveEdge {
  /** Jumps and underruns so far. */
  jumps = 0;
  underruns = 0;
  #options;
  #targetMs;
  /** @type {'starting' | 'waiting' | 'following'} */
  #state = 'starting';
  /** @type {keyof typeof rates | null} */
  #correction = null;
  /** @type {number | null} */
  #smoothGapMs = null;
  #startedAtMs = 0;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;
  /** When it ran dry, until the next picture comes. @type {number | null} */
  #dryAtMs = null;
  #changedAtMs = 0;

  /** @param {Partial<typeof defaults>} options */
  constructor(options = {}) {
    this.#options = { ...defaults, ...options };
    this.#targetMs = this.#options.targetMs;
  }

  /** The distance it keeps now. Grows with every underrun and falls back in calm. */
  get targetMs() {
    return this.#targetMs;
  }

  /** Another player starts. What was learnt about the network stays. */
  restart() {
    this.#state = 'starting';
    this.#dryAtMs = null;
    this.#forget();
  }

  /** Changes the least distance. @param {number} targetMs */
  setTarget(targetMs) {
    this.#options.targetMs = targetMs;
    this.#targetMs = targetMs;
  }

  /** The player ran dry. @param {number} nowMs */
  underrun(nowMs) {
    if (this.#state !== 'following') return;
    this.underruns++;
    this.#state = 'waiting';
    this.#dryAtMs = nowMs;
  }

  /** Keeps a larger distance, until there was calm for a while. @param {number} nowMs */
  lengthen(nowMs) {
    this.#changedAtMs = nowMs;
    this.#targetMs = Math.min(this.#options.maxTargetMs, this.#targetMs + underrunStepMs);
  }

  /**
   * Call it with every new picture.
   * @param {{ nowMs: number, positionMs: number, newestMs: number, hasShown: boolean }} moment `hasShown`: a picture
   * was shown since the last jump. Without that rule, jumps in a row would keep a slow decoder from ever showing one.
   * @returns {Order}
   */
  step({ nowMs, positionMs, newestMs, hasShown }) {
    if (!hasShown) return { rate: 1, jumpToMs: null };
    const gapMs = newestMs - positionMs;
    if (this.#state === 'starting') this.#begin(nowMs, gapMs);
    if (this.#dryAtMs !== null) this.#endUnderrun(nowMs);
    if (gapMs > this.#targetMs + this.#jumpLimit(nowMs)) {
      this.#jumpedAtMs = nowMs;
      return this.jump(newestMs);
    }
    this.#relax(nowMs);
    return { rate: this.#rate(gapMs), jumpToMs: null };
  }

  /** A jump to the live edge, whatever the distance. @param {number} newestMs */
  jump(newestMs) {
    this.jumps++;
    this.#state = 'following';
    this.#forget();
    return { rate: 1, jumpToMs: newestMs - this.#targetMs };
  }

  /**
   * @param {number} nowMs
   * @param {number} gapMs
   */
  #begin(nowMs, gapMs) {
    this.#startedAtMs = nowMs;
    this.#changedAtMs = nowMs;
    // The first picture is on the screen; standing still for a moment now is not seen, running dry later is.
    this.#state = gapMs < this.#targetMs / 2 ? 'waiting' : 'following';
  }

  /** @param {number} nowMs */
  #endUnderrun(nowMs) {
    if (nowMs - (this.#dryAtMs ?? nowMs) < maxUnevennessMs) this.lengthen(nowMs);
    this.#dryAtMs = null;
  }

  /** @param {number} nowMs */
  #jumpLimit(nowMs) {
    const isJoining = nowMs - this.#startedAtMs < joinMs && nowMs - this.#jumpedAtMs >= jumpPauseMs;
    return isJoining ? joinJumpMs : this.#options.jumpMs;
  }

  /** @param {number} nowMs */
  #relax(nowMs) {
    if (this.#targetMs <= this.#options.targetMs || nowMs - this.#changedAtMs < calmMs) return;
    this.#changedAtMs = nowMs;
    this.#targetMs = Math.max(this.#options.targetMs, this.#targetMs - calmStepMs);
  }

  /** @param {number} gapMs */
  #rate(gapMs) {
    if (this.#state === 'waiting' && gapMs < this.#targetMs) return 0;
    this.#state = 'following';
    this.#smoothGapMs ??= gapMs;
    this.#smoothGapMs += (gapMs - this.#smoothGapMs) * smoothing;
    this.#correction = this.#correct(this.#smoothGapMs - this.#targetMs);
    return this.#correction === null ? 1 : rates[this.#correction];
  }

  /**
   * Starts outside the band and goes on until the middle is reached, or the speed would change with every picture.
   * @param {number} errorMs
   */
  #correct(errorMs) {
    const { bandMs } = this.#options;
    if (errorMs > bandMs || (this.#correction === 'behind' && errorMs > 0)) return 'behind';
    if (errorMs < -bandMs || (this.#correction === 'ahead' && errorMs < 0)) return 'ahead';
    return null;
  }

  #forget() {
    this.#smoothGapMs = null;
    this.#correction = null;
  }
}
