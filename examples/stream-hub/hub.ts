import { exponentialBackoff, type Logger, Supervisor } from 'spillway';
import { StreamDirectory } from 'spillway/media';
import { RtmpIngest } from 'spillway/rtmp';
import { WebSocketBroadcast } from 'spillway/websocket';
import { testPattern } from './test-pattern.ts';
import { WebServer } from './web-server.ts';

/** What a hub needs to know. */
export interface HubOptions {
  readonly host: string;
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly publisher: boolean;
  readonly logger: Logger;
}

/** The parts of the system, wired: RTMP ingest → streams → viewers, a web server, and one supervisor over all. */
export interface Hub {
  readonly streams: StreamDirectory;
  readonly ingest: RtmpIngest;
  readonly web: WebServer;
  readonly supervisor: Supervisor;
}

/** Builds the system. Nothing runs before `supervisor.run()`. */
export function createHub({ host, rtmpPort, httpPort, publisher, logger }: HubOptions): Hub {
  const streams = new StreamDirectory({ logger });
  const ingest = new RtmpIngest({ streams, host, port: rtmpPort, logger });
  const broadcast = new WebSocketBroadcast({ streams, streamers: {}, quality: 'auto', logger });
  // A dead ingest takes the publisher's connection with it, so both count; ten in a minute is still no crash loop.
  const supervisor = new Supervisor({
    ...{ name: 'hub', maxRestarts: 10, restartWindowMs: 60_000, logger },
    backoff: exponentialBackoff({ maxMs: 2_000 }),
  });
  const web = new WebServer({ host, port: httpPort, streams, broadcast, supervisor, ingest });
  supervisor.add(ingest, { startTimeoutMs: 10_000, heartbeatTimeoutMs: 5_000 });
  supervisor.add(web, { startTimeoutMs: 10_000 });
  if (publisher)
    supervisor.add(testPattern(ingest, 'demo'), { heartbeatTimeoutMs: 10_000, stopTimeoutMs: 1_500 });
  return { streams, ingest, web, supervisor };
}
