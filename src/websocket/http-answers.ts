import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answers a request without a body. */
export function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, headers).end();
}

/** Answers a request to upgrade with a plain refusal, and closes its connection. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.once('finish', () => socket.destroy()); // Its other side may never close, and node:http watches it no more.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/**
 * Reads from a connection that waits for the answer to its upgrade, for only who reads hears that it was closed. A peer
 * has nothing to say before the answer (RFC 6455 §4.1); one that does is cut off.
 *
 * @returns Stops that. Who goes on reading has to begin in the same turn.
 */
export function listenForClose(socket: Duplex): () => void {
  const cut = (): void => void socket.destroy();
  socket.on('data', cut).on('end', cut);
  return () => void socket.off('data', cut).off('end', cut);
}

/** A signal that aborts when the connection closes. */
export function abortWhenClosed(connection: Duplex | ServerResponse): AbortSignal {
  const closed = new AbortController();
  if (connection.destroyed) closed.abort();
  else connection.once('close', () => closed.abort());
  return closed.signal;
}
