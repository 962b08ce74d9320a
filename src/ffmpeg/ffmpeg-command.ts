import { createRequire } from 'node:module';
import type { FfmpegCommand } from 'fluent-ffmpeg';
import { ConfigError } from '../core/errors.ts';

/** What ffmpeg does with the picture: pass it on, encode it as H.264, leave it out. */
export type VideoTreatment = 'copy' | 'h264' | 'none';

/** What ffmpeg does with the sound: pass it on, encode it as AAC, leave it out. */
export type AudioTreatment = 'copy' | 'aac' | 'none';

/** What ffmpeg shall read, and how. Plain data: it travels to the worker. */
export interface SourceRequest {
  readonly url: string;
  readonly inputFormat: string | undefined;
  readonly inputOptions: readonly string[];
  readonly outputOptions: readonly string[];
  readonly realtime: boolean;
  readonly probeMs: number;
  readonly videoCodec: VideoTreatment;
  readonly audioCodec: AudioTreatment;
}

/**
 * Refuses to go on without the package that builds ffmpeg's arguments.
 *
 * @throws {ConfigError} naming it.
 */
export function requireBuilder(name: string = 'fluent-ffmpeg'): void {
  try {
    createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new ConfigError(`MediaInput needs the package '${name}'; install it: npm install ${name}`, {
      cause,
    });
  }
}

/** ffmpeg's arguments for a source: FLV to stdout. The builder only lists them; the process is ours. */
export async function buildArguments(request: SourceRequest): Promise<readonly string[]> {
  const { default: ffmpeg } = await import('fluent-ffmpeg');
  const command = ffmpeg().input(request.url);
  if (request.inputFormat !== undefined) command.inputFormat(request.inputFormat);
  if (request.realtime) command.native();
  command.inputOptions(...probing(request.probeMs), ...request.inputOptions);
  videoTreatments[request.videoCodec](command);
  audioTreatments[request.audioCodec](command);
  command
    .outputOptions(...promptFlv, ...request.outputOptions)
    .format('flv')
    .output('pipe:1');
  return command._getArguments();
}

// Counting frames to learn the rate would take as long as the frames do.
function probing(probeMs: number): string[] {
  return ['-analyzeduration', `${probeMs * 1_000}`, '-fpsprobesize', '0'];
}

// No length and size at the end, since stdout cannot be rewound to write them; each packet at once; and half a second
// of silence in one stream is the most that holds back the other.
const promptFlv = [
  ...['-sn', '-dn', '-flvflags', 'no_duration_filesize'],
  ...['-flush_packets', '1', '-max_interleave_delta', '500000'],
];

// A keyframe every two seconds, whatever the frame rate: the longest a viewer waits who joins or has lagged.
const h264 = [
  ...['-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-force_key_frames', 'expr:gte(t,n_forced*2)'],
];

const videoTreatments: Readonly<Record<VideoTreatment, (command: FfmpegCommand) => void>> = {
  copy: (command) => command.videoCodec('copy'),
  h264: (command) => command.videoCodec('libx264').outputOptions(...h264),
  none: (command) => command.noVideo(),
};

const audioTreatments: Readonly<Record<AudioTreatment, (command: FfmpegCommand) => void>> = {
  copy: (command) => command.audioCodec('copy'),
  aac: (command) => command.audioCodec('aac'),
  none: (command) => command.noAudio(),
};
