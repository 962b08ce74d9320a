/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className = '', ...children) {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  node.append(...children);
  return node;
}

/**
 * The element of the page with this id. The page and its scripts are written together: it is there.
 * @param {string} id
 */
export function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * Sets a text only if it is another one: a screen reader is not disturbed and a selection stays.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Sets the colour of a thing by its meaning.
 * @param {HTMLElement} node
 * @param {'ok' | 'warn' | 'bad' | 'idle'} tone
 */
export function setTone(node, tone) {
  if (node.dataset.tone !== tone) node.dataset.tone = tone;
}

/**
 * Makes the children of `parent` show `items`, and keeps the element of an item that is still there, so that focus and
 * selection stay.
 * @template Item
 * @param {Element} parent
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => { node: HTMLElement, update: (item: Item) => void }} createRow
 */
export function renderList(parent, items, keyOf, createRow) {
  const before = rowsOf.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const row = before.get(keyOf(item)) ?? createRow(item);
    after.set(keyOf(item), row);
    row.update(item);
  }
  for (const [key, row] of before) if (!after.has(key)) row.node.remove();
  placeInOrder(parent, [...after.values()]);
  rowsOf.set(parent, after);
}

/** @type {WeakMap<Element, Map<string, { node: HTMLElement, update: (item: any) => void }>>} */
const rowsOf = new WeakMap();

/**
 * @param {Element} parent
 * @param {readonly { node: HTMLElement }[]} rows
 */
function placeInOrder(parent, rows) {
  rows.forEach(({ node }, index) => {
    const there = parent.children[index] ?? null;
    if (there !== node) parent.insertBefore(node, there);
  });
}
