/**
 * @import { HubConnection } from '../hub/hub-connection.js'
 * @import { QualityMode } from '../player/player.js'
 * @import { StreamInfo } from './changes.js'
 * @import { PlannedTile } from './wall-plan.js'
 */
import { byId, setText } from './dom.js';
import { maxTiles, planWall } from './wall-plan.js';
import { WallTile } from './wall-tile.js';

/** All streams at once, small, over the page's one connection. */
export class Wall {
  #hub;
  #options;
  #list = byId('wall-list');
  #isShown = false;
  /** @type {QualityMode} */
  #quality = 'auto';
  /** @type {PlannedTile[]} */
  #plan = [];
  /** By name of the stream. @type {Map<string, WallTile>} */
  #tiles = new Map();

  /**
   * @param {HubConnection} hub
   * @param {{ forced: string | null, onOpen: (name: string) => void }} options
   */
  constructor(hub, options) {
    this.#hub = hub;
    this.#options = options;
  }

  /** Shows the streams from now on. */
  show() {
    this.#isShown = true;
  }

  /** Takes all pictures down. */
  hide() {
    this.#isShown = false;
    this.#hang([]);
  }

  /** @param {QualityMode} quality */
  setQuality(quality) {
    this.#quality = quality;
    for (const { player } of this.#tiles.values()) player.setQuality(quality);
  }

  /** Leaves out what has piled up in the background. */
  dropToLive() {
    for (const { player } of this.#tiles.values()) player.dropToLive();
  }

  /** Call it a few times a second, and when a stream comes or goes. @param {readonly StreamInfo[]} streams */
  render(streams) {
    if (!this.#isShown) return;
    const names = streams.map(({ name }) => name).toSorted();
    this.#hang(planWall(this.#plan, names, performance.now()));
    const known = new Map(streams.map((stream) => [stream.name, stream]));
    for (const tile of this.#tiles.values()) tile.render(known.get(tile.name));
    this.#describe(names.length);
  }

  /** Numbers of each tile, for people and tests. */
  stats() {
    return [...this.#tiles.values()].map(({ player }) => player.stats());
  }

  /** @param {PlannedTile[]} plan */
  #hang(plan) {
    this.#plan = plan;
    const wanted = new Set(plan.map(({ name }) => name));
    for (const [name, tile] of this.#tiles) if (!wanted.has(name)) this.#take(name, tile);
    for (const { name } of plan) if (!this.#tiles.has(name)) this.#add(name);
    this.#list.dataset.columns = String(Math.ceil(Math.sqrt(this.#tiles.size)));
  }

  /** @param {string} name */
  #add(name) {
    const tile = new WallTile(name, this.#hub, { ...this.#options, quality: this.#quality });
    this.#tiles.set(name, tile);
    this.#list.append(tile.node);
  }

  /** @param {string} name @param {WallTile} tile */
  #take(name, tile) {
    this.#tiles.delete(name);
    tile.remove();
  }

  /** @param {number} count */
  #describe(count) {
    const note = count > maxTiles ? `The first ${maxTiles} of ${count} streams.` : '';
    setText(byId('wall-note'), this.#tiles.size === 0 ? 'No stream is on air.' : note);
  }
}
