import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** What each program does in the tests, where it is looked for, and the package of each package manager. */
export const programs = {
  chromium: {
    why: 'plays the streams',
    variable: 'CHROMIUM_PATH',
    commands: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    packages: { 'apt-get': 'chromium', dnf: 'chromium', brew: 'google-chrome' },
  },
  ffmpeg: {
    why: 'publishes the streams',
    variable: 'FFMPEG_PATH',
    commands: ['ffmpeg'],
    packages: { 'apt-get': 'ffmpeg', dnf: 'ffmpeg-free', brew: 'ffmpeg' },
  },
};

const managers = {
  'apt-get': 'sudo apt-get install -y --no-install-recommends',
  dnf: 'sudo dnf install -y',
  brew: 'brew install',
};

/** The path of a program, or `undefined`. A variable that is set decides alone, so a typo in it does not go unnoticed. */
export function findProgram(name) {
  const { variable, commands } = programs[name];
  const chosen = process.env[variable];
  if (chosen) return isExecutable(chosen) ? chosen : undefined;
  return commands.map(findCommand).find((path) => path !== undefined);
}

/** The path of a program for tests that are skipped without it. Says so loudly, and throws where CI must not skip. */
export function programOrSkip(name) {
  const path = findProgram(name);
  if (path !== undefined) return path;
  if (isCi()) throw new Error(describeMissing([name]));
  process.stderr.write(`\nSKIPPED: ${describeMissing([name])}\n\n`);
  return undefined;
}

/** One sentence: what is missing, what for, and what puts it right. */
export function describeMissing(names) {
  const what = names.map((name) => `${name} (${programs[name].why}${describeChoice(name)})`).join(' and ');
  const variables = names.map((name) => programs[name].variable).join(' and ');
  return `the end-to-end tests need ${what}, not found here; ${describeFix(names)}, or name the path in ${variables}.`;
}

/** The first executable file of that name on the PATH. */
export function findCommand(command) {
  const places = isAbsolute(command) ? [''] : (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return places.map((place) => join(place, command)).find(isExecutable);
}

/** Whether this is an automatic run, in which nothing may be skipped. */
export function isCi() {
  return !['', '0', 'false'].includes(process.env.CI ?? '');
}

function describeChoice(name) {
  const { variable } = programs[name];
  return process.env[variable] ? `; ${variable}=${process.env[variable]} cannot be run` : '';
}

function describeFix(names) {
  const manager = Object.keys(managers).find(findCommand);
  if (manager === undefined) return `install ${names.join(' and ')} with your package manager`;
  return `run: ${managers[manager]} ${names.map((name) => programs[name].packages[manager]).join(' ')}`;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
