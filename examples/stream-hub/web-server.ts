import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { ListenError, type Service, type ServiceContext, type Supervisor } from 'spillway';
import type { StreamDirectory } from 'spillway/media';
import type { RtmpIngest } from 'spillway/rtmp';
import type { WebSocketBroadcast } from 'spillway/websocket';
import { apiRoutes } from './api.ts';
import { servePage } from './page-files.ts';
import { urlHost } from './url-host.ts';

/** What the web server shows and where. */
export interface WebServerOptions {
  readonly host: string;
  readonly port: number;
  readonly streams: StreamDirectory;
  readonly broadcast: WebSocketBroadcast;
  readonly supervisor: Supervisor;
  readonly ingest: RtmpIngest;
}

/** Serves the page, the API and the streams themselves. */
export class WebServer implements Service {
  readonly name = 'web';
  readonly #options: WebServerOptions;
  #port: number;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** `http://host:port`, with the port that was taken. */
  get url(): string {
    return `http://${urlHost(this.#options.host)}:${this.#port}`;
  }

  async run({ signal, ready }: ServiceContext): Promise<void> {
    const { broadcast, host } = this.#options;
    const routes = apiRoutes(this.#options, () => this.url);
    const server = createServer((request, response) => this.#answer(routes, request, response));
    server.on('upgrade', (request, socket, head) => {
      if (!broadcast.handleUpgrade(request, socket, head)) socket.destroy();
    });
    this.#port = await listen(server, host, this.#port);
    ready();
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    broadcast.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  #answer(routes: ReturnType<typeof apiRoutes>, request: IncomingMessage, response: ServerResponse): void {
    if (this.#options.broadcast.handleRequest(request, response)) return;
    const path = request.url?.split('?', 1)[0] ?? '/';
    const route = request.method === 'GET' ? routes[path] : undefined;
    if (route === undefined) return servePage(path, request, response);
    const { status = 200, body } = route();
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(body));
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      const why = isTaken ? 'another program uses that port' : error.message;
      reject(
        new ListenError(
          isTaken ? 'LISTEN_IN_USE' : 'LISTEN_FAILED',
          `cannot listen on ${host}:${port}: ${why}`,
        ),
      );
    });
    server.listen({ host, port }, () => resolve((server.address() as { port: number }).port));
  });
}
