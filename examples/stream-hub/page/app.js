/**
 * @import { StreamInfo, SupervisorInfo } from './changes.js'
 * @import { Phase } from './player.js'
 */
import { renderAddresses } from './addresses.js';
import { fetchJson, repeatWhileVisible } from './api.js';
import { compareStreams, compareTrees, listOf, toneOfStatus } from './changes.js';
import { isWithoutSound, renderSound, setUpControls } from './controls.js';
import { byId, setText, setTone } from './dom.js';
import { EventLog } from './event-log.js';
import { Facts } from './facts.js';
import { Player } from './player.js';
import { hasFreshFrames, isOnAir, renderCaption, renderStage } from './stage.js';
import { chooseStream, StreamPicker } from './stream-picker.js';
import { Tree } from './tree.js';

const pollMs = 1_000;
const refreshMs = 250;
const maxStreams = 500;

const asked = new URLSearchParams(location.search);
const log = new EventLog(byId('log'));
const facts = new Facts();
const tree = new Tree(byId('tree'));
const picker = new StreamPicker((name) => pick(name));
const player = new Player(byId('viewer'), asked.get('player'), logPhase);

/** The stream the viewer asked for, by a click or by `?stream=`. */
let pinned = asked.get('stream');
/** @type {StreamInfo[] | null} */
let streams = null;
/** @type {SupervisorInfo | null} */
let supervision = null;
let answeredAtMs = performance.now();
let isAnswering = true;
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
  takeStreams(streamsAnswer.value);
  takeTree(treeAnswer.value);
}

async function loadInfo() {
  info ??= await fetchJson('/api/info');
}

/** @param {{ streams?: unknown } | null} answer */
function takeStreams(answer) {
  const named = listOf(answer?.streams).filter((stream) => typeof stream.name === 'string');
  const list = named.slice(0, maxStreams);
  if (streams !== null) log.add(compareStreams(streams, list));
  streams = list;
  show(chooseStream(list, player.stream, pinned !== null) ?? pinned);
  const stream = currentStream();
  player.reconcile({
    isListed: stream !== undefined,
    isLive: isOnAir(stream),
    hasFreshFrames: hasFreshFrames(stream),
    isSilent: isWithoutSound(stream),
  });
  picker.render(list, player.stream);
  facts.renderStream(stream);
  renderCaption(player.stream, stream);
  if (info !== null) renderAddresses(info, player.stream);
}

/** @param {SupervisorInfo | null} answer */
function takeTree(answer) {
  if (typeof answer !== 'object' || answer === null) return;
  if (supervision !== null) log.add(compareTrees(supervision, answer));
  supervision = answer;
  setText(byId('health'), String(answer.status ?? 'unknown'));
  setTone(byId('health'), toneOfStatus(answer.status));
}

/** @param {string} name */
function pick(name) {
  pinned = name;
  const url = new URL(location.href);
  url.searchParams.set('stream', name);
  history.replaceState(null, '', url);
  show(name);
  picker.render(streams ?? [], name);
  renderCaption(name, currentStream());
}

/** @param {string | null} name */
function show(name) {
  if (name === null || name === player.stream) return;
  facts.reset();
  player.play(name);
}

function currentStream() {
  return streams?.find((stream) => stream.name === player.stream);
}

/** What changes between two answers: the picture, countdowns, ages. */
function refresh() {
  const silentMs = performance.now() - answeredAtMs;
  facts.renderPlayer(player.stats());
  renderStage(player, currentStream(), streams !== null);
  renderSound(player, currentStream());
  if (supervision !== null) tree.render(supervision, silentMs);
  document.body.classList.toggle('is-stale', !isAnswering);
  // No age in it: what ticks in an alert is read out again and again.
  setText(byId('answering'), isAnswering ? '' : 'The server does not answer. The numbers below are old.');
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
}

/** @param {Phase} phase */
function logPhase({ kind }) {
  if (kind === 'playing') log.add([{ tone: 'ok', text: `${player.stream}: the picture is here` }]);
  if (kind === 'lost') log.add([{ tone: 'warn', text: `${player.stream}: the connection was lost` }]);
}

// A page that is left gives its decoders and its connection back, and takes them again when the viewer returns.
window.addEventListener('pagehide', () => player.stop());
setUpControls(player);
repeatWhileVisible(poll, pollMs);
repeatWhileVisible(refresh, refreshMs);

Object.assign(window, { spillwayHub: { stats: () => player.stats() } });
