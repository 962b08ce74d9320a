import { describe, expect, it } from 'vitest';
import { WorkerPool } from '../pool/worker-pool.ts';
import { images } from './fixtures/images.ts';
import { StreamerSite, until } from './fixtures/streamer-test-support.ts';
import type { InspectedFrame, InspectionVerdict } from './streamer-options.ts';

const { jpeg, png, lossyWebp } = images;

describe('inspect', () => {
  it('gets each picture with a copy of its file, and publishes what it lets pass', async () => {
    const { inspect, calls, answer } = desk();
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    client.show(jpeg);
    await client.sync();
    expect([site.diary, calls.map(({ frame }) => frame)]).toEqual([[], [pick(jpeg)]]);
    calls[0]!.frame.bytes.fill(0);
    await answer(0, true);
    expect(site.pictures()).toEqual(['jpeg 0']);
    expect(site.streamers[0]!.stats()).toMatchObject({ framesAccepted: 1, bytes: jpeg.bytes.length });
  });

  it.each([
    { verdict: false, message: 'the inspection refused it' },
    { verdict: { ok: false, reason: 'not my face' }, message: 'not my face' },
    { verdict: { ok: false, reason: 'x'.repeat(300) }, message: 'x'.repeat(200) },
    { verdict: undefined, message: 'the inspection refused it' },
    { verdict: 'yes', message: 'the inspection refused it' },
  ])('refuses with $verdict', async ({ verdict, message }) => {
    await using site = new StreamerSite({ options: { inspect: () => verdict as InspectionVerdict } });
    const client = await site.connect();
    client.show(jpeg);
    await client.sync();
    expect(client.answersOf('frame_rejected')).toEqual([
      { type: 'frame_rejected', code: 'inspection-refused', message, errors_in_row: 1 },
    ]);
    expect(site.diary).toEqual([]);
  });

  it('looks at one picture at a time; of those that come meanwhile the newest waits', async () => {
    const { inspect, calls, answer } = desk();
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    client.show(jpeg, lossyWebp, lossyWebp, png);
    await client.sync();
    expect([calls.length, site.streamers[0]!.stats().framesSkipped]).toEqual([1, 2]);
    await site.clock.advance(100);
    await answer(0, true);
    expect(calls.map(({ frame }) => frame.type)).toEqual(['jpeg', 'png']);
    await answer(1, true);
    expect(site.pictures()).toEqual(['jpeg 0', 'png 1']); // Both by their arrival, which was the same moment.
  });

  it('refuses a picture at the time limit, tells by the signal, and begins the next when it has settled', async () => {
    const { inspect, calls, answer } = desk();
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    client.show(jpeg);
    await client.sync();
    await site.clock.advance(1_999);
    expect(calls[0]!.signal.aborted).toBe(false);
    await site.clock.advance(1);
    client.show(png);
    await client.sync();
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(client.answersOf('frame_rejected')).toEqual([
      expect.objectContaining({ code: 'inspection-timeout', errors_in_row: 0 }),
    ]);
    expect(calls).toHaveLength(1);
    await answer(0, true);
    expect([site.diary, calls.length]).toEqual([[], 2]);
    await answer(1, true);
    expect(site.pictures()).toEqual(['png 0']);
  });

  it('may throw, now or later, again and again: that is logged, and not held against the streamer', async () => {
    let count = 0;
    const inspect = () => {
      if (count++ % 2 === 0) throw new Error('secret detail');
      return Promise.reject(new Error('secret detail'));
    };
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    for (let round = 0; round < 20; round++) {
      client.show(jpeg);
      await client.sync();
    }
    const answers = client.answersOf('frame_rejected');
    expect(answers).toHaveLength(20);
    expect(answers.at(-1)).toEqual({
      ...{ type: 'frame_rejected', code: 'inspection-failed', message: 'the picture could not be inspected' },
      errors_in_row: 0,
    });
    expect(site.logged('picture refused')).toEqual([
      expect.objectContaining({ code: 'inspection-failed', error: 'Error: secret detail' }),
    ]);
    expect(site.streamers[0]!.stats()).toMatchObject({
      state: 'waiting',
      framesRejected: { 'inspection-failed': 20 },
    });
  });

  it('that never settles ends the stream as frozen, and leaves no timer', async () => {
    const { inspect, calls } = desk();
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    client.show(jpeg, png);
    await client.sync();
    await site.clock.advance(15_000);
    expect((await client.closed).code).toBe(4002);
    await until(() => site.ends.length > 0);
    expect([calls.length, site.ends, site.clock.timers]).toEqual([1, ['1 frozen'], 0]);
    expect(site.streamers[0]!.stats()).toMatchObject({
      framesSkipped: 1,
      framesRejected: { 'inspection-timeout': 1 },
    });
  });

  it('is given up when the streamer leaves, and its late answer starts nothing', async () => {
    const { inspect, calls, answer } = desk();
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    client.show(jpeg, png);
    await client.sync();
    client.say({ type: 'stop' });
    await client.closed;
    await until(() => site.ends.length > 0);
    expect([calls[0]!.signal.aborted, site.clock.timers]).toEqual([true, 0]);
    await answer(0, true);
    expect([site.diary, calls.length]).toEqual([[], 1]);
    expect(site.streamers[0]!.stats()).toMatchObject({ framesAccepted: 0, framesSkipped: 2 });
  });

  it('hands pictures to a thread of a WorkerPool, file and all', async () => {
    await using pool = new WorkerPool<InspectedFrame, InspectionVerdict>({
      ...{ file: new URL('./fixtures/inspect.worker.ts', import.meta.url), maxThreads: 1 },
    });
    const ready = Promise.withResolvers<void>();
    void pool.run({ signal: new AbortController().signal, ready: ready.resolve, beat: () => {} });
    await ready.promise;
    const inspect = (frame: InspectedFrame, signal: AbortSignal) =>
      pool.exec(frame, { signal, transfer: [frame.bytes.buffer] });
    await using site = new StreamerSite({ options: { inspect } });
    const client = await site.connect();
    const [streamer] = site.streamers;
    for (const [index, file] of [jpeg, png, lossyWebp, jpeg].entries()) {
      client.show(file);
      await until(
        () => pool.stats().completed + pool.stats().failed === index + 1 && settled() === index + 1,
      );
    }
    expect(site.pictures()).toHaveLength(2);
    expect(streamer!.stats().framesRejected).toEqual({ 'inspection-refused': 1, 'inspection-failed': 1 });
    await client.sync();
    expect(client.answersOf('frame_rejected')[0]).toMatchObject({
      message: `${png.bytes.length} bytes nobody wants`,
    });

    function settled(): number {
      const { framesAccepted, framesRejected } = streamer!.stats();
      return framesAccepted + Object.values(framesRejected).reduce((sum, count) => sum + count, 0);
    }
  });
});

/** An inspection whose answers a test gives. */
function desk() {
  const calls: {
    readonly frame: InspectedFrame;
    readonly signal: AbortSignal;
    readonly resolve: (v: boolean) => void;
  }[] = [];
  const inspect = (frame: InspectedFrame, signal: AbortSignal): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    calls.push({ frame, signal, resolve });
    return promise;
  };
  const answer = async (index: number, verdict: boolean): Promise<void> => {
    calls[index]!.resolve(verdict);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { inspect, calls, answer };
}

function pick({ type, width, height, bytes }: InspectedFrame): InspectedFrame {
  return { type, width, height, bytes: bytes.slice() };
}
