import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../core/errors.ts';
import type { TransportResponse } from './types.ts';

/**
 * Reads an answer to its end, or until it is too large.
 *
 * @throws when the connection breaks before the end.
 */
export async function readAnswer(answer: IncomingMessage, maxBytes: number): Promise<TransportResponse> {
  const retryAfter = answer.headers['retry-after'];
  const bytes = await readBytes(answer, maxBytes);
  return {
    status: answer.statusCode!, // Always there in an answer to a client.
    ...(retryAfter !== undefined && { retryAfter }),
    ...parseBody(bytes, answer.headers['content-type'] ?? '', maxBytes),
  };
}

/** The whole body; `undefined` when it is too large. */
async function readBytes(answer: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let size = 0;
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) return chunks.push(chunk);
    // Reading on, only to use the connection again, would be up to the receiver to end.
    resolve(undefined);
    return answer.destroy();
  });
  answer.once('end', () => resolve(Buffer.concat(chunks)));
  answer.on('error', reject);
  answer.once('close', () => {
    if (!answer.readableEnded) reject(new ProtocolError('PROTOCOL_RESPONSE', 'the answer broke off'));
  });
  return await promise;
}

function parseBody(
  bytes: Buffer | undefined,
  contentType: string,
  maxBytes: number,
): Pick<TransportResponse, 'body' | 'bodyError'> {
  if (bytes === undefined) return { bodyError: unreadable(`the answer is larger than ${maxBytes} bytes`) };
  if (bytes.length === 0) return {};
  const text = bytes.toString('utf8');
  if (!/^[^;]*[/+]json\s*(;|$)/i.test(contentType)) return { body: text };
  try {
    return { body: JSON.parse(text) };
  } catch (cause) {
    return { bodyError: unreadable('the answer is no valid JSON', cause) };
  }
}

function unreadable(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('PROTOCOL_RESPONSE', what, { cause });
}
