import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

// A process that is frozen, or waits for a silent source, never notices that the program which started it is dead. So a
// shell stands between, and beside ffmpeg a watcher that reads the shell's stdin, the life-line. While we live it carries
// orders, one signal name a line. When we die, however, or let go of it, it ends, and the watcher kills ffmpeg, which
// works on a frozen one as well. The shell waits for both, so nothing is left for others to reap. What the caller gives
// reaches the shell only as `"$@"`, which it does not interpret.
const script = `exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ while read -r signal; do kill -s "$signal" "$program"; done; kill -s KILL "$program"; } <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&- >/dev/null 2>&1
wait "$program"
code=$?
kill -s KILL "$watcher"
wait "$watcher"
exit "$code"`;

const isWindows = process.platform === 'win32';
const stdio: SpawnOptions['stdio'] = ['pipe', 'pipe', 'pipe'];

/** Starts a program that cannot outlive us. Its own stdin is empty. */
export function spawnOnLifeLine(path: string, args: readonly string[]): ChildProcess {
  // On Windows libuv puts every child in a job object that the system ends with our process.
  if (isWindows) return spawn(path, [...args], { stdio, windowsHide: true });
  return spawn('/bin/sh', ['-c', script, 'life-line', path, ...args], { stdio, detached: true });
}

/** Asks the program to end. Windows knows no such request: there it is ended at once. */
export function askToEnd(child: ChildProcess): void {
  if (isWindows) child.kill();
  else child.stdin?.write('TERM\n');
}

/** Ends the program, also when it is frozen, and leaves its shell to tidy up. */
export function letGo(child: ChildProcess): void {
  if (isWindows) child.kill();
  else child.stdin?.destroy();
}

/** Ends the program, its shell and the watcher together: they are one process group. */
export function killAll(child: ChildProcess): void {
  if (isWindows || child.pid === undefined) return void child.kill('SIGKILL');
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {} // Nobody is left.
}
