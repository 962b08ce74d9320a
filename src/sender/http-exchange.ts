import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { onAbort } from '../core/abort.ts';
import { ProtocolError, SpillwayError } from '../core/errors.ts';
import { readAnswer } from './http-answer.ts';
import type { TransportRequest, TransportResponse } from './types.ts';

/** Opens a request whose body is yet to be written. */
export type Connector = (headers: OutgoingHttpHeaders) => ClientRequest;

/**
 * The receiver closed a kept connection without a byte of answer: it was idle too long, and the request crossed the
 * closing on its way. Repeating is safe: should the receiver have seen it after all, it knows the id.
 */
export class StaleSocketError extends SpillwayError {
  constructor(cause: Error) {
    super('DELIVERY_NETWORK', 'the receiver had closed the kept connection', { cause });
  }
}

/** One request and its answer. Settles always, and leaves no listener on `signal`. */
export async function exchange(
  connect: Connector,
  { headers, body }: TransportRequest,
  maxAnswerBytes: number,
  signal: AbortSignal,
): Promise<TransportResponse> {
  const request = connect({ ...headers, 'content-length': body.length });
  const answer = awaitAnswer(request);
  const release = onAbort(signal, () => request.destroy(toError(signal.reason)));
  try {
    request.end(body);
    return await readAnswer(await answer, maxAnswerBytes);
  } finally {
    release();
  }
}

function awaitAnswer(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isUntouched = watchSocket(request);
  // Stays on: an error after the answer, such as the one of an abort, has nobody else to catch it.
  request.on('error', (error) =>
    reject(isStale(error, request, isUntouched()) ? new StaleSocketError(error) : error),
  );
  // Covers what ends a request with neither answer nor error, such as a switch of protocols nobody asked for.
  const onClose = () =>
    reject(new ProtocolError('PROTOCOL_RESPONSE', 'the connection ended without an answer'));
  request.once('close', onClose);
  request.once('response', (answer) => {
    request.off('close', onClose);
    resolve(answer);
  });
  return promise;
}

// A kept socket has read the answers to earlier requests, so what counts is whether it read more since.
function watchSocket(request: ClientRequest): () => boolean {
  let socket: Socket | undefined;
  let bytesBefore = 0;
  request.once('socket', (assigned) => {
    socket = assigned;
    bytesBefore = assigned.bytesRead;
  });
  return () => socket?.bytesRead === bytesBefore;
}

function isStale(error: NodeJS.ErrnoException, request: ClientRequest, isUntouched: boolean): boolean {
  return request.reusedSocket && isUntouched && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
