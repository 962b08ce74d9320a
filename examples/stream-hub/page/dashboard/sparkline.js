const svgNamespace = 'http://www.w3.org/2000/svg';
const capacity = 60;
const height = 32;

/** A small curve of the last minute, one value a second. */
export class Sparkline {
  /** @type {SVGSVGElement} */
  node = document.createElementNS(svgNamespace, 'svg');
  #line = document.createElementNS(svgNamespace, 'path');
  #area = document.createElementNS(svgNamespace, 'path');
  /** @type {number[]} */
  #values = [];

  constructor() {
    this.node.setAttribute('viewBox', `0 0 ${capacity - 1} ${height}`);
    this.node.setAttribute('preserveAspectRatio', 'none');
    // The number beside it says the same to who does not see it.
    this.node.setAttribute('aria-hidden', 'true');
    this.node.classList.add('sparkline');
    this.#line.classList.add('sparkline-line');
    this.#area.classList.add('sparkline-area');
    this.node.append(this.#area, this.#line);
  }

  /** Adds a value at the right. @param {number} value */
  push(value) {
    this.#values.push(value);
    if (this.#values.length > capacity) this.#values.shift();
    const line = this.#points().join('L');
    const start = capacity - this.#values.length;
    this.#line.setAttribute('d', `M${line}`);
    this.#area.setAttribute('d', `M${start},${height}L${line}L${capacity - 1},${height}Z`);
  }

  /** Empties it, for another stream. */
  clear() {
    this.#values = [];
    this.#line.setAttribute('d', '');
    this.#area.setAttribute('d', '');
  }

  #points() {
    const top = Math.max(1, ...this.#values) * 1.1;
    const start = capacity - this.#values.length;
    return this.#values.map(
      (value, index) => `${start + index},${(height - (value / top) * (height - 2)).toFixed(1)}`,
    );
  }
}
