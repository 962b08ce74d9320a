/**
 * @import { PictureView } from '../player/player.js'
 *
 * @typedef {object} OverlayMessage
 * @property {string} title
 * @property {string} detail
 * @property {boolean} isBusy whether it passes by itself, soon
 */
import { formatDuration } from './format.js';

const frozenAfterMs = 3_000;
// Told by the server at once, but what has arrived is still played.
const interruptedAfterMs = 1_000;

/**
 * The words over a picture that is not alive, or `null` while it is. Pure.
 * @param {PictureView} view
 * @returns {OverlayMessage | null}
 */
export function overlayText(view) {
  const { phase, connection } = view;
  switch (phase.kind) {
    case 'idle':
      return connection.kind === 'open' ? nothingThere : (disconnected(view) ?? connecting);
    case 'connecting':
      return view.isInterrupted ? interrupted : view.isSoundOnly ? soundOnly : waitingForPicture;
    case 'playing':
      return standingStill(view);
    case 'lost':
      return disconnected(view) ?? connecting;
    case 'broken':
      return { title: 'starting again…', detail: 'The player had trouble with this stream.', isBusy: true };
    case 'ended':
      return phase.hasPlayed ? ended : notOnAir;
    case 'unsupported':
      return still('codec not supported', `This browser cannot play it: ${phase.codec}`);
  }
}

/**
 * What the badge says. A latency that cannot be measured is not guessed.
 * @param {number | null} latencyMs
 */
export function liveText(latencyMs) {
  if (latencyMs === null) return 'LIVE';
  const seconds = Math.max(0, latencyMs) / 1_000;
  return `LIVE −${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
}

const connecting = busy('connecting…', 'Asking the server for its streams.');
const waitingForPicture = busy('connecting…', 'Waiting for a picture.');
const interrupted = busy('stream interrupted', 'Waiting for the publisher to come back.');
const soundOnly = still('sound only', 'This stream has no picture.');
const nothingThere = still('no stream yet', 'Publish to the address on this page and it appears here.');
const ended = still('stream ended', 'It starts again here as soon as it is published again.');
const notOnAir = still('stream not on air', 'It starts here as soon as it is published.');

/** @param {PictureView} view */
function standingStill({ isInterrupted, stillMs }) {
  if (isInterrupted && stillMs >= interruptedAfterMs) return interrupted;
  return stillMs < frozenAfterMs
    ? null
    : busy('picture frozen', `Nothing new for ${formatDuration(stillMs)}.`);
}

/** @param {PictureView} view */
function disconnected({ connection, isOnline, nowMs }) {
  if (!isOnline) return still('offline', 'This machine has no network. The picture comes back with it.');
  if (connection.kind !== 'waiting') return null;
  const waitMs = Math.max(0, connection.retryAtMs - nowMs);
  return busy('connection lost', `Next attempt in ${(waitMs / 1_000).toFixed(1)} s.`);
}

/** @param {string} title @param {string} detail @returns {OverlayMessage} */
function busy(title, detail) {
  return { title, detail, isBusy: true };
}

/** @param {string} title @param {string} detail @returns {OverlayMessage} */
function still(title, detail) {
  return { title, detail, isBusy: false };
}
