import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, StateError, TimeoutError } from '../core/errors.ts';
import {
  cleanUp,
  create,
  eventually,
  inShort,
  liveAndDie,
  range,
  seamsOf,
  start,
  take,
} from './fixtures/supervised-under-test.ts';

afterEach(cleanUp);

describe('SupervisedWorker: data over restarts', () => {
  it('comes in one loop, numbered without gaps, with one discontinuity per seam and none before', async () => {
    const worker = create();
    const reading = take(worker, 9);
    await liveAndDie(worker, 0, 3);
    await liveAndDie(worker, 10, 2);
    await liveAndDie(worker, 20, 3);
    const deliveries = await reading;
    expect(inShort(deliveries.slice(0, 9))).toEqual([0, 1, 2, '1>2', 10, 11, '2>3', 20, 21]);
    expect(deliveries.map(({ sequence }) => sequence)).toEqual(range(0, 9));
    expect(deliveries[4]).toEqual({ kind: 'item', value: { number: 10 }, incarnation: 2, sequence: 4 });
    expect(deliveries[3]).toEqual({
      kind: 'discontinuity',
      ...{ from: 1, to: 2, lostItems: 0, sequence: 3 },
      exit: { reason: 'exited', error: expect.objectContaining({ code: 'WORKER_EXITED', exitCode: 3 }) },
    });
  });

  it('has its discontinuity also after an incarnation that wrote nothing', async () => {
    const worker = create();
    const reading = take(worker, 4);
    await liveAndDie(worker, 0, 0);
    await liveAndDie(worker, 0, 0);
    await liveAndDie(worker, 7, 1);
    await start(worker);
    expect(inShort(await reading)).toEqual(['1>2', '2>3', 7, '3>4']);
  });

  it('lets a slow loop hold back the worker of today, and loses nothing that was received', async () => {
    const worker = create({ capacity: 50 });
    await liveAndDie(worker, 0, 50);
    await start(worker);
    worker.send('write', { from: 100, count: 1_000 });
    await eventually(() => worker.stats().channel?.queuedItems === 50);
    await eventually(() => worker.stats().channel?.unreadItems === 64);
    expect(worker.stats().leftoverItems).toBe(50);
    expect(inShort(await take(worker, 1_051))).toEqual([...range(0, 50), '1>2', ...range(100, 1_000)]);
    expect(worker.stats()).toMatchObject({ leftoverItems: 0, deliveredItems: 1_050, discontinuities: 1 });
  });

  it('says how many items ended with their worker', async () => {
    const worker = create({ capacity: 500 });
    const life = await start(worker);
    worker.send('write', { from: 0, count: 100 });
    await eventually(() => worker.stats().channel?.queuedItems === 36);
    worker.send('die', {});
    await expect(life.ended).rejects.toThrow();
    await start(worker);
    const [seam] = seamsOf(await take(worker, 65));
    expect(seam).toMatchObject({ from: 1, to: 2, lostItems: 36 });
    expect(worker.stats().lostItems).toBe(36);
  });

  it('keeps what eight incarnations left and lets go of the oldest but one', async () => {
    const worker = create();
    for (let incarnation = 1; incarnation <= 10; incarnation++) await liveAndDie(worker, incarnation, 1);
    await start(worker);
    expect(worker.stats()).toMatchObject({ leftoverItems: 8, lostItems: 2 });
    const deliveries = await take(worker, 16);
    expect(inShort(deliveries).slice(0, 4)).toEqual([1, '1>4', 4, '4>5']);
    expect(inShort(deliveries).slice(-2)).toEqual([10, '10>11']);
    expect(seamsOf(deliveries).map(({ lostItems }) => lostItems)).toEqual([2, 0, 0, 0, 0, 0, 0, 0]);
    expect(deliveries.map(({ sequence }) => sequence)).toEqual(range(0, 16));
  });
});

