import { parseArgs } from 'node:util';
import { describeError, Supervisor } from 'spillway';
import { MediaInput, type MediaOutput } from 'spillway/ffmpeg';
import { FakeCamera } from './fake-camera.ts';
import { statusLine } from './status-line.ts';
import { playTimetable } from './timetable.ts';

const usage = `Watches a fake camera that is switched off, frozen and switched on again.

  --process       keeps ffmpeg and its worker in a process instead of a thread
  --ffmpeg PATH   the ffmpeg to use; default: FFMPEG_PATH, else the one on the PATH
  --help
`;

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: { process: { type: 'boolean' }, ffmpeg: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (flags.help) return say(usage);
  const ffmpegPath = flags.ffmpeg ?? process.env.FFMPEG_PATH ?? 'ffmpeg';
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await using camera = await FakeCamera.start(ffmpegPath);
  const input = new MediaInput({
    ...{ name: 'camera', url: camera.url, ffmpegPath, host: flags.process ? 'process' : 'thread' },
    ...{ reconnectOnEnd: true, connectTimeoutMs: 3_000, stallTimeoutMs: 2_000, probeMs: 700 },
    backoff: { maxMs: 1_000 },
  });
  input.on('heartbeat', () => say(statusLine(input)));
  input.on('connected', ({ video, audio, connectMs }) =>
    say(`+ connected in ${connectMs} ms: ${video?.codec} ${video?.width}x${video?.height}, ${audio?.codec}`),
  );
  input.on('disconnected', ({ reason, clearedVideo }) =>
    say(`- ${reason}, ${clearedVideo} pictures cleared`),
  );
  input.on('failed', ({ message, retryInMs }) => say(`! ${message}; again in ${Math.round(retryInMs)} ms`));
  const running = new Supervisor({ name: 'app' })
    .add(input, { heartbeatTimeoutMs: 5_000 })
    .run({ signal: stop.signal });
  void Promise.all([read(input.video), read(input.audio)]);
  await playTimetable(camera, stop.signal, (what) => say(`--- ${what}`));
  stop.abort();
  await running;
}

async function read(output: MediaOutput): Promise<void> {
  for await (const _packet of output); // Here you would decode, record, analyse…
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
