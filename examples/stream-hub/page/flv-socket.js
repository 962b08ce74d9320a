const connectTimeoutMs = 8_000;

/**
 * Opens a WebSocket that carries an FLV byte stream. `onClose` is called once, whatever ends the connection, unless the
 * returned function closed it: after that nothing is called any more.
 * @param {string} url
 * @param {{ onBytes: (bytes: Uint8Array) => void, onClose: (code: number, reason: string) => void }} handlers
 * @returns {() => void} closes the socket
 */
export function openFlvSocket(url, { onBytes, onClose }) {
  const socket = new WebSocket(url);
  const listening = new AbortController();
  const { signal } = listening;
  const close = () => {
    clearTimeout(timer);
    listening.abort();
    socket.close();
  };
  /** @type {(code: number, reason: string) => void} */
  const finish = (code, reason) => {
    close();
    onClose(code, reason);
  };
  const timer = setTimeout(() => finish(1006, 'no answer'), connectTimeoutMs);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('open', () => clearTimeout(timer), { signal });
  socket.addEventListener(
    'message',
    ({ data }) => data instanceof ArrayBuffer && onBytes(new Uint8Array(data)),
    {
      signal,
    },
  );
  socket.addEventListener('close', ({ code, reason }) => finish(code, reason), { signal });
  return close;
}
