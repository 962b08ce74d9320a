/**
 * @import { Player } from '../player/player.js'
 * @import { PictureView } from '../player/player.js'
 */
import { element, setText } from './dom.js';
import { liveText, overlayText } from './overlay-text.js';

/** What lies over a picture: the LIVE badge, and a word whenever the picture is not alive. */
export class ViewerFrame {
  #badge = element('span', 'badge');
  #title = element('span', 'overlay-title');
  #detail = element('span', 'overlay-detail');
  #spinner = element('span', 'spinner');
  #overlay = element('span', 'overlay', this.#spinner, this.#title, this.#detail);

  /**
   * @param {HTMLElement} viewer where the picture is
   * @param {{ isAnnounced: boolean }} options whether a screen reader tells its changes; of many frames on a page none does
   */
  constructor(viewer, { isAnnounced }) {
    if (isAnnounced) this.#title.setAttribute('role', 'status');
    this.#spinner.setAttribute('aria-hidden', 'true');
    viewer.append(this.#badge, this.#overlay);
  }

  /** Call it a few times a second. @param {PictureView} view @param {number | null} latencyMs */
  render(view, latencyMs) {
    const message = overlayText(view);
    this.#overlay.hidden = message === null;
    this.#spinner.hidden = !message?.isBusy;
    setText(this.#title, message?.title ?? '');
    setText(this.#detail, message?.detail ?? '');
    this.#badge.hidden = message !== null;
    setText(this.#badge, liveText(latencyMs));
  }
}
