// Makes a fresh clone ready. `npm run demo`, `npm test` and `npm run check` call it first, so it runs before any package
// is installed: no dependencies, and nothing newer than Node 20.
import { fileURLToPath } from 'node:url';
import { installPackages } from './setup/packages.mjs';
import { installPrograms } from './setup/system.mjs';

const targets = {
  demo: [installPackages],
  test: [installPackages, installPrograms],
};

try {
  await setUp(process.argv[2] ?? 'demo');
} catch (error) {
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}

async function setUp(target) {
  if (!Object.hasOwn(targets, target)) {
    throw new Error(`unknown target '${target}' (known: ${Object.keys(targets).join(', ')})`);
  }
  const context = { root: fileURLToPath(new URL('..', import.meta.url)), signal: stopSignal() };
  for (const step of targets[target]) await step(context);
}

// A stop ends the running installer first; a second one ends this process at once.
function stopSignal() {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  return stop.signal;
}
