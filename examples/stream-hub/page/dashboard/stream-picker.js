/**
 * @import { StreamInfo } from './changes.js'
 */
import { byId, element, renderList, setText, setTone } from './dom.js';
import { asNumber, formatCount } from './format.js';
import { toneOfStream } from './stage.js';

/** The streams to choose from. It shows itself only when there is a choice. */
export class StreamPicker {
  #section = byId('streams');
  #list = byId('stream-list');
  #onPick;

  /** @param {(name: string) => void} onPick */
  constructor(onPick) {
    this.#onPick = onPick;
  }

  /**
   * @param {readonly StreamInfo[]} streams
   * @param {string | null} selected
   */
  render(streams, selected) {
    this.#section.hidden = streams.every((stream) => stream.name === selected);
    const items = streams
      .toSorted(worstFirst)
      .map((stream) => ({ stream, isSelected: stream.name === selected }));
    renderList(
      this.#list,
      items,
      ({ stream }) => stream.name,
      () => this.#createRow(),
    );
  }

  #createRow() {
    const name = element('span', 'stream-name');
    const detail = element('span', 'stream-detail');
    const state = element('span', 'state');
    const button = element('button', 'stream', name, state, detail);
    button.type = 'button';
    button.addEventListener('click', () => this.#onPick(name.textContent ?? ''));
    /** @type {(item: { stream: StreamInfo, isSelected: boolean }) => void} */
    const update = ({ stream, isSelected }) => {
      setText(name, stream.name);
      setText(state, String(stream.state));
      setTone(state, toneOfStream(stream));
      setText(detail, asNumber(stream.viewers) === null ? '' : `${formatCount(stream.viewers)} watching`);
      button.setAttribute('aria-pressed', String(isSelected));
    };
    return { node: element('li', '', button), update };
  }
}

/**
 * What needs attention stands on top; among equals the name decides, so that rows do not jump.
 * @param {StreamInfo} a
 * @param {StreamInfo} b
 */
function worstFirst(a, b) {
  const rank = Number(a.state === 'live') - Number(b.state === 'live');
  return rank === 0 ? a.name.localeCompare(b.name) : rank;
}

/**
 * Which stream to show: the one the viewer asked for, else one that plays on, else the first there is.
 * @param {readonly StreamInfo[]} streams
 * @param {string | null} selected
 * @param {boolean} isPinned whether the viewer has asked for it
 */
export function chooseStream(streams, selected, isPinned) {
  const isThere = streams.some((stream) => stream.name === selected);
  if (isPinned || isThere) return selected;
  return streams[0]?.name ?? selected;
}
