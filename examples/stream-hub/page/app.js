/**
 * @import { StreamInfo, SupervisorInfo } from './dashboard/changes.js'
 * @import { View } from './dashboard/controls.js'
 * @import { HubState } from './hub/hub-connection.js'
 * @import { StreamChange } from './hub/known-streams.js'
 * @import { Phase } from './player/player.js'
 */
import { renderAddresses } from './dashboard/addresses.js';
import { fetchJson, repeatWhileVisible } from './dashboard/api.js';
import { compareTrees, describeStreams, listOf, mergeStreams, toneOfStatus } from './dashboard/changes.js';
import {
  renderConnection,
  renderSound,
  renderView,
  setUpControls,
  setUpQuality,
  setUpViews,
} from './dashboard/controls.js';
import { byId, setText, setTone } from './dashboard/dom.js';
import { EventLog } from './dashboard/event-log.js';
import { Facts } from './dashboard/facts.js';
import { reductionText, renderCaption } from './dashboard/stage.js';
import { chooseStream, StreamPicker } from './dashboard/stream-picker.js';
import { Tree } from './dashboard/tree.js';
import { ViewerFrame } from './dashboard/viewer-frame.js';
import { Wall } from './dashboard/wall.js';
import { HubConnection } from './hub/hub-connection.js';
import { Player } from './player/player.js';

const pollMs = 1_000;
const refreshMs = 250;
// What ticks on between two answers stops when none comes: nobody knows how it goes on.
const maxElapsedMs = 2 * pollMs;
const maxStreams = 500;
const minGapLogMs = 10_000;

const asked = new URLSearchParams(location.search);
const forced = asked.get('player');
const log = new EventLog(byId('log'));
const facts = new Facts();
const tree = new Tree(byId('tree'));
const picker = new StreamPicker((name) => pick(name));
const hub = new HubConnection(viewersAddress(), {
  onState: takeState,
  onStreams: takeChanges,
  onRefused: ({ message }) => log.add([{ tone: 'warn', text: `The server refused a message: ${message}` }]),
});
const player = new Player(hub, byId('viewer'), forced, {
  onPhase: takePhase,
  onGap: logGap,
  onEngine: ({ element, name }) => {
    element.id = 'picture';
    document.documentElement.dataset.player = name;
  },
});
const frame = new ViewerFrame(byId('viewer'), { isAnnounced: true });
const wall = new Wall(hub, { forced, onOpen: openOnStage });

/** @type {View} */
let view = asked.has('wall') ? 'wall' : 'stage';
/** The stream the viewer asked for, by a click or by `?stream=`. */
let pinned = asked.get('stream');
/** What the server answered last. @type {StreamInfo[]} */
let answered = [];
/** @type {SupervisorInfo | null} */
let supervision = null;
let isWelcome = false;
let isConnected = false;
let answeredAtMs = performance.now();
let isAnswering = true;
let lastGapLogMs = Number.NEGATIVE_INFINITY;
/** @type {Record<string, unknown> | null} */
let info = null;

async function poll() {
  const [streamsAnswer, treeAnswer] = await Promise.allSettled([
    fetchJson('/api/streams'),
    fetchJson('/api/tree'),
    loadInfo(),
  ]);
  const isAnswered = streamsAnswer.status === 'fulfilled' && treeAnswer.status === 'fulfilled';
  logAnswering(isAnswered);
  if (!isAnswered) return;
  answeredAtMs = performance.now();
  takeAnswer(streamsAnswer.value);
  takeTree(treeAnswer.value);
}

async function loadInfo() {
  info ??= await fetchJson('/api/info');
}

/** @param {{ streams?: unknown } | null} answer */
function takeAnswer(answer) {
  const named = listOf(answer?.streams).filter((stream) => typeof stream.name === 'string');
  answered = named.slice(0, maxStreams);
  renderStreams();
  facts.renderStream(currentStream());
}

/** @param {HubState} state */
function takeState(state) {
  renderConnection(state);
  const wasConnected = isConnected;
  isConnected = state.kind === 'open';
  if (wasConnected && state.kind === 'waiting')
    log.add([{ tone: 'warn', text: `The connection was lost – ${state.reason}` }]);
  if (isConnected && isWelcome) log.add([{ tone: 'ok', text: 'The connection is back' }]);
}

/** What the connection has told. With the first list there is no news. @param {StreamChange[]} changes */
function takeChanges(changes) {
  if (isWelcome) log.add(describeStreams(changes));
  isWelcome = true;
  renderStreams();
}

/** The streams as they are known now. */
function streams() {
  return mergeStreams(hub.state.kind === 'open' ? hub.streams : null, answered, isAnswering);
}

