import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** A finished run of `scripts/setup.mjs`. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it: extra environment, and flags for Node itself. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
}

/** One package as a lock file lists it. */
export interface LockedPackage {
  readonly version: string;
  readonly optional?: boolean;
}

/**
 * A temporary project with a copy of the setup scripts and its own `bin` as the whole PATH, so that what is found there,
 * and what is not, is up to the test.
 */
export class Sandbox {
  /** The project's directory. */
  readonly root: string = mkdtempSync(join(tmpdir(), 'spillway-setup-'));
  readonly #bin = join(this.root, 'bin');
  readonly #calls = join(this.root, 'calls.log');
  readonly #children = new Set<ChildProcess>();

  constructor() {
    chmodSync(this.root, 0o755);
    mkdirSync(this.#bin);
    cpSync(new URL('..', import.meta.url), join(this.root, 'scripts'), { recursive: true });
    this.lock({ one: { version: '1.0.0' }, elsewhere: { version: '1.0.0', optional: true } });
  }

  /** Writes package-lock.json. */
  lock(packages: Readonly<Record<string, LockedPackage>>): void {
    const entries = Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]);
    const text = JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...Object.fromEntries(entries) } });
    writeFileSync(join(this.root, 'package-lock.json'), text);
  }

  /**
   * Puts a program on the PATH that notes its arguments and then runs `body`: JavaScript with `args`, `fs` and `bin`
   * (the directory of the programs) at hand, started in the project's directory.
   */
  program(name: string, body: string = ''): void {
    this.script(`bin/${name}.mjs`, name, body);
    const file = join(this.#bin, name);
    writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${file}.mjs' "$@"\n`, { mode: 0o755 });
  }

  /** Writes such a program as a module that is not on the PATH; returns where. */
  script(path: string, name: string, body: string): string {
    const file = join(this.root, path);
    const prelude = [
      `import fs from 'node:fs';`,
      `const args = process.argv.slice(2);`,
      `const bin = ${JSON.stringify(this.#bin)};`,
      `fs.appendFileSync(${JSON.stringify(this.#calls)}, ${JSON.stringify(name)} + ' ' + args.join(' ') + '\\n');`,
    ];
    writeFileSync(file, [...prelude, body].join('\n'));
    return file;
  }

  /** What the programs were called with so far, in order. */
  get calls(): string[] {
    return existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : [];
  }

  /** Starts the setup and hands out its process. */
  start(target: string, { env = {}, nodeFlags = [] }: RunOptions = {}): ChildProcess {
    const child = spawn(process.execPath, [...nodeFlags, join(this.root, 'scripts/setup.mjs'), target], {
      cwd: this.root,
      env: { PATH: this.#bin + delimiter + join(this.root, 'node_modules/.bin'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    return child;
  }

  /** Runs the setup to its end. */
  run(target: string, options?: RunOptions): Promise<Outcome> {
    return outcome(this.start(target, options));
  }

  /** Ends what still runs and removes the directory. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What became of a started setup. */
export function outcome(child: ChildProcess): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, ...output })));
}
