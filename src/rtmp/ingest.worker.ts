// The ingest thread: owns the listening socket and every publisher's connection, parses RTMP, and hands whole FLV tags
// to the main thread. Nothing else runs here, so nothing else can keep a socket from being read.
import { createServer, type Socket } from 'node:net';
import { type ServedChannel, serveChannel } from '../channel/serve-channel.ts';
import { OverflowError } from '../core/errors.ts';
import { IngestConnection, type IngestHost } from './ingest-connection.ts';
import type { IngestItem, IngestLimits, IngestProtocol } from './ingest-protocol.ts';
import { listen } from './listen.ts';
import { ReportBudget } from './report-budget.ts';

const connections = new Set<IngestConnection>();
const server = createServer();

const channel: ServedChannel<IngestProtocol> = serveChannel<IngestProtocol>(
  {
    listen: ({ host, port }) => listen(server, host, port),
    refuse({ id, reason }) {
      for (const connection of connections) connection.refuse(id, reason);
    },
  },
  { stop },
);
const limits = channel.workerData as IngestLimits;
const reports = new ReportBudget();
let lastId = 0;

const host: IngestHost = {
  limits,
  names: new Set(),
  nextId: () => ++lastId,
  offer: (item) => channel.tryWrite(item, { transfer: buffersOf(item) }),
  room: () => channel.room(),
  authorize: (request, signal) => {
    const { authorizeTimeoutMs } = limits;
    return channel.request(
      'authorize',
      request,
      authorizeTimeoutMs === undefined ? { signal } : { signal, timeoutMs: authorizeTimeoutMs },
    );
  },
  rejected: (name, reason, remoteAddress) =>
    reports.add((suppressed) => channel.status('rejected', { name, reason, remoteAddress, suppressed })),
  failed: (error, remoteAddress) =>
    reports.add((suppressed) => {
      channel.status('connectionFailed', {
        remoteAddress,
        code: error.code,
        message: error.message,
        suppressed,
      });
    }),
};

// Not `server.maxConnections`, because a closed connection counts until the main thread has taken what it left.
server.on('connection', (socket) => {
  if (connections.size >= limits.maxConnections) return dropSurplus(socket);
  const connection = new IngestConnection(socket, host);
  connections.add(connection);
  void connection.ended.then(() => connections.delete(connection));
});

function dropSurplus(socket: Socket): void {
  const what = `there are ${limits.maxConnections} connections, the limit`;
  host.failed(
    new OverflowError('OVERFLOW_CONNECTIONS', what),
    `${socket.remoteAddress}:${socket.remotePort}`,
  );
  socket.destroy();
}

function buffersOf(item: IngestItem): ArrayBuffer[] {
  return item.type === 'tag' ? [item.tag.buffer] : [];
}

async function stop(): Promise<void> {
  server.close();
  await Promise.all([...connections].map((connection) => connection.close()));
}
