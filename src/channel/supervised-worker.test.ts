import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import {
  begin,
  cleanUp,
  create,
  inShort,
  liveAndDie,
  onCleanUp,
  once,
  start,
  take,
} from './fixtures/supervised-under-test.ts';
import { SupervisedWorker } from './supervised-worker.ts';

afterEach(cleanUp);

describe('SupervisedWorker: run', () => {
  it('is restarted by a supervisor, ready and beating, while one loop goes on', async () => {
    const worker = create();
    const reading = take(worker, 5);
    worker.on('started', ({ incarnation }) => {
      worker.send('write', { from: incarnation * 10, count: 2 });
      if (incarnation === 1) worker.send('die', {});
    });
    const supervisor = new Supervisor({ name: 'app' }).add(worker, { startTimeoutMs: 10_000 });
    const abort = new AbortController();
    const running = supervisor.run({ signal: abort.signal });
    onCleanUp(() => abort.abort());
    expect(inShort(await reading)).toEqual([10, 11, '1>2', 20, 21]);
    expect(supervisor.health().restartsTotal).toBe(1);
    abort.abort();
    await running;
    expect(worker.channel).toBeUndefined();
  });

  it('is ready when the worker serves, once per incarnation, and beats with it', async () => {
    const worker = create();
    const beaten = Promise.withResolvers<void>();
    const life = begin(worker, beaten.resolve);
    expect(life.readies).toBe(0);
    await beaten.promise;
    expect(life.readies).toBe(1);
  });

  it('throws what the worker died of', async () => {
    const worker = create();
    const life = await start(worker);
    worker.send('die', {});
    await expect(life.ended).rejects.toMatchObject({ code: 'WORKER_EXITED', exitCode: 3 });
  });

  it('throws when the worker hangs', async () => {
    const worker = create({ heartbeatTimeoutMs: 200 });
    const life = await start(worker);
    worker.send('wait', { gate: new Int32Array(new SharedArrayBuffer(4)) });
    await expect(life.ended).rejects.toMatchObject({ code: 'WORKER_HUNG' });
  });

  it('is no incarnation when the worker does not come to serve', async () => {
    const file = join(temporaryFolder(), 'worker.mjs');
    writeFileSync(file, `throw new Error('the disk is on fire');`);
    const worker = create({}, pathToFileURL(file));
    const reading = take(worker, 1);
    await expect(begin(worker).ended).rejects.toThrow('the disk is on fire');
    expect(worker.incarnation).toBe(0);
    writeFileSync(file, `import '${new URL('./fixtures/restless.worker.ts', import.meta.url)}';`);
    await liveAndDie(worker, 7, 1);
    expect(inShort(await reading)).toEqual([7]);
  });

  it('returns when the worker finished', async () => {
    const worker = create();
    const life = await start(worker);
    const ended = once(worker, 'ended');
    worker.send('finish', {});
    await life.ended;
    expect(await ended).toEqual({ incarnation: 1, exit: { reason: 'finished' } });
  });

  it('lets a worker that is stopped tidy up, then returns', async () => {
    const worker = create();
    const life = await start(worker);
    const status = once(worker, 'status');
    life.abort.abort();
    await life.ended;
    expect(await status).toMatchObject({ status: 'stopping', incarnation: 1 });
  });

  it('terminates a worker that does not stop within the grace', async () => {
    const worker = create({ stopGraceMs: 50 });
    const life = await start(worker);
    worker.send('ignoreStop', {});
    life.abort.abort();
    await life.ended;
  });

  it('is cut short by kill', async () => {
    const worker = create({ stopGraceMs: 3_600_000 });
    const life = await start(worker);
    worker.send('ignoreStop', {});
    life.abort.abort();
    worker.kill();
    await life.ended;
    worker.kill();
  });

  it('returns at once when it is stopped before or while the worker starts', async () => {
    const worker = create();
    await worker.run({ signal: AbortSignal.abort(), ready() {}, beat() {} });
    const life = begin(worker);
    life.abort.abort();
    await life.ended;
    expect(life.readies).toBe(0);
    expect(worker.incarnation).toBe(0);
  });

  it('refuses to run twice at the same time', async () => {
    const worker = create();
    const life = await start(worker);
    await expect(worker.run({ signal: life.abort.signal, ready() {}, beat() {} })).rejects.toThrow(
      'restless runs already',
    );
    expect(worker.channel).toBeDefined();
  });

  it('leaves no worker behind when ready() throws', async () => {
    const worker = create();
    const { signal } = new AbortController();
    const ready = (): void => {
      throw new Error('nobody listens');
    };
    await expect(worker.run({ signal, ready, beat() {} })).rejects.toThrow('nobody listens');
    expect(worker.channel).toBeUndefined();
  });

  it('leaves no listener on its signal', async () => {
    const worker = create();
    const { signal, count } = countedSignal();
    const ended = worker.run({ signal, ready() {}, beat() {} });
    await once(worker, 'started');
    expect(count()).toBe(1);
    worker.send('finish', {});
    await ended;
    expect(count()).toBe(0);
  });

  it('is not held up by a worker that is stuck in a native call', async () => {
    const path = join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [path]);
    const worker = create({ heartbeatTimeoutMs: 200 });
    const life = await start(worker);
    onCleanUp(() => openSync(path, 'r+')); // Lets the thread go.
    worker.send('blockInPipe', { path });
    await expect(life.ended).rejects.toMatchObject({ message: expect.stringContaining('left behind') });
    await start(worker);
    expect(await worker.call('commands', {})).toEqual([]);
  });
});

