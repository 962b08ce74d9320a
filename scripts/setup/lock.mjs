import { mkdirSync, rmdirSync, statSync, utimes } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// The holder renews its lock every second. One that is older belongs to a process that was killed; a process id
// would say less, because it means nothing in another container that shares the directory.
const renewMs = 1000;
const staleMs = 10_000;
const pollMs = 100;
const waitLimitMs = 45 * 60_000;

/**
 * Does work that two processes must not do at once, such as `npm ci` in one directory. Who waited looks again whether
 * anything is left to do.
 */
export async function oneAtATime({ root, signal, isDone, work }) {
  if (isDone()) return;
  // An empty directory: creating it is atomic, and git does not see it.
  const lock = join(root, '.setup-lock');
  await take(lock, signal);
  const renewal = setInterval(() => renew(lock), renewMs);
  try {
    if (!isDone()) await work();
  } finally {
    clearInterval(renewal);
    removeDirectory(lock);
  }
}

async function take(lock, signal) {
  const startedAtMs = performance.now();
  if (takeOver(lock)) return;
  console.log('setup: waiting for another setup in this directory');
  while (!takeOver(lock)) {
    if (performance.now() - startedAtMs > waitLimitMs) {
      throw new Error(`another setup has held ${lock} for ${waitLimitMs / 60_000} minutes; end it`);
    }
    await sleep(pollMs);
    signal.throwIfAborted();
  }
}

function takeOver(lock) {
  if (isStale(lock)) breakStale(lock);
  return createDirectory(lock);
}

// Of several that wait, a slow one could remove the lock that a fast one has just made in place of the stale one. So
// only one at a time may break, and it looks once more.
function breakStale(lock) {
  const breaker = `${lock}-break`;
  if (!createDirectory(breaker)) return;
  if (isStale(lock)) removeDirectory(lock);
  removeDirectory(breaker);
}

function isStale(lock) {
  const held = statSync(lock, { throwIfNoEntry: false });
  return held !== undefined && Date.now() - held.mtimeMs > staleMs;
}

function renew(lock) {
  const now = new Date();
  utimes(lock, now, now, () => {}); // A lock that somebody deleted by hand is no reason to stop.
}

function createDirectory(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function removeDirectory(path) {
  try {
    rmdirSync(path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
