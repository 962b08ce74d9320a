import { byId, element, renderList, setText } from './dom.js';

/**
 * @typedef {{ label: string, url: string }} Address
 */

/**
 * Where to publish and where else to watch.
 * @param {Record<string, unknown>} info the answer of `GET /api/info`; scheme, host and port of its addresses count
 * @param {string | null} stream
 */
export function renderAddresses(info, stream) {
  const path = `${encodeURI(stream ?? 'live/demo')}.flv`;
  const rows = [
    { label: 'Publish (OBS, ffmpeg)', url: complete(info.rtmpUrl, 'live/KEY') },
    { label: 'Watch over HTTP (VLC, ffplay)', url: complete(info.httpUrl, path) },
    { label: 'Watch over WebSocket', url: complete(info.wsUrl, path) },
  ];
  const known = rows.filter((row) => row.url !== '');
  byId('addresses').hidden = known.length === 0;
  renderList(byId('address-list'), known, ({ label }) => label, createRow);
}

/**
 * The address of `path` on the server that `base` names, or '' if it names none.
 * @param {unknown} base
 * @param {string} path
 */
function complete(base, path) {
  const server = /^(\w+:\/\/)(.+?)(:\d+)?(\/|$)/.exec(String(base ?? ''));
  if (server === null) return '';
  const [, scheme, host, port = ''] = server;
  // A server that listens on every address is reached by the one that led to this page.
  const isEveryAddress = host === '0.0.0.0' || host === '[::]' || host === '::';
  return `${scheme}${isEveryAddress ? location.hostname : host}${port}/${path}`;
}

/** @param {Address} address */
function createRow({ label }) {
  const url = element('code', 'address-url');
  const copy = element('button', 'button', 'Copy');
  copy.type = 'button';
  copy.setAttribute('aria-label', `Copy the address: ${label}`);
  // Browsers give the clipboard to secure pages only; the text can be selected everywhere.
  copy.hidden = navigator.clipboard === undefined;
  copy.addEventListener('click', () => copyText(copy, url.textContent ?? ''));
  /** @type {(address: Address) => void} */
  const update = (address) => setText(url, address.url);
  return { node: element('li', 'address', element('span', 'address-label', label), url, copy), update };
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
async function copyText(button, text) {
  const isCopied = await navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
  setText(button, isCopied ? 'Copied' : 'Refused');
  setTimeout(() => setText(button, 'Copy'), 1_500);
}
