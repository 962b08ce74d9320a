import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

/** Where ffmpeg is: `FFMPEG_PATH`, else the first one on `PATH`, else the one inside `@ffmpeg-installer/ffmpeg`. */
function findFfmpeg(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FFMPEG_PATH) return env.FFMPEG_PATH;
  const onPath = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'ffmpeg'));
  return onPath.find(isExecutable) ?? embeddedFfmpeg();
}

/** What {@link runFfmpeg} needs. */
export interface FfmpegRun {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Called about twice a second while ffmpeg makes progress, with the number of frames so far. */
  readonly onProgress: (frames: number) => void;
}

/**
 * Runs ffmpeg until it ends or the signal aborts: SIGTERM first, SIGKILL after a second. Throws its last words when it
 * fails on its own.
 */
export async function runFfmpeg({ args, signal, onProgress }: FfmpegRun): Promise<void> {
  if (signal.aborted) return;
  const child = spawn(
    findFfmpeg(),
    ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-progress', 'pipe:1', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let lastWords = '';
  child.stdout.on('data', (text: Buffer) => onProgress(lastFrameOf(`${text}`)));
  child.stderr.on('data', (text: Buffer) => {
    lastWords = `${text}`.trim().split('\n').at(-1) || lastWords;
  });
  const end = ended(child);
  const stop = (): void => void stopChild(child, end);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const code = await end;
    if (code !== 0 && !signal.aborted) throw new Error(`ffmpeg ended with ${code}: ${lastWords}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot run ffmpeg: ${error.message}`)));
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

async function stopChild(child: ChildProcess, end: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
  await end.catch(() => {});
  clearTimeout(timer);
}

function lastFrameOf(progress: string): number {
  return Number([...progress.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1] ?? 0);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function embeddedFfmpeg(): string {
  return (createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg') as { path: string }).path;
}
