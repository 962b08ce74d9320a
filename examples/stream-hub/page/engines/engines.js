/**
 * @import { FlvTag } from '../codec/flv-demuxer.js'
 */
import { readVideoTag } from '../codec/flv-codec.js';
import { tagTypes } from '../codec/flv-demuxer.js';
import { ImagePlayer } from './image-player.js';
import { canUseMse, MsePlayer } from './mse-player.js';
import { canUseWebCodecs, WebCodecsPlayer } from './webcodecs-player.js';

/**
 * What an engine tells its player.
 * @typedef {object} EngineHandlers
 * @property {(picture: { timestampMs: number }) => void} onPicture a picture was shown; the time is that of showing, on
 * the stream's clock (modulo 2^32)
 * @property {(codec: string) => void} onUnsupported it cannot play this codec, now or later
 * @property {(error: Error) => void} onBroken it has to be opened again, and starts with a keyframe then
 */

/**
 * Plays one stream at a time into its element: `open()`, then `takeTag()` for every tag from the codec headers on (bodies
 * may be views on a buffer that is used again), `dropToLive()` after a background tab, `close()` at the end.
 * @typedef {WebCodecsPlayer | MsePlayer | ImagePlayer} Engine
 * @typedef {keyof typeof classes} EngineName
 * @typedef {{ forced: string | null, hasWebCodecs: boolean, hasMse: boolean }} Capabilities
 */

const classes = { webcodecs: WebCodecsPlayer, mse: MsePlayer, image: ImagePlayer };

/**
 * What this browser can do here.
 * @param {string | null} forced `'mse'` or `'webcodecs'`: this one for video, whatever would be best
 * @returns {Capabilities}
 */
export function findCapabilities(forced) {
  return { forced, hasWebCodecs: canUseWebCodecs(), hasMse: canUseMse() };
}

/**
 * The engine for the stream that this tag belongs to.
 * @param {FlvTag} tag
 * @param {Capabilities} capabilities
 * @returns {EngineName | null} `null` when the tag does not tell, or no engine can play it
 */
export function engineFor({ type, body }, { forced, hasWebCodecs, hasMse }) {
  const content = type === tagTypes.video ? readVideoTag(body) : undefined;
  if (content === undefined || content.kind === 'unsupported') return null;
  if (content.kind === 'image') return 'image';
  if (forced === 'mse' || forced === 'webcodecs') return forced;
  if (hasWebCodecs) return 'webcodecs';
  return hasMse ? 'mse' : null;
}

/**
 * @param {EngineName} name
 * @param {EngineHandlers} handlers
 * @returns {Engine}
 */
export function createEngine(name, handlers) {
  return new classes[name](handlers);
}
