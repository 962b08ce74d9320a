import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcome, Sandbox } from './setup/sandbox.ts';

const npmCi = 'npm ci --include=dev --no-audit --no-fund --loglevel=error';
const installs = `
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  const present = Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.optional);
  fs.mkdirSync('node_modules', { recursive: true });
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(present) }));`;
const halfInstalls = `fs.mkdirSync('node_modules/half-a-package', { recursive: true });`;

const aptInstall = 'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300';
const aptInstalls = `
  const names = ['chromium', 'ffmpeg'].filter((name) => args.includes(name));
  for (const name of names) fs.writeFileSync(bin + '/' + name, '', { mode: 0o755 });`;

// An empty PATH would mean the system's own directories.
const emptyPath = '/nowhere';

const isRoot = process.getuid?.() === 0;
// Gives up root's rights before setup.mjs loads.
const asOrdinaryUser = isRoot ? ['--import=data:text/javascript,process.setuid(65534)'] : [];

let project: Sandbox;
beforeEach(() => {
  project = new Sandbox();
});
afterEach(() => project.remove());

describe('packages', () => {
  beforeEach(() => project.program('npm', installs));

  it('installs into a fresh clone, under one line that says what and how long', async () => {
    const { exitCode, stdout, stderr } = await project.run('demo');
    expect(project.calls).toEqual([npmCi]);
    expect(stdout).toMatch(/^setup: installing the npm packages \(npm ci\) … done in \d+\.\d s\n$/);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('does nothing and says nothing when all is in place, whatever the date of the lock file', async () => {
    await project.run('demo');
    utimesSync(join(project.root, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000));
    expect(await project.run('demo')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(project.calls).toEqual([npmCi]);
  });

  it.each([
    ['another version', { one: { version: '2.0.0' } }],
    ['one package more', { one: { version: '1.0.0' }, two: { version: '1.0.0' } }],
    ['one package less', {}],
  ])('installs again when the lock file asks for %s', async (_change, packages) => {
    await project.run('demo');
    project.lock(packages);
    await project.run('demo');
    await project.run('demo');
    expect(project.calls).toEqual([npmCi, npmCi]);
  });

  it('shows what npm said when npm fails, and tries again the next time', async () => {
    project.program('npm', `${halfInstalls} console.error('no such registry'); process.exit(7);`);
    const { exitCode, stdout, stderr } = await project.run('demo');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('… failed in');
    expect(stderr).toBe('no such registry\nsetup: npm ci failed, its output stands above\n');
    await project.run('demo');
    expect(project.calls).toEqual([npmCi, npmCi]);
  });

  it('says so when there is no npm at all', async () => {
    const { exitCode, stderr } = await project.run('demo', { env: { PATH: emptyPath } });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('spawn npm ENOENT');
  });

  it('installs again when it was stopped on the way, even if the old packages fit again', async () => {
    await project.run('demo');
    project.lock({ one: { version: '2.0.0' } });
    project.program(
      'npm',
      `${halfInstalls} process.kill(process.ppid, 'SIGTERM'); setInterval(() => {}, 1000);`,
    );
    const stopped = await project.run('demo');
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr).toBe('setup: stopped by SIGTERM\n');

    project.lock({ one: { version: '1.0.0' } });
    project.program('npm', installs);
    expect((await project.run('demo')).exitCode).toBe(0);
    expect(project.calls).toEqual([npmCi, npmCi, npmCi]);
  });

  it('goes on by itself after a setup that was killed, once its lock has grown old', async () => {
    project.program('npm', `${halfInstalls} process.kill(process.ppid, 'SIGKILL');`);
    await project.run('demo');
    const lock = join(project.root, '.setup-lock');
    expect(existsSync(lock)).toBe(true);
    utimesSync(lock, new Date(), new Date(Date.now() - 11_000));

    project.program('npm', installs);
    expect((await project.run('demo')).exitCode).toBe(0);
    expect(project.calls).toEqual([npmCi, npmCi]);
    expect(existsSync(lock)).toBe(false);
  });

  it('runs the npm that called it, on the Node of that npm', async () => {
    const cli = project.script('npm-cli.js', 'outer-npm', installs);
    writeFileSync(join(project.root, 'package.json'), '{ "type": "module" }');
    const env = { npm_execpath: cli, npm_node_execpath: process.execPath, PATH: emptyPath };
    expect((await project.run('demo', { env })).exitCode).toBe(0);
    expect(project.calls).toEqual([npmCi.replace('npm', 'outer-npm')]);
  });

  it('does not run npm on the Node that npm is about to delete', async () => {
    const cli = project.script('npm-cli.js', 'outer-npm', '');
    const node = join(project.root, 'node_modules/node/bin/node');
    project.program('npm', `console.error(process.env.PATH); process.exit(1);`);
    const { stderr } = await project.run('demo', { env: { npm_execpath: cli, npm_node_execpath: node } });
    expect(project.calls).toEqual([npmCi]);
    expect(stderr.split('\n')[0]).toBe(join(project.root, 'bin'));
  });
});

describe('two setups at once', () => {
  let gate: Server;
  let port: number;
  const waitsAtGate = () => `
    const { connect } = await import('node:net');
    await new Promise((resolve) => connect(${port}, '127.0.0.1').on('close', resolve).resume());`;

  beforeEach(async () => {
    gate = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => gate.once('listening', resolve));
    port = (gate.address() as { port: number }).port;
  });
  afterEach(() => gate.close());

  it('lets the second wait for the first and then find nothing left to do', async () => {
    project.program('npm', waitsAtGate() + installs);
    const first = outcome(project.start('demo'));
    const [installing] = await new Promise<[Socket]>((resolve) =>
      gate.once('connection', (...args) => resolve(args)),
    );
    const second = project.start('demo');
    const secondEnd = outcome(second);
    await new Promise((resolve) => second.stdout?.once('data', resolve));
    installing.end();

    expect((await first).exitCode).toBe(0);
    expect(await secondEnd).toEqual({
      exitCode: 0,
      stdout: 'setup: waiting for another setup in this directory\n',
      stderr: '',
    });
    expect(project.calls).toEqual([npmCi]);
  });
});

describe('programs', () => {
  beforeEach(() => project.program('npm', installs));

  it('looks for none of them for the demo', async () => {
    project.program('apt-get', aptInstalls);
    expect((await project.run('demo', { env: { CI: 'true' } })).exitCode).toBe(0);
    expect(project.calls).toEqual([npmCi]);
  });

  it.skipIf(!isRoot)('installs with apt-get what is missing, as root', async () => {
    project.program('apt-get', aptInstalls);
    const { exitCode, stdout, stderr } = await project.run('test', { env: { CI: 'true' } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('setup: installing chromium, ffmpeg with apt-get (Debian packages) … done in');
    await project.run('test');
    expect(project.calls).toEqual([npmCi, `${aptInstall} chromium ffmpeg`]);
  });

  it.skipIf(!isRoot)('installs only what is not there', async () => {
    project.program('ffmpeg');
    project.program('apt-get', aptInstalls);
    await project.run('test');
    expect(project.calls).toEqual([npmCi, `${aptInstall} chromium`]);
  });

  it.skipIf(!isRoot)('fetches the package lists only when the first attempt fails', async () => {
    const needsLists = `
      if (args[0] === 'update') fs.writeFileSync('lists', '');
      else if (!fs.existsSync('lists')) process.exit(100);
      else {${aptInstalls}}`;
    project.program('apt-get', needsLists);
    expect((await project.run('test')).exitCode).toBe(0);
    const install = `${aptInstall} chromium ffmpeg`;
    expect(project.calls).toEqual([npmCi, install, 'apt-get update', install]);
  });

  it.skipIf(!isRoot)('shows what apt-get said when it cannot, and then what is missing', async () => {
    project.program('apt-get', `console.log('E: no such package'); process.exit(100);`);
    const { exitCode, stdout, stderr } = await project.run('test');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('… failed in');
    expect(stderr).toMatch(
      /^E: no such package\nsetup: the end-to-end tests need chromium .* Until then .*\n$/,
    );
  });

  it.each([
    ['apt-get', 'run: sudo apt-get install -y --no-install-recommends chromium ffmpeg'],
    ['dnf', 'run: sudo dnf install -y chromium ffmpeg-free'],
    ['brew', 'run: brew install google-chrome ffmpeg'],
    ['nothing-known', 'install chromium and ffmpeg with your package manager'],
  ])('only says what to do for an ordinary user with %s', async (manager, advice) => {
    project.program(manager);
    await project.run('demo');
    const { exitCode, stdout, stderr } = await project.run('test', { nodeFlags: asOrdinaryUser });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toBe(
      'setup: the end-to-end tests need chromium (plays the streams) and ffmpeg (publishes the streams), not found here; ' +
        `${advice}, or name the path in CHROMIUM_PATH and FFMPEG_PATH. Until then those tests are skipped.\n`,
    );
    expect(project.calls).toEqual([npmCi]);
  });

  it('fails in CI, where a skipped test would look like a passed one', async () => {
    const { exitCode, stderr } = await project.run('test', { env: { CI: 'true' } });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^setup: the end-to-end tests need chromium .*\n$/);
  });

  it('takes the program that a variable names, and no other', async () => {
    project.program('ffmpeg');
    project.program('chromium');
    project.program('apt-get', aptInstalls);
    expect((await project.run('test', { env: { FFMPEG_PATH: process.execPath } })).stderr).toBe('');
    const { stderr } = await project.run('test', { env: { FFMPEG_PATH: join(project.root, 'nowhere') } });
    expect(stderr).toContain(`FFMPEG_PATH=${join(project.root, 'nowhere')} cannot be run`);
    expect(project.calls).toEqual([npmCi]);
  });
});

it('refuses a target it does not know', async () => {
  const { exitCode, stderr } = await project.run('tset');
  expect(exitCode).toBe(1);
  expect(stderr).toBe("setup: unknown target 'tset' (known: demo, test)\n");
});
