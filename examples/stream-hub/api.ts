import type { LiveStreamStats, TrackStats } from 'spillway/media';
import { urlHost } from './url-host.ts';
import type { WebServerOptions } from './web-server.ts';

/** What a route answers. */
export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** The API, path by path. Everything is read from memory: no route waits for anything. */
export function apiRoutes(
  hub: WebServerOptions,
  httpUrl: () => string,
): Readonly<Record<string, () => Answer>> {
  return {
    '/healthz': () => {
      const { status } = hub.supervisor.health();
      return { status: status === 'failing' ? 503 : 200, body: { status } };
    },
    '/api/streams': () => ({
      body: { streams: hub.streams.list().map((stream) => describe(stream.stats())) },
    }),
    '/api/viewers': () => ({ body: { viewers: hub.broadcast.viewers() } }),
    '/api/tree': () => ({ body: hub.supervisor.health() }),
    '/api/info': () => ({
      body: {
        rtmpUrl: `rtmp://${urlHost(hub.host)}:${hub.ingest.address?.port}/live`,
        httpUrl: `${httpUrl()}/live`,
        wsUrl: `${httpUrl().replace('http', 'ws')}/live`,
      },
    }),
  };
}

function describe(stats: LiveStreamStats): object {
  return {
    name: stats.name,
    state: stats.state,
    reason: stats.state === 'interrupted' ? 'the publisher was lost; waiting for it to come back' : null,
    uptimeMs: stats.uptimeMs,
    lastFrameAgeMs: stats.lastPacketAgeMs,
    viewers: stats.viewers,
    skippedItems: stats.missedPackets,
    restarts: stats.resumptions,
    video: stats.video && {
      ...describeTrack(stats.video),
      fps: stats.video.packetsPerSecond,
      frames: stats.video.packets,
      keyframeIntervalMs: stats.keyframeIntervalMs,
    },
    audio: stats.audio && describeTrack(stats.audio),
  };
}

function describeTrack({ codec, bitrateKbps }: TrackStats): object {
  return { codec, bitrateKbps };
}