describe('SupervisedWorker: in a process', () => {
  it('lives, dies and comes back as in a thread', async () => {
    const worker = create({ host: 'process' });
    const reading = take(worker, 4);
    worker.set('connect', { url: 'here' });
    await liveAndDie(worker, 0, 2);
    await start(worker);
    expect(await worker.call('commands', {})).toEqual(['connect here']);
    worker.send('write', { from: 10, count: 1 });
    expect(inShort(await reading)).toEqual([0, 1, '1>2', 10]);
  });

  it('refuses at once what only a thread could be sent', () => {
    const worker = create({ host: 'process' });
    const shared = { level: new SharedArrayBuffer(4) } as never;
    expect(() => worker.set('volume', shared)).toThrow(/volume cannot be sent to a worker process/);
    expect(() => create({ host: 'process', workerData: shared })).toThrow(/workerData cannot be sent/);
  });
});

describe('SupervisedWorker: options', () => {
  it.each([
    { options: { capacity: 0 }, says: /capacity must be .* got 0/ },
    { options: { stopGraceMs: -1 }, says: /stopGraceMs must be .* got -1/ },
    { options: { stopGraceMs: Number.POSITIVE_INFINITY }, says: /stopGraceMs must be .* got Infinity/ },
    { options: { signal: new AbortController().signal }, says: /no option 'signal': run\(\) takes one/ },
    { options: { workerData: () => {} }, says: /workerData cannot be sent to a worker/ },
    { options: { timeout: 10 }, says: /no option 'timeout'/ },
  ])('refuses $options when it is made', ({ options, says }) => {
    expect(() => create(options as never)).toThrow(says);
    expect(() => create(options as never)).toThrow(ConfigError);
  });

  it('refuses a file that is no URL, and takes its name as its own', () => {
    expect(() => new SupervisedWorker('./demux.worker.ts' as never)).toThrow(/file must be a URL/);
    expect(new SupervisedWorker(new URL('file:///somewhere/demux.worker.ts')).name).toBe('demux.worker.ts');
  });
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'));
  onCleanUp(() => rmSync(folder, { recursive: true }));
  return folder;
}

function countedSignal(): { readonly signal: AbortSignal; readonly count: () => number } {
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  let listeners = 0;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    add(...(args as Parameters<typeof add>));
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    remove(...(args as Parameters<typeof remove>));
  };
  return { signal, count: () => listeners };
}
