/** @typedef {{ name: string, endedAtMs: number | null }} PlannedTile */

/** The most pictures on a wall. Each takes a decoder. */
export const maxTiles = 16;

// Long enough to see that it ended; one that starts again at once keeps its place.
const endedForMs = 8_000;

/**
 * Which streams hang on the wall: all that are on air, and for a while those that have just ended. A tile keeps its place as
 * long as it hangs there. Pure.
 * @param {readonly PlannedTile[]} tiles those that hang there now
 * @param {readonly string[]} names the streams on air
 * @param {number} nowMs
 * @returns {PlannedTile[]}
 */
export function planWall(tiles, names, nowMs) {
  const onAir = new Set(names);
  const hung = new Set(tiles.map(({ name }) => name));
  const known = tiles.map((tile) => ({ name: tile.name, endedAtMs: endOf(tile, onAir, nowMs) }));
  const waiting = names.filter((name) => !hung.has(name));
  const staying = known.filter(({ endedAtMs }) => endedAtMs === null || nowMs - endedAtMs < endedForMs);
  // A stream on air is worth more than one that has ended.
  const room = maxTiles - staying.filter(({ endedAtMs }) => endedAtMs === null).length;
  const added = waiting.slice(0, Math.max(0, room)).map((name) => ({ name, endedAtMs: null }));
  return [...keepNewest(staying, maxTiles - added.length), ...added];
}

/**
 * @param {PlannedTile} tile
 * @param {ReadonlySet<string>} onAir
 * @param {number} nowMs
 */
function endOf({ name, endedAtMs }, onAir, nowMs) {
  return onAir.has(name) ? null : (endedAtMs ?? nowMs);
}

/**
 * Takes ended ones away, from the first on, until the rest fits.
 * @param {PlannedTile[]} tiles
 * @param {number} count
 */
function keepNewest(tiles, count) {
  let surplus = tiles.length - count;
  return tiles.filter(({ endedAtMs }) => endedAtMs === null || surplus-- <= 0);
}
