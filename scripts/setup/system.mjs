import { describeMissing, findCommand, findProgram, isCi, programs } from '../programs.mjs';
import { oneAtATime } from './lock.mjs';
import { announced, run } from './run.mjs';

/**
 * Installs the programs of the end-to-end tests where that asks nobody: as root on Debian and its relatives. Elsewhere
 * it says what to do. Only CI fails without them; a developer's tests skip what needs them.
 */
export async function installPrograms({ root, signal }) {
  const isDone = () => installable().length === 0;
  if (process.getuid?.() === 0 && findCommand('apt-get')) {
    await oneAtATime({ root, signal, isDone, work: () => aptInstall(installable(), signal) });
  }
  const names = missing();
  if (names.length === 0) return;
  if (isCi()) throw new Error(describeMissing(names));
  console.error(`setup: ${describeMissing(names)} Until then those tests are skipped.`);
}

function aptInstall(names, signal) {
  const packages = names.map((name) => programs[name].packages['apt-get']);
  return announced(`installing ${packages.join(', ')} with apt-get (Debian packages)`, signal, async () => {
    const install = [
      'install',
      '-y',
      '--no-install-recommends',
      '-o',
      'DPkg::Lock::Timeout=300',
      ...packages,
    ];
    const first = await apt(install, signal);
    if (first.ok) return first;
    // A fresh image has no package lists, an old one has lists of versions that are gone.
    await apt(['update'], signal);
    return apt(install, signal);
  });
}

function apt(args, signal) {
  return run('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, signal });
}

function missing() {
  return Object.keys(programs).filter((name) => findProgram(name) === undefined);
}

// Who sets a variable wants that very program; installing another one would not help.
function installable() {
  return missing().filter((name) => !process.env[programs[name].variable]);
}
