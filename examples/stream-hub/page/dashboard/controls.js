/**
 * @import { StreamInfo } from './changes.js'
 * @import { HubState } from '../hub/hub-connection.js'
 * @import { Player, QualityMode } from '../player/player.js'
 */
import { byId, setText, setTone } from './dom.js';

/** @typedef {'stage' | 'wall'} View */

const qualities = ['auto', 'full', 'keyframes'];

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
 * Connects the choice of what the server sends to this page.
 * @param {string | null} asked
 * @param {(quality: QualityMode) => void} onChange
 */
export function setUpQuality(asked, onChange) {
  const select = /** @type {HTMLSelectElement} */ (byId('quality'));
  const choose = () => onChange(/** @type {QualityMode} */ (select.value));
  select.value = asked !== null && qualities.includes(asked) ? asked : 'auto';
  select.addEventListener('change', choose);
  choose();
}

/**
 * Connects the two buttons for one picture and for all.
 * @param {(view: View) => void} onChange
 */
export function setUpViews(onChange) {
  byId('view-stage').addEventListener('click', () => onChange('stage'));
  byId('view-wall').addEventListener('click', () => onChange('wall'));
}

/** @param {View} view */
export function renderView(view) {
  for (const name of ['stage', 'wall'])
    byId(`view-${name}`).setAttribute('aria-pressed', String(name === view));
  document.body.dataset.view = view;
}

/** @param {HubState} state */
export function renderConnection({ kind }) {
  setText(byId('connection'), connectionWords[kind]);
  setTone(byId('connection'), kind === 'open' ? 'ok' : 'warn');
}

/** @type {Record<HubState['kind'], string>} */
const connectionWords = { open: 'connected', connecting: 'connecting', waiting: 'lost', closed: 'closed' };

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
function isWithoutSound(stream) {
  return Boolean(stream?.video) && stream?.audio === null;
}

async function toggleFullscreen() {
  const change =
    document.fullscreenElement === null ? byId('viewer').requestFullscreen() : document.exitFullscreen();
  // A browser that refuses leaves everything as it was.
  await change.catch(() => {});
}
