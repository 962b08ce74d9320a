/**
 * @import { ChildInfo, SupervisorInfo } from './changes.js'
 */
import { exitText, listOf, toneOfState, toneOfStatus } from './changes.js';
import { element, renderList, setText, setTone } from './dom.js';
import { asNumber, formatClock, formatCount, formatDuration, formatKnown } from './format.js';

/** The supervision tree as nested lists. */
export class Tree {
  #root;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#root = createSupervisor();
    container.append(this.#root.node);
  }

  /**
   * @param {SupervisorInfo} info
   * @param {number} elapsedMs since the server said so: countdowns and uptimes go on between two answers
   */
  render(info, elapsedMs) {
    this.#root.update(info, elapsedMs);
  }
}

/** A supervisor: its name, its health, how much of its restart budget is used, and its children. */
function createSupervisor() {
  const name = element('span', 'tree-name');
  const status = element('span', 'state');
  const budget = element('span', 'tree-budget');
  const pips = element('span', 'pips');
  pips.setAttribute('aria-hidden', 'true');
  const children = element('ul', 'tree-children');
  const head = element('div', 'tree-head', name, status, element('span', 'tree-restarts', pips, budget));
  const node = element('div', 'tree-supervisor', head, children);
  /** @type {(info: SupervisorInfo, elapsedMs: number) => void} */
  const update = (info, elapsedMs) => {
    setText(name, String(info.name ?? 'supervisor'));
    setText(status, String(info.status ?? info.state ?? ''));
    setTone(status, toneOfStatus(info.status));
    setText(budget, budgetText(info));
    renderPips(pips, info);
    const items = listOf(info.children).map((child) => ({ child, elapsedMs }));
    renderList(children, items, ({ child }) => String(child.name), createChild);
  };
  return { node, update };
}

/** @param {SupervisorInfo} info */
function budgetText({ restartsInWindow, maxRestarts, restartWindowMs }) {
  const used = `${formatCount(restartsInWindow)} of ${formatCount(maxRestarts)} restarts`;
  return `${used} in ${formatKnown(restartWindowMs, (ms) => String(ms / 1000))} s`;
}

/**
 * One mark for each restart the supervisor has, filled when it is used.
 * @param {HTMLElement} pips
 * @param {SupervisorInfo} info
 */
function renderPips(pips, { restartsInWindow, maxRestarts }) {
  const total = Math.min(10, asNumber(maxRestarts) ?? 0);
  while (pips.children.length > total) pips.lastElementChild?.remove();
  while (pips.children.length < total) pips.append(element('i', 'pip'));
  [...pips.children].forEach((pip, index) => {
    pip.classList.toggle('is-used', index < restartsInWindow);
  });
}

/** A child: state, numbers, why it ended the last time, and its own children if it is a supervisor. */
function createChild() {
  const name = element('span', 'tree-name');
  const state = element('span', 'state');
  const facts = element('span', 'tree-facts');
  const exit = element('div', 'tree-exit');
  const node = element('li', 'tree-child', element('div', 'tree-row', name, state, facts), exit);
  /** @type {ReturnType<typeof createSupervisor> | null} */
  let nested = null;
  /** @type {(item: { child: ChildInfo, elapsedMs: number }) => void} */
  const update = ({ child, elapsedMs }) => {
    setText(name, String(child.name));
    setText(state, stateText(child, elapsedMs));
    setTone(state, toneOfState(child.state));
    setTone(node, toneOfState(child.state));
    setText(facts, factsText(child, elapsedMs));
    setText(exit, lastExitText(child));
    exit.hidden = !child.lastExit;
    nested = updateNested(node, nested, child.supervisor, elapsedMs);
  };
  return { node, update };
}

/**
 * @param {HTMLElement} node
 * @param {ReturnType<typeof createSupervisor> | null} nested
 * @param {SupervisorInfo | null | undefined} info
 * @param {number} elapsedMs
 */
function updateNested(node, nested, info, elapsedMs) {
  if (!info) {
    nested?.node.remove();
    return null;
  }
  const supervisor = nested ?? createSupervisor();
  if (nested === null) node.append(supervisor.node);
  supervisor.update(info, elapsedMs);
  return supervisor;
}

/**
 * @param {ChildInfo} child
 * @param {number} elapsedMs
 */
function stateText({ state, nextRestartInMs }, elapsedMs) {
  const waitMs = asNumber(nextRestartInMs);
  if (waitMs === null) return String(state ?? 'unknown');
  return `${state}, starts in ${(Math.max(0, waitMs - elapsedMs) / 1000).toFixed(1)} s`;
}

/**
 * @param {ChildInfo} child
 * @param {number} elapsedMs
 */
function factsText({ uptimeMs, lastBeatAgeMs, restartsTotal }, elapsedMs) {
  const upMs = asNumber(uptimeMs);
  const beatMs = asNumber(lastBeatAgeMs);
  const facts = [
    upMs === null ? null : `up ${formatDuration(upMs + elapsedMs)}`,
    beatMs === null ? null : `beat ${formatDuration(beatMs)} ago`,
    restartsTotal > 0 ? `${formatCount(restartsTotal)} restart${restartsTotal === 1 ? '' : 's'}` : null,
  ];
  return facts.filter((fact) => fact !== null).join(' · ');
}

/** @param {ChildInfo} child */
function lastExitText(child) {
  if (!child.lastExit) return '';
  const { atMs, ranForMs } = child.lastExit;
  const when = asNumber(atMs) === null ? '' : ` at ${formatClock(new Date(atMs))}`;
  const ran = asNumber(ranForMs) === null ? '' : `, after ${formatDuration(ranForMs)}`;
  return `Last exit${when}${ran}: ${exitText(child)}`;
}
