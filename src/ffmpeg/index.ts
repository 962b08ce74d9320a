/**
 * Sources through ffmpeg: a supervised worker that connects, reads and reconnects, and gives packets of picture and sound.
 *
 * @module ffmpeg
 */
export type {
  DisconnectReason,
  SourceConnected,
  SourceConnecting,
  SourceDisconnected,
  SourceFailed,
  SourceProgress,
} from './demux-protocol.ts';
export type { AudioTreatment, VideoTreatment } from './ffmpeg-command.ts';
export { FfmpegError, type FfmpegFailure } from './ffmpeg-error.ts';
export { type FfmpegEnd, FfmpegProcess, type FfmpegProcessOptions } from './ffmpeg-process.ts';
export type {
  InputHeartbeat,
  InputMoment,
  MediaInputEvents,
  MediaInputState,
  MediaInputStats,
  PacketsDropped,
  WorkerLost,
} from './input-events.ts';
export { MediaInput } from './media-input.ts';
export type { MediaOutput, MediaOutputStats } from './media-output.ts';
export type { MediaOverflow, QueueStats } from './media-queue.ts';
export type { MediaInputOptions, OutputOptions, SourceOptions } from './options.ts';
export type { AudioInfo, SourceInfo, VideoInfo } from './source-info.ts';
