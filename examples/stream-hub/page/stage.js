/**
 * @import { StreamInfo } from './changes.js'
 * @import { Player } from './player.js'
 */
import { byId, setText, setTone } from './dom.js';
import { asNumber, formatDuration } from './format.js';

const frozenAfterMs = 3_000;
const freshMs = 1_500;

/**
 * What lies over the picture: the LIVE badge, and a word whenever the picture is not alive.
 * @param {Player} player
 * @param {StreamInfo | undefined} stream
 * @param {boolean} isServerKnown whether the server has answered at all
 */
export function renderStage(player, stream, isServerKnown) {
  const message = overlayText(player, stream, isServerKnown);
  const overlay = byId('overlay');
  overlay.hidden = message === null;
  setText(byId('overlay-title'), message?.title ?? '');
  setText(byId('overlay-detail'), message?.detail ?? '');
  byId('badge').hidden = message !== null;
  setText(byId('badge'), liveText(player.stats().delayMs));
}

/** A delay that nobody can see is not worth a number. @param {number} delayMs */
function liveText(delayMs) {
  return delayMs < 100 ? 'LIVE' : `LIVE −${(delayMs / 1000).toFixed(1)} s`;
}

/**
 * @param {Player} player
 * @param {StreamInfo | undefined} stream
 * @param {boolean} isServerKnown
 * @returns {{ title: string, detail: string } | null}
 */
function overlayText({ phase, pictureAgeMs }, stream, isServerKnown) {
  switch (phase.kind) {
    case 'idle':
      return isServerKnown
        ? { title: 'no stream yet', detail: 'Publish to the address below and it appears here.' }
        : { title: 'connecting…', detail: 'Asking the server for its streams.' };
    case 'connecting':
      return interruption(stream) ?? connecting(stream);
    case 'lost':
      return { title: 'connection lost', detail: retryText(phase.retryAtMs) };
    case 'ended':
      return phase.hasPlayed
        ? { title: 'stream ended', detail: 'It starts again here as soon as it is published again.' }
        : { title: 'stream not on air', detail: 'It starts here as soon as it is published.' };
    case 'unsupported':
      return { title: 'codec not supported', detail: `This browser cannot play it: ${phase.codec}` };
    case 'playing':
      return pictureAgeMs < frozenAfterMs ? null : (interruption(stream) ?? frozen(pictureAgeMs));
  }
}

/** @param {StreamInfo | undefined} stream */
function connecting(stream) {
  const isSoundOnly = stream?.audio && !stream.video;
  return {
    title: 'connecting…',
    detail: isSoundOnly ? 'This stream has sound and no picture.' : 'Waiting for a picture.',
  };
}

/** @param {StreamInfo | undefined} stream */
function interruption(stream) {
  if (stream?.state !== 'interrupted') return null;
  return { title: 'stream interrupted – waiting for the publisher', detail: String(stream.reason ?? '') };
}

/** @param {number} ageMs */
function frozen(ageMs) {
  return {
    title: 'stream interrupted – waiting for the publisher',
    detail: `No picture for ${formatDuration(ageMs)}.`,
  };
}

/** @param {number} retryAtMs */
function retryText(retryAtMs) {
  return `Next attempt in ${(Math.max(0, retryAtMs - performance.now()) / 1000).toFixed(1)} s.`;
}

/**
 * The line below the picture: which stream, in which state, and why.
 * @param {string | null} name
 * @param {StreamInfo | undefined} stream
 */
export function renderCaption(name, stream) {
  const state = stream?.state ?? (name === null ? 'idle' : 'ended');
  setText(byId('caption-name'), name ?? 'No stream');
  setText(byId('caption-state'), String(state));
  setTone(byId('caption-state'), toneOfStream(stream));
  setText(byId('caption-reason'), stream?.reason ? String(stream.reason) : '');
  document.title = name === null ? 'Stream hub' : `${name}: ${state} – Stream hub`;
}

/**
 * @param {StreamInfo | undefined} stream
 * @returns {'ok' | 'warn' | 'idle'}
 */
export function toneOfStream(stream) {
  if (stream === undefined) return 'idle';
  return stream.state === 'live' ? 'ok' : 'warn';
}

/**
 * Whether the server says that the stream is live and nothing speaks against it.
 * @param {StreamInfo | undefined} stream
 */
export function isOnAir(stream) {
  return stream?.state === 'live' && (asNumber(stream.lastFrameAgeMs) ?? 0) < freshMs;
}

/**
 * Whether frames go into the server right now.
 * @param {StreamInfo | undefined} stream
 */
export function hasFreshFrames(stream) {
  return isOnAir(stream) && asNumber(stream?.lastFrameAgeMs) !== null;
}
