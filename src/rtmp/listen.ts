import type { AddressInfo, Server } from 'node:net';
import { ListenError, type SpillwayErrorCode } from '../core/errors.ts';

const refusals: Readonly<Record<string, { readonly code: SpillwayErrorCode; readonly why: string }>> = {
  EADDRINUSE: { code: 'LISTEN_IN_USE', why: 'another program uses that port' },
  EACCES: { code: 'LISTEN_DENIED', why: 'this user may not use that port' },
  EADDRNOTAVAIL: { code: 'LISTEN_FAILED', why: 'this machine has no such address' },
};

/**
 * Makes a server listen and tells the address it got, which matters for port 0.
 *
 * @throws {ListenError} one sentence with address and reason.
 */
export function listen(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    // Stays on: an error of a server that listens already is no reason to end the thread and every connection.
    server.on('error', (error: NodeJS.ErrnoException) => {
      const { code, why } = refusals[error.code ?? ''] ?? { code: 'LISTEN_FAILED', why: error.message };
      reject(new ListenError(code, `cannot listen on ${host}:${port}: ${why}`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      const address = server.address() as AddressInfo;
      resolve({ host: address.address, port: address.port });
    });
  });
}
