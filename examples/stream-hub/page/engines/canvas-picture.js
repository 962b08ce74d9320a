/**
 * A decoded picture: what is drawn, and what is known of it. Its owner is whoever holds it, and has to close it.
 * @typedef {object} Picture
 * @property {VideoFrame | ImageBitmap} source
 * @property {number} width
 * @property {number} height
 * @property {number} timestampMs when the stream shows it
 * @property {number} arrivedAtMs
 */

/**
 * Shows the newest decoded picture on a canvas, once per screen refresh. At most one picture waits here: a newer one takes
 * its place, so a slow screen costs pictures and never time.
 */
export class CanvasPicture {
  framesShown = 0;
  framesReplaced = 0;
  /** From the arrival of the picture's bytes to its drawing, in ms. */
  delayMs = 0;
  /** @type {HTMLCanvasElement} */
  canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d', { alpha: false }));
  #onShown;
  /** @type {Picture | null} */
  #waiting = null;
  #request = 0;

  /** @param {(shown: { timestampMs: number }) => void} onShown */
  constructor(onShown) {
    this.#onShown = onShown;
  }

  /** Takes a picture over; it is closed here. @param {Picture} picture */
  show(picture) {
    if (this.#waiting !== null) this.framesReplaced++;
    this.#waiting?.source.close();
    this.#waiting = picture;
    if (this.#request === 0) this.#request = requestAnimationFrame(() => this.#draw());
  }

  /** Gives up the picture that waits. What is on the screen stays. */
  stop() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#waiting?.source.close();
    this.#waiting = null;
  }

  /** Makes the canvas black. */
  clear() {
    this.stop();
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #draw() {
    this.#request = 0;
    if (this.#waiting === null) return;
    const { source, width, height, timestampMs, arrivedAtMs } = this.#waiting;
    this.#waiting = null;
    this.#fit(width, height);
    this.#context.drawImage(source, 0, 0, width, height);
    source.close();
    this.framesShown++;
    this.delayMs = performance.now() - arrivedAtMs;
    this.#onShown({ timestampMs });
  }

  /** Setting a canvas's size clears it, even to the size it has. */
  #fit(/** @type {number} */ width, /** @type {number} */ height) {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }
}
