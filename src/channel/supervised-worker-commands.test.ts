import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { ClosedError, ConfigError, WorkerExitError } from '../core/errors.ts';
import type { RestlessProtocol } from './fixtures/restless.worker.ts';
import { cleanUp, create, liveAndDie, once, type Restless, start } from './fixtures/supervised-under-test.ts';
import type { SupervisedWorker } from './supervised-worker.ts';

afterEach(cleanUp);

describe('SupervisedWorker: desired state', () => {
  it('is sent to each incarnation before anything else, in the order of the last setting', async () => {
    const worker = create();
    worker.on('started', () => worker.send('volume', { level: 99 }));
    worker.set('connect', { url: 'first' });
    worker.set('volume', { level: 1 });
    worker.set('connect', { url: 'second' });
    for (let incarnation = 1; incarnation <= 2; incarnation++) {
      const life = await start(worker);
      expect(await worker.call('commands', {})).toEqual(['volume 1', 'connect second', 'volume 99']);
      worker.send('die', {});
      await expect(life.ended).rejects.toThrow();
    }
  });

  it('is sent at once to a worker that lives, and anew to the next one', async () => {
    const worker = create();
    const life = await start(worker);
    worker.set('connect', { url: 'here' });
    expect(await worker.call('commands', {})).toEqual(['connect here']);
    await life.die();
    await start(worker);
    expect(await worker.call('commands', {})).toEqual(['connect here']);
  });

  it('is forgotten by unset, of which the worker hears nothing', async () => {
    const worker = create();
    worker.set('connect', { url: 'here' });
    const life = await start(worker);
    worker.unset('connect');
    expect(await worker.call('commands', {})).toEqual(['connect here']);
    await life.die();
    await start(worker);
    expect(await worker.call('commands', {})).toEqual([]);
    expect(worker.stats().desiredCommands).toBe(0);
  });

  it('is a copy, so a change of the original goes nowhere', async () => {
    const worker = create();
    const params = { url: 'before' };
    worker.set('connect', params);
    params.url = 'after';
    await start(worker);
    expect(await worker.call('commands', {})).toEqual(['connect before']);
  });

  it('refuses at once what cannot be cloned, worker or no worker, and keeps the value from before', async () => {
    const worker = create();
    worker.set('connect', { url: 'good' });
    const refused = (): void => worker.set('connect', { url: 'bad', callback() {} } as never);
    expect(refused).toThrow(ConfigError);
    await start(worker);
    expect(refused).toThrow(/connect cannot be sent to a worker thread: .*could not be cloned/);
    expect(await worker.call('commands', {})).toEqual(['connect good']);
  });

  it('does not change when the worker takes no messages', async () => {
    const worker = create({ heartbeatTimeoutMs: Number.POSITIVE_INFINITY });
    const life = await start(worker);
    const gate = new Int32Array(new SharedArrayBuffer(4));
    worker.send('wait', { gate });
    let level = 0;
    const flood = (): void => {
      for (; level < 5_000; level++) worker.set('volume', { level });
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'OVERFLOW_CONTROL_LANE' }));
    const taken = `volume ${level - 1}`;
    const told = new Promise<void>((resolve) => {
      worker.on(
        'status',
        (event) => void (event.status === 'said' && event.detail.text === taken && resolve()),
      );
    });
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await told;
    await life.die();
    await start(worker);
    expect(await worker.call('commands', {})).toEqual([taken]);
  });

  it('has room for 256 commands', () => {
    const worker = create();
    const set = (name: string): void => worker.set(name as 'connect', { url: '' });
    for (let index = 0; index < 256; index++) set(`command ${index}`);
    expect(() => set('one more')).toThrow(/'one more' not set: 256 other commands are set, limit 256/);
    set('command 7');
    worker.unset('command 8' as 'connect');
    set('one more');
    expect(worker.stats().desiredCommands).toBe(256);
  });

  it('set while the worker stops reaches the next one', async () => {
    const worker = create();
    const life = await start(worker);
    life.abort.abort();
    worker.set('connect', { url: 'later' });
    await life.ended;
    await start(worker);
    expect(await worker.call('commands', {})).toEqual(['connect later']);
  });
});