function renderStreams() {
  const list = streams();
  if (view === 'wall') wall.render(list);
  else show(chooseStream(list, player.stream, pinned !== null) ?? pinned);
  picker.render(list, player.stream);
  renderCaption(player.stream, currentStream());
  if (info !== null) renderAddresses(info, player.stream);
}

/** @param {SupervisorInfo | null} answer */
function takeTree(answer) {
  if (typeof answer !== 'object' || answer === null) return;
  if (supervision !== null) log.add(compareTrees(supervision, answer));
  supervision = answer;
  renderHealth(answer.status);
}

/** @param {unknown} status */
function renderHealth(status) {
  setText(byId('health'), String(status ?? 'unknown'));
  setTone(byId('health'), toneOfStatus(status));
}

/** @param {string} name */
function pick(name) {
  pinned = name;
  rememberInAddress('stream', name);
  renderStreams();
  show(name);
}

/** @param {string} name */
function openOnStage(name) {
  pinned = name;
  rememberInAddress('stream', name);
  setView('stage');
  byId('view-stage').focus();
}

/** @param {View} next */
function setView(next) {
  view = next;
  rememberInAddress('wall', view === 'wall' ? '' : null);
  renderView(view);
  if (view === 'wall') player.stop();
  else wall.hide();
  if (view === 'wall') wall.show();
  renderStreams();
  refresh();
}

/** @param {string | null} name */
function show(name) {
  if (name === null || name === player.stream) return;
  facts.reset();
  player.play(name);
}

/** @param {string} key @param {string | null} value */
function rememberInAddress(key, value) {
  const url = new URL(location.href);
  if (value === null) url.searchParams.delete(key);
  else url.searchParams.set(key, value);
  history.replaceState(null, '', url);
}

function currentStream() {
  return streams().find((stream) => stream.name === player.stream);
}

/** What changes between two answers: pictures, countdowns, ages. */
function refresh() {
  const silentMs = Math.min(performance.now() - answeredAtMs, maxElapsedMs);
  if (view === 'wall') wall.render(streams());
  else refreshStage();
  if (supervision !== null) tree.render(supervision, silentMs);
  document.body.classList.toggle('is-stale', !isAnswering);
  // No age in it: what ticks in an alert is read out again and again.
  setText(byId('answering'), isAnswering ? '' : 'The server does not answer. The numbers below are old.');
}

function refreshStage() {
  facts.renderPlayer(player.stats());
  frame.render(player.view, player.latencyMs);
  renderSound(player, currentStream());
  setText(byId('caption-quality'), reductionText(player.reduction));
}

/** @param {boolean} isAnswered */
function logAnswering(isAnswered) {
  if (isAnswered === isAnswering) return;
  isAnswering = isAnswered;
  log.add([
    isAnswered
      ? { tone: 'ok', text: 'The server answers again' }
      : { tone: 'bad', text: 'The server does not answer' },
  ]);
  renderHealth(isAnswered ? supervision?.status : 'unknown');
  renderStreams();
}

/** @param {Phase} phase */
function takePhase({ kind }) {
  frame.render(player.view, player.latencyMs);
  if (kind === 'playing') log.add([{ tone: 'ok', text: `${player.stream}: the picture is here` }]);
  if (kind === 'broken') log.add([{ tone: 'warn', text: `${player.stream}: the player starts again` }]);
}

/** A connection that stays too slow skips all the time; once in a while is enough. @param {{ missed: number }} gap */
function logGap({ missed }) {
  const nowMs = performance.now();
  if (nowMs - lastGapLogMs < minGapLogMs) return;
  lastGapLogMs = nowMs;
  log.add([
    { tone: 'warn', text: `${player.stream}: this connection was too slow, ${missed} packets were skipped` },
  ]);
}

function viewersAddress() {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/viewers`;
}

function comeBack() {
  if (document.hidden) return;
  hub.wake();
  player.dropToLive();
  wall.dropToLive();
}

setUpControls(player);
setUpQuality(asked.get('quality'), (quality) => {
  player.setQuality(quality);
  wall.setQuality(quality);
});
setUpViews(setView);
setView(view);
document.addEventListener('visibilitychange', comeBack);
for (const change of ['online', 'offline']) window.addEventListener(change, () => hub.wake());
// A page that is left gives its connection and its decoders back, and takes them again when the viewer returns.
window.addEventListener('pagehide', () => hub.close());
window.addEventListener('pageshow', () => hub.open());
hub.open();
repeatWhileVisible(poll, pollMs);
repeatWhileVisible(refresh, refreshMs);

Object.assign(window, { spillwayHub: { stats: () => player.stats(), wall: () => wall.stats() } });
