import { execFileSync } from 'node:child_process';

/** The processes whose command line holds this word, `life-line` guards included; zombies run no more. */
export function findProcesses(word: string): { readonly pid: number; readonly isGuard: boolean }[] {
  const list = execFileSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8' });
  return list
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, state = 'Z', ...args]) => !state.startsWith('Z') && args.join(' ').includes(word))
    .map(([pid, , ...args]) => ({ pid: Number(pid), isGuard: args.includes('life-line') }));
}

/** Sends a signal to the ffmpeg whose command line holds this word. */
export function signalFfmpeg(word: string, signal: NodeJS.Signals): void {
  const ffmpeg = findProcesses(word).find(({ isGuard }) => !isGuard);
  if (ffmpeg === undefined) throw new Error(`no ffmpeg with ${word}`);
  process.kill(ffmpeg.pid, signal);
}