describe('SupervisedWorker: commands, calls and events', () => {
  it('refuses a command and a call while no worker lives', async () => {
    const worker = create();
    expect(() => worker.send('volume', { level: 1 })).toThrow(ClosedError);
    await expect(worker.call('commands', {})).rejects.toMatchObject({
      code: 'CLOSED',
      message: "restless has no worker: 'commands' not sent",
    });
    await liveAndDie(worker, 0, 0);
    expect(() => worker.send('volume', { level: 1 })).toThrow(ClosedError);
    expect(worker.channel).toBeUndefined();
  });

  it('rejects a call whose worker dies, and does not make it again', async () => {
    const worker = create();
    await start(worker);
    const call = worker.call('never', {});
    worker.send('die', {});
    await expect(call).rejects.toBeInstanceOf(WorkerExitError);
    await start(worker);
    expect(worker.stats().channel?.pendingCalls).toBe(0);
  });

  it('rejects a call of a worker that is stopped', async () => {
    const worker = create();
    const life = await start(worker);
    const call = worker.call('never', {});
    life.abort.abort();
    await expect(call).rejects.toBeInstanceOf(ClosedError);
  });

  it('answers the requests of every incarnation', async () => {
    const worker = create({ requests: { answer: ({ question }) => `${question}? 42.` } });
    await liveAndDie(worker, 0, 0);
    await start(worker);
    expect(await worker.call('ask', { question: 'Why' })).toBe('Why? 42.');
  });

  it('tells everything of an incarnation between its start and its end', async () => {
    const worker = create();
    const diary = keepDiary(worker);
    for (let run = 0; run < 2; run++) {
      const life = await start(worker);
      worker.set('volume', { level: 1 });
      worker.send('fail', { message: 'not today' });
      await life.die();
    }
    const first = ['1 started', '1 said volume 1', '1 fail failed: not today', '1 ended exited'];
    const second = [
      '2 started',
      '2 said volume 1',
      '2 said volume 1',
      '2 fail failed: not today',
      '2 ended exited',
    ];
    expect(diary).toEqual([...first, ...second]);
  });

  it('tells beats, and which incarnation lives on which channel', async () => {
    const worker = create();
    expect(worker.incarnation).toBe(0);
    await liveAndDie(worker, 0, 0);
    const beat = once(worker, 'beat');
    await start(worker);
    expect(await beat).toEqual({ incarnation: 2 });
    expect(worker.incarnation).toBe(2);
    expect(worker.channel?.name).toBe('restless');
  });

  it('is typed by its protocol', () => {
    type Types = SupervisedWorker<RestlessProtocol>;
    const use = (worker: Types): void => {
      // @ts-expect-error: no such command
      worker.set('conect', { url: '' });
      // @ts-expect-error: wrong parameters
      worker.send('connect', { uri: '' });
      // @ts-expect-error: a call is no command
      worker.unset('commands');
      worker.on('status', (event) => {
        expectTypeOf(event.incarnation).toEqualTypeOf<number>();
        if (event.status === 'said') expectTypeOf(event.detail).toEqualTypeOf<{ text: string }>();
      });
      expectTypeOf(worker.call('commands', {})).toEqualTypeOf<Promise<string[]>>();
    };
    const read = async (worker: Types): Promise<void> => {
      for await (const item of worker.data) {
        if (item.kind === 'item') expectTypeOf(item.value).toEqualTypeOf<{ number: number }>();
        else expectTypeOf(item.to).toEqualTypeOf<number>();
      }
    };
    expectTypeOf(use).toBeFunction();
    expectTypeOf(read).toBeFunction();
  });
});

function keepDiary(worker: Restless): string[] {
  const diary: string[] = [];
  worker.on('started', ({ incarnation }) => void diary.push(`${incarnation} started`));
  worker.on('status', (event) => {
    if (event.status === 'said') diary.push(`${event.incarnation} said ${event.detail.text}`);
  });
  worker.on('commandFailed', ({ incarnation, command, error }) => {
    diary.push(`${incarnation} ${command} failed: ${error.message}`);
  });
  worker.on('ended', ({ incarnation, exit }) => void diary.push(`${incarnation} ended ${exit.reason}`));
  return diary;
}