describe('SupervisedWorker: the end of a loop', () => {
  it('comes behind everything the worker wrote before it finished', async () => {
    const worker = create();
    const reading = take(worker);
    const life = await start(worker);
    worker.send('write', { from: 0, count: 200 });
    worker.send('finish', {});
    expect(inShort(await reading)).toEqual(range(0, 200));
    await life.ended;
  });

  it('comes behind what the worker flushed when it was stopped', async () => {
    const worker = create();
    const reading = take(worker);
    const life = await start(worker);
    worker.send('writeOnStop', { count: 5 });
    life.abort.abort();
    expect(inShort(await reading)).toEqual(range(0, 5));
  });

  it('comes behind all incarnations before it, however slow the loop is', async () => {
    const worker = create();
    const loop = worker.data[Symbol.asyncIterator]();
    await liveAndDie(worker, 0, 2);
    const life = await start(worker);
    worker.send('writeOnStop', { count: 100 });
    life.abort.abort();
    // 63, one that was asked for, and the rest in the worker, which may take longer to have written it.
    await eventually(() => {
      const { unreadItems, queuedItems, inFlightItems } = worker.stats().channel ?? {};
      return unreadItems === 63 && (queuedItems ?? 0) + (inFlightItems ?? 0) === 36;
    });
    worker.kill();
    await life.ended;
    const deliveries = [];
    for await (const delivery of loop) deliveries.push(delivery);
    expect(inShort(deliveries)).toEqual([0, 1, '1>2', ...range(0, 64)]);
    expect(worker.stats()).toMatchObject({ leftoverItems: 0, lostItems: 36 });
  });

  it('is not waited for by a worker that is stopped while no loop is open', async () => {
    const worker = create({ stopGraceMs: 3_600_000 });
    const life = await start(worker);
    worker.send('write', { from: 0, count: 5 });
    expect(inShort(await take(worker, 1))).toEqual([0]);
    worker.send('writeOnStop', { count: 100 });
    life.abort.abort();
    await life.ended;
    expect(worker.stats()).toMatchObject({ deliveredItems: 1, leftoverItems: 1, lostItems: 103 });
  });

  it('comes also to a loop that is slower than the next run', async () => {
    const worker = create();
    const loop = worker.data[Symbol.asyncIterator]();
    const life = await start(worker);
    worker.send('write', { from: 0, count: 3 });
    expect((await loop.next()).value).toMatchObject({ value: { number: 0 } });
    life.abort.abort();
    await eventually(() => worker.channel?.stats().unreadItems === 1);
    worker.kill();
    await life.ended;
    await liveAndDie(worker, 10, 1);
    expect((await loop.next()).value).toMatchObject({ value: { number: 1 } });
    expect((await loop.next()).value).toMatchObject({ value: { number: 2 } });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect(inShort(await take(worker, 1))).toEqual([10]);
  });

  it('leaves a later run to a new loop, without a discontinuity, and the numbers go on', async () => {
    const worker = create();
    const first = take(worker);
    const life = await start(worker);
    worker.send('write', { from: 0, count: 2 });
    worker.send('finish', {});
    await life.ended;
    expect(await first).toHaveLength(2);
    const second = take(worker, 1);
    await liveAndDie(worker, 7, 1);
    expect(await second).toEqual([{ kind: 'item', value: { number: 7 }, sequence: 2, incarnation: 2 }]);
  });

  it('that nobody saw is a discontinuity to a loop that begins after the next run has begun', async () => {
    const worker = create();
    const life = await start(worker);
    life.abort.abort();
    await life.ended;
    await liveAndDie(worker, 7, 1);
    const deliveries = await take(worker, 2);
    expect(inShort(deliveries)).toEqual(['1>2', 7]);
    expect(seamsOf(deliveries)[0]?.exit).toEqual({ reason: 'closed' });
  });

  it('comes when the run is stopped before a worker serves', async () => {
    const worker = create();
    const reading = take(worker);
    await liveAndDie(worker, 0, 1);
    await worker.run({ signal: AbortSignal.abort(), ready() {}, beat() {} });
    expect(inShort(await reading)).toEqual([0]);
  });

  it.each([
    new TimeoutError('CHILD_HUNG', 'no progress'),
    new StateError('CHILD_RESTARTING', 'to be restarted together with another one'),
  ])('does not come when a supervisor ended the run for another one: $code', async (reason) => {
    const worker = create();
    const reading = take(worker, 2);
    const life = await start(worker);
    life.abort.abort(reason);
    await expect(life.ended).rejects.toBe(reason);
    await liveAndDie(worker, 7, 1);
    expect(inShort(await reading)).toEqual(['1>2', 7]);
  });
});

describe('SupervisedWorker: loops', () => {
  it('go on when a worker was killed that nobody had asked to stop', async () => {
    const worker = create();
    const reading = take(worker, 2);
    const life = await start(worker);
    worker.kill();
    await expect(life.ended).rejects.toMatchObject({ code: 'CLOSED' });
    await liveAndDie(worker, 7, 1);
    expect(inShort(await reading)).toEqual(['1>2', 7]);
  });

  it('end when the supervisor stops while no worker lives', async () => {
    const worker = create();
    const reading = take(worker, 5);
    await liveAndDie(worker, 0, 1);
    worker.retire();
    expect(inShort(await reading)).toEqual([0]);
  });

  it('begin where the last one was left', async () => {
    const worker = create();
    await start(worker);
    worker.send('write', { from: 0, count: 5 });
    expect(inShort(await take(worker, 2))).toEqual([0, 1]);
    expect(inShort(await take(worker, 3))).toEqual([2, 3, 4]);
  });

  it('can be left from outside while they wait, and the item that comes then is not lost', async () => {
    const worker = create();
    await start(worker);
    const loop = worker.data[Symbol.asyncIterator]();
    const waiting = loop.next();
    await loop.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    worker.send('write', { from: 0, count: 2 });
    await eventually(() => worker.stats().channel?.unreadItems === 1);
    expect(inShort(await take(worker, 2))).toEqual([0, 1]);
  });

  it('may wait before the first run', async () => {
    const worker = create();
    const reading = take(worker, 1);
    await liveAndDie(worker, 7, 1);
    expect(inShort(await reading)).toEqual([7]);
  });

  it('exclude each other', async () => {
    const worker = create();
    const loop = worker.data[Symbol.asyncIterator]();
    await expect(take(worker)).rejects.toThrow(ConfigError);
    const waiting = loop.next();
    await expect(loop.next()).rejects.toThrow(/next\(\) is pending already/);
    await loop.return();
    await waiting;
    await liveAndDie(worker, 7, 1);
    expect(inShort(await take(worker, 1))).toEqual([7]);
  });

  it('are left by a body that throws', async () => {
    const worker = create();
    await liveAndDie(worker, 0, 2);
    const failing = async (): Promise<void> => {
      for await (const _ of worker.data) throw new Error('bad body');
    };
    await expect(failing()).rejects.toThrow('bad body');
    expect(inShort(await take(worker, 1))).toEqual([1]);
  });
});
