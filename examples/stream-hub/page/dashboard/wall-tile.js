/**
 * @import { HubConnection } from '../hub/hub-connection.js'
 * @import { QualityMode } from '../player/player.js'
 * @import { StreamInfo } from './changes.js'
 */

import { Player } from '../player/player.js';
import { element, setText, setTone } from './dom.js';
import { formatRate, unknown } from './format.js';
import { RateMeter } from './rate-meter.js';
import { reductionText, toneOfStream } from './stage.js';
import { ViewerFrame } from './viewer-frame.js';

/** One picture on the wall. It is a button: it opens its stream on the stage. */
export class WallTile {
  name;
  player;
  #frame;
  #meter = new RateMeter();
  #title = element('span', 'tile-name');
  #state = element('span', 'state');
  #detail = element('span', 'tile-detail');
  /** @type {HTMLLIElement} */
  node;

  /**
   * @param {string} name
   * @param {HubConnection} hub
   * @param {{ forced: string | null, quality: QualityMode, onOpen: (name: string) => void }} options
   */
  constructor(name, hub, { forced, quality, onOpen }) {
    this.name = name;
    const viewer = element('span', 'viewer');
    const caption = element('span', 'tile-caption', this.#title, this.#state, this.#detail);
    const button = element('button', 'tile', viewer, caption);
    button.type = 'button';
    button.title = `Watch ${name} alone`;
    button.setAttribute('aria-label', button.title);
    button.addEventListener('click', () => onOpen(name));
    this.node = element('li', '', button);
    this.#frame = new ViewerFrame(viewer, { isAnnounced: false });
    this.player = new Player(hub, viewer, forced);
    this.player.setQuality(quality);
    this.player.play(name);
    setText(this.#title, name);
  }

  /** Call it a few times a second. @param {StreamInfo | undefined} stream */
  render(stream) {
    const { player } = this;
    this.#meter.sample(performance.now(), player.stats().framesShown);
    this.#frame.render(player.view, player.latencyMs);
    setText(this.#state, String(stream?.state ?? 'ended'));
    setTone(this.#state, toneOfStream(stream));
    const rate = player.phase.kind === 'playing' ? formatRate(this.#meter.perSecond) : unknown;
    const texts = [reductionText(player.reduction), rate === unknown ? '' : `${rate} fps`];
    setText(this.#detail, texts.filter((text) => text !== '').join(' · '));
  }

  /** Frees everything. */
  remove() {
    this.player.stop();
    this.node.remove();
  }
}
