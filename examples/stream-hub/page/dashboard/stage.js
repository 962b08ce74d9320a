/**
 * @import { StreamInfo } from './changes.js'
 * @import { Player } from '../player/player.js'
 */
import { byId, setText, setTone } from './dom.js';

/**
 * The line below the picture: which stream, in which state, and why.
 * @param {string | null} name
 * @param {StreamInfo | undefined} stream
 */
export function renderCaption(name, stream) {
  const state = stream?.state ?? (name === null ? 'idle' : 'off air');
  setText(byId('caption-name'), name ?? 'No stream');
  setText(byId('caption-state'), String(state));
  setTone(byId('caption-state'), toneOfStream(stream));
  setText(byId('caption-reason'), stream?.reason ? String(stream.reason) : '');
  document.title = name === null ? 'Stream hub' : `${name}: ${state} – Stream hub`;
}

/**
 * What the server leaves out for this viewer, in words; '' when it sends everything.
 * @param {Player['reduction']} reduction
 */
export function reductionText(reduction) {
  if (reduction === null) return '';
  if (reduction.mode === 'lower') return `${reduction.instead} in its place`;
  return reduction.every > 1 ? `every ${ordinal(reduction.every)} keyframe` : 'keyframes only';
}

/**
 * @param {StreamInfo | undefined} stream
 * @returns {'ok' | 'warn' | 'idle'}
 */
export function toneOfStream(stream) {
  if (stream === undefined || stream.state === 'unknown') return 'idle';
  return stream.state === 'live' ? 'ok' : 'warn';
}

/** @param {number} count */
function ordinal(count) {
  const isTeen = count % 100 > 10 && count % 100 < 14;
  return `${count}${isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`;
}
