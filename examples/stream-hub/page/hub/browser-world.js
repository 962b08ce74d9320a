/**
 * @import { World } from './hub-link.js'
 */

/** The browser's own sockets, clock and timers. @type {World} */
export const browserWorld = {
  openSocket: (url, protocol) => new WebSocket(url, [protocol]),
  nowMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
