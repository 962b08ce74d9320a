import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, delimiter, join, sep } from 'node:path';
import { oneAtATime } from './lock.mjs';
import { announced, run } from './run.mjs';

/** Runs `npm ci`, unless what is installed is exactly what package-lock.json asks for. */
export function installPackages({ root, signal }) {
  return oneAtATime({
    root,
    signal,
    isDone: () => isInstalled(root),
    work: () => cleanInstall(root, signal),
  });
}

async function cleanInstall(root, signal) {
  // npm writes this list last. Taking it away first means: as long as it is missing, an install was not finished.
  rmSync(installedList(root), { force: true });
  const [command, ...args] = [
    ...npm(root),
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const env = { ...process.env, PATH: pathWithout(modulesOf(root)) };
  const { ok } = await announced('installing the npm packages (npm ci)', signal, () =>
    run(command, args, { cwd: root, env, signal }),
  );
  if (!ok) throw new Error('npm ci failed, its output stands above');
}

// Content, not times: a clone, a checkout and a copied cache all give the files new dates.
function isInstalled(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(installedList(root));
  if (wanted === undefined || present === undefined) return false;
  const isWanted = (path) => path in wanted;
  return Object.keys(present).every(isWanted) && Object.keys(wanted).every((path) => isAsWanted(path));

  function isAsWanted(path) {
    const { version, integrity, optional } = wanted[path];
    const found = present[path];
    if (path === '') return true; // The project itself; npm does not list it.
    if (found === undefined) return optional === true; // For another platform.
    return found.version === version && found.integrity === integrity;
  }
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined; // Missing or cut off in the middle: install again, and let npm say what it thinks of it.
  }
}

// Inside an npm script, the same npm on the same Node. But the Node that is one of this project's packages cannot run
// `npm ci`, which begins by deleting it; then the PATH, without this project's programs, finds the outer one.
function npm(root) {
  const { npm_execpath: cli = '', npm_node_execpath: node = '' } = process.env;
  if (basename(cli) !== 'npm-cli.js' || node === '' || isInside(node, modulesOf(root))) return ['npm'];
  return [node, cli];
}

function pathWithout(directory) {
  const places = (process.env.PATH ?? '').split(delimiter);
  return places.filter((place) => !isInside(place, directory)).join(delimiter);
}

function isInside(path, directory) {
  return path.startsWith(directory + sep);
}

function modulesOf(root) {
  return join(realpathSync(root), 'node_modules');
}

function installedList(root) {
  return join(root, 'node_modules', '.package-lock.json');
}
