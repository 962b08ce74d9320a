import { setTimeout as pause } from 'node:timers/promises';
import type { FakeCamera } from './fake-camera.ts';

/** What happens to the camera, and for how many seconds it stays so. */
interface Entry {
  readonly what: string;
  readonly seconds: number;
  readonly act: (camera: FakeCamera) => unknown;
}

const timetable: readonly Entry[] = [
  { what: 'the camera is off', seconds: 3, act: () => {} },
  { what: 'it accepts and never answers', seconds: 4, act: (camera) => camera.switchOn('silent') },
  { what: 'it is on', seconds: 6, act: (camera) => camera.switchOn() },
  { what: 'it freezes in mid-stream', seconds: 5, act: (camera) => camera.freeze() },
  { what: 'it goes on', seconds: 6, act: (camera) => camera.thaw() },
  { what: 'it is switched off', seconds: 3, act: (camera) => camera.switchOff() },
  { what: 'it is on again', seconds: 6, act: (camera) => camera.switchOn() },
];

/** Plays the timetable once, or until the signal aborts. */
export async function playTimetable(
  camera: FakeCamera,
  signal: AbortSignal,
  say: (what: string) => void,
): Promise<void> {
  for (const { what, seconds, act } of timetable) {
    if (signal.aborted) return;
    say(what);
    await act(camera);
    await pause(seconds * 1_000, undefined, { signal }).catch(() => {});
  }
}
