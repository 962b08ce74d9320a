/**
 * @import { StreamInfo } from './changes.js'
 * @import { Player } from './player.js'
 */
import { byId, setText } from './dom.js';

/**
 * Connects the buttons below the picture.
 * @param {Player} player
 */
export function setUpControls(player) {
  byId('sound').addEventListener('click', () => {
    player.setMuted(!player.isMuted);
    renderSound(player, undefined);
  });
  const fullscreen = byId('fullscreen');
  fullscreen.hidden = !document.fullscreenEnabled;
  fullscreen.addEventListener('click', toggleFullscreen);
  document.addEventListener('fullscreenchange', () => {
    setText(fullscreen, document.fullscreenElement === null ? 'Full screen' : 'Leave full screen');
  });
}

/**
 * @param {Player} player
 * @param {StreamInfo | undefined} stream
 */
export function renderSound(player, stream) {
  setText(byId('sound'), player.isMuted ? 'Unmute' : 'Mute');
  const { soundProblem } = player.stats();
  const isSilent = stream !== undefined && isWithoutSound(stream);
  const note = isSilent ? 'This stream has no sound.' : (soundProblem ?? '');
  setText(byId('sound-note'), player.isMuted ? '' : note);
}

/**
 * Whether the stream has a picture and no sound. Right after its start nothing is known yet.
 * @param {StreamInfo | undefined} stream
 */
export function isWithoutSound(stream) {
  return Boolean(stream?.video) && stream?.audio === null;
}

async function toggleFullscreen() {
  const change =
    document.fullscreenElement === null ? byId('viewer').requestFullscreen() : document.exitFullscreen();
  // A browser that refuses leaves everything as it was.
  await change.catch(() => {});
}
