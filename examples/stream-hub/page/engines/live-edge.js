/**
 * What a player is told to do: play at `rate` (0: wait), after a jump to `jumpToMs` if that is a number.
 * @typedef {{ rate: number, jumpToMs: number | null }} Order
 *
 * Where a player is, and where the stream.
 * @typedef {{ nowMs: number, positionMs: number, newestMs: number }} Moment
 */

const defaults = {
  /** Distance to the newest picture. Below 100 ms the unevenness of a home network shows. */
  targetMs: 100,
  maxTargetMs: 500,
  /** What is this near the target is left alone. */
  bandMs: 20,
  /** Above the target by this much nothing but a jump helps. */
  jumpMs: 1_000,
};

// A viewer that has just joined, or has looked at a still, has no motion before its eyes that a jump could break.
const arrivalMs = 1_000;
const arrivalJumpMs = 120;
// A jump takes a slow decoder a moment, in which the distance grows: jumping again because of that leads nowhere.
const jumpPauseMs = 400;
// A burst comes in pieces with pauses of about a picture between them. What goes on for longer than the other is none:
// this is how the stream comes.
const burstPauseMs = 50;
const maxBurstMs = 300;
const rates = { least: 0.95, most: 1.1 };
// An error would be gone in this time; slower than the smoothing, or it would swing around the target.
const correctionMs = 500;
const smoothing = 0.15;
const maxUnderrunStepMs = 40;
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
  /** Whether it has put off a jump: the next picture on the screen is a moment to look again. */
  isHolding = false;
  #options;
  #targetMs;
  /** @type {'starting' | 'waiting' | 'following'} */
  #state = 'starting';
  #isCorrecting = false;
  /** @type {number | null} */
  #smoothGapMs = null;
  /** When it joined, or went on after a still. */
  #arrivedAtMs = Number.NEGATIVE_INFINITY;
  #jumpedAtMs = Number.NEGATIVE_INFINITY;
  /** When it ran dry, until the next picture comes. @type {number | null} */
  #dryAtMs = null;
  #changedAtMs = 0;
  #last = { nowMs: 0, newestMs: 0 };
  /** When the burst began that is coming in. @type {number | null} */
  #burstAtMs = null;

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
    this.isHolding = false;
    this.#forget();
  }

  /** Changes the least distance. @param {number} targetMs */
  setTarget(targetMs) {
    this.#options.targetMs = targetMs;
    this.#targetMs = targetMs;
  }

  /**
   * The player says that it has nothing to play.
   * @param {Moment} moment
   * @returns {boolean} whether it ran dry: a decoder that is slow for a moment says the same
   */
  ranDry({ nowMs, positionMs, newestMs }) {
    if (this.#state !== 'following' || newestMs - positionMs > this.#targetMs / 2) return false;
    this.underruns++;
    this.#dryAtMs ??= nowMs;
    return true;
  }

  /**
   * Keeps a larger distance, until there was calm for a while.
   * @param {number} nowMs
   * @param {number} missingMs how much larger it should have been
   */
  lengthen(nowMs, missingMs = maxUnderrunStepMs) {
    this.#changedAtMs = nowMs;
    const stepMs = Math.min(maxUnderrunStepMs, missingMs);
    this.#targetMs = Math.min(this.#options.maxTargetMs, this.#targetMs + stepMs);
  }

  /**
   * Call it whenever something new can be played.
   * @param {Moment & { hasShown: boolean }} moment `hasShown`: a picture
   * was shown since the last jump. Without that rule, jumps in a row would keep a slow decoder from ever showing one.
   * @returns {Order}
   */
  step(moment) {
    const { nowMs, positionMs, newestMs, hasShown } = moment;
    this.#watchBursts(nowMs, newestMs);
    if (!hasShown) return { rate: 1, jumpToMs: null };
    const gapMs = newestMs - positionMs;
    if (this.#state === 'starting') this.#begin(moment);
    if (this.#dryAtMs !== null) this.#endUnderrun(moment, this.#dryAtMs);
    const isFar = gapMs > this.#targetMs + this.#jumpLimit(nowMs);
    this.isHolding = isFar && this.#isBurst(nowMs);
    if (isFar && !this.isHolding) return this.#jumpAt(nowMs, newestMs);
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
   * More comes in than time goes by: that is not yet the end of the stream, and a jump would lead to where it is no
   * longer live.
   * @param {number} nowMs
   * @param {number} newestMs
   */
  #watchBursts(nowMs, newestMs) {
    const elapsedMs = nowMs - this.#last.nowMs;
    if (elapsedMs < burstPauseMs) return;
    if (newestMs - this.#last.newestMs <= 2 * elapsedMs) this.#burstAtMs = null;
    else this.#burstAtMs ??= nowMs;
    this.#last = { nowMs, newestMs };
  }

  /** @param {number} nowMs */
  #isBurst(nowMs) {
    return this.#burstAtMs !== null && nowMs - this.#burstAtMs < maxBurstMs;
  }

  /**
   * What has piled up comes now.
   * @param {number} nowMs
   * @param {number} newestMs
   */
  #expectBurst(nowMs, newestMs) {
    this.#burstAtMs = nowMs;
    this.#last = { nowMs, newestMs };
  }

  /** @param {Moment} moment */
  #begin(moment) {
    this.#changedAtMs = moment.nowMs;
    this.#arrive(moment);
  }

  /** @param {Moment} moment */
  #arrive({ nowMs, positionMs, newestMs }) {
    this.#arrivedAtMs = nowMs;
    this.#expectBurst(nowMs, newestMs);
    this.#goOn(newestMs - positionMs);
  }

  /**
   * @param {number} nowMs
   * @param {number} newestMs
   */
  #jumpAt(nowMs, newestMs) {
    if (!this.#isArriving(nowMs)) this.#arrivedAtMs = nowMs;
    this.#jumpedAtMs = nowMs;
    return this.jump(newestMs);
  }

  /** A picture stands on the screen; that it stands for a moment longer is not seen, running dry again is. @param {number} gapMs */
  #goOn(gapMs) {
    this.#state = gapMs < this.#targetMs / 2 ? 'waiting' : 'following';
    this.#forget();
  }

  /**
   * @param {Moment} moment
   * @param {number} sinceMs
   */
  #endUnderrun(moment, sinceMs) {
    const { nowMs, positionMs, newestMs } = moment;
    this.#dryAtMs = null;
    const missingMs = nowMs - sinceMs;
    if (missingMs >= maxUnevennessMs) return this.#arrive(moment);
    if (!this.#isArriving(nowMs)) this.lengthen(nowMs, missingMs);
    this.#goOn(newestMs - positionMs);
  }

  /** @param {number} nowMs */
  #isArriving(nowMs) {
    return nowMs - this.#arrivedAtMs < arrivalMs;
  }

  /** @param {number} nowMs */
  #jumpLimit(nowMs) {
    // A jump that was put off is not forgotten when the time is over.
    const isAllowed = (this.#isArriving(nowMs) || this.isHolding) && nowMs - this.#jumpedAtMs >= jumpPauseMs;
    return isAllowed ? arrivalJumpMs : this.#options.jumpMs;
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
    return this.#correct(this.#smoothGapMs - this.#targetMs);
  }

  /**
   * Starts outside the band and goes on until the middle is reached, or the speed would change with every picture.
   * @param {number} errorMs
   */
  #correct(errorMs) {
    const { bandMs } = this.#options;
    this.#isCorrecting = Math.abs(errorMs) > (this.#isCorrecting ? bandMs / 4 : bandMs);
    if (!this.#isCorrecting) return 1;
    const rate = Math.round((1 + errorMs / correctionMs) * 100) / 100;
    return Math.max(rates.least, Math.min(rates.most, rate));
  }

  #forget() {
    this.#smoothGapMs = null;
    this.#isCorrecting = false;
  }
}
