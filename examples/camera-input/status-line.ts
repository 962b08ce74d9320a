import type { MediaInput } from 'spillway/ffmpeg';

/** One line about an input, for a terminal. */
export function statusLine(input: MediaInput): string {
  const { state, reconnects, failures, lastPacketAgeMs, video, audio } = input.stats();
  return [
    state.padEnd(10),
    `picture ${format(video)}`,
    `sound ${format(audio)}`,
    `last packet ${lastPacketAgeMs === null ? '-' : `${Math.round(lastPacketAgeMs)} ms ago`}`,
    `${failures} failures, ${reconnects} reconnects`,
  ].join('  |  ');
}

function format({ delivered, depth, dropped }: ReturnType<MediaInput['stats']>['video']): string {
  return `${delivered} read, ${depth} wait, ${dropped} dropped`;
}
