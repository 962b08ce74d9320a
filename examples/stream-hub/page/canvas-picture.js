/**
 * Shows the newest decoded frame on a canvas, once per screen refresh. At most one frame waits here: a newer one takes
 * its place, so a slow screen costs frames and never time.
 */
export class CanvasPicture {
  framesShown = 0;
  framesReplaced = 0;
  /** From the arrival of the frame's bytes to its drawing, in ms. */
  delayMs = 0;
  /** @type {HTMLCanvasElement} */
  canvas = document.createElement('canvas');
  #context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d', { alpha: false }));
  #onShown;
  /** @type {{ frame: VideoFrame, arrivedAtMs: number } | null} */
  #waiting = null;
  #request = 0;

  /** @param {() => void} onShown */
  constructor(onShown) {
    this.#onShown = onShown;
  }

  /**
   * Takes a frame over; it is closed here.
   * @param {VideoFrame} frame
   * @param {number} arrivedAtMs
   */
  show(frame, arrivedAtMs) {
    if (this.#waiting !== null) this.framesReplaced++;
    this.#waiting?.frame.close();
    this.#waiting = { frame, arrivedAtMs };
    if (this.#request === 0) this.#request = requestAnimationFrame(() => this.#draw());
  }

  /** Gives up the frame that waits. The picture stays as it is. */
  stop() {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    this.#waiting?.frame.close();
    this.#waiting = null;
  }

  /** Makes the picture black. */
  clear() {
    this.stop();
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #draw() {
    this.#request = 0;
    if (this.#waiting === null) return;
    const { frame, arrivedAtMs } = this.#waiting;
    this.#waiting = null;
    this.#fit(frame.displayWidth, frame.displayHeight);
    this.#context.drawImage(frame, 0, 0, frame.displayWidth, frame.displayHeight);
    frame.close();
    this.framesShown++;
    this.delayMs = performance.now() - arrivedAtMs;
    this.#onShown();
  }

  /** Setting a canvas's size clears it, even to the size it has. */
  #fit(/** @type {number} */ width, /** @type {number} */ height) {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }
}
