// The demux worker: owns ffmpeg and turns its output into packets. What blocks or fails here, blocks or fails alone.
import { type ServedChannel, serveChannel } from '../channel/serve-channel.ts';
import { systemClock } from '../core/clock.ts';
import type { DemuxProtocol, DemuxSettings } from './demux-protocol.ts';
import { Demuxer } from './demuxer.ts';
import { MediaRelay } from './media-relay.ts';

const channel: ServedChannel<DemuxProtocol> = serveChannel<DemuxProtocol>(
  {
    connect: (request) => demuxer.connect(request),
    disconnect: () => demuxer.disconnect(),
  },
  { stop: () => demuxer.stop() },
);
const settings = channel.workerData as DemuxSettings;
const relay = new MediaRelay(channel, settings, systemClock);
const demuxer = new Demuxer(settings, relay, (name, detail) => channel.status(name, detail), systemClock);
