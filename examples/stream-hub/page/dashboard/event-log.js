/**
 * @import { Change } from './changes.js'
 */
import { element, setTone } from './dom.js';
import { formatClock } from './format.js';

const maxLines = 60;

/** The last things that happened, newest first. */
export class EventLog {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {readonly Change[]} changes */
  add(changes) {
    for (const change of changes) this.#list.prepend(createLine(change));
    while (this.#list.children.length > maxLines) this.#list.lastElementChild?.remove();
  }
}

/** @param {Change} change */
function createLine({ tone, text }) {
  const now = new Date();
  const time = element('time', 'log-time', formatClock(now));
  time.dateTime = now.toISOString();
  const line = element('li', 'log-line', time, element('span', 'log-text', text));
  setTone(line, tone);
  return line;
}
