import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { MediaOutput } from './media-output.ts';
import type { QueueLimits } from './media-queue.ts';
import { letterOf, queued } from './test-support.ts';

const clock = new ManualClock(1_000);

function outputOf(limits: Partial<QueueLimits> = {}): MediaOutput {
  return new MediaOutput('the video', { capacity: 4, maxBytes: 1 << 20, overflow: 'drop', ...limits }, clock);
}

function fill(output: MediaOutput, letters: string): void {
  for (const item of queued(letters)) output.push(item);
}

async function nextLetter(loop: AsyncIterator<unknown>): Promise<string | undefined> {
  const { done, value } = await loop.next();
  return done ? undefined : letterOf(value as Parameters<typeof letterOf>[0]);
}

describe('MediaOutput', () => {
  it('gives what waits, then what comes, then the end', async () => {
    const output = outputOf();
    const loop = output[Symbol.asyncIterator]();
    fill(output, 'K');
    expect(await nextLetter(loop)).toBe('K');
    const coming = nextLetter(loop);
    fill(output, 'p');
    expect(await coming).toBe('p');
    const last = nextLetter(loop);
    output.end();
    expect(await last).toBeUndefined();
    expect(await nextLetter(loop)).toBeUndefined();
  });

  it('is for one loop, and goes on in the next one where that was left', async () => {
    const output = outputOf();
    fill(output, 'Kpp');
    for await (const first of output) {
      expect(letterOf(first)).toBe('K');
      expect(() => output[Symbol.asyncIterator]()).toThrow(/the video is for one loop/);
      break;
    }
    const second = output[Symbol.asyncIterator]();
    expect(await nextLetter(second)).toBe('p');
    const waiting = second.next();
    expect(await waiting).toMatchObject({ done: false });
    const pending = second.next();
    await expect(second.next()).rejects.toThrow(/next\(\) is pending/);
    await second.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
  });

  it('wakes its loop only with a packet that was not dropped', async () => {
    const output = outputOf({ capacity: 2 });
    fill(output, 'Kpp');
    const loop = output[Symbol.asyncIterator]();
    const coming = nextLetter(loop);
    fill(output, 'p');
    fill(output, 'K');
    expect(await coming).toBe('K');
  });

  it('makes a writer that may drop nothing wait for its reader', async () => {
    const output = outputOf({ capacity: 1, overflow: 'block' });
    fill(output, 'K');
    const order: string[] = [];
    const room = output.room(new AbortController().signal).then(() => order.push('room'));
    await clock.settle();
    order.push('read');
    await output[Symbol.asyncIterator]().next();
    await room;
    expect(order).toEqual(['read', 'room']);
  });

  it('lets a writer go when it is cleared, and when its signal aborts', async () => {
    const output = outputOf({ capacity: 1, overflow: 'block' });
    fill(output, 'K');
    const cleared = output.room(new AbortController().signal);
    expect(output.clear()).toBe(1);
    await cleared;
    fill(output, 'K');
    const stop = new AbortController();
    const aborted = output.room(stop.signal);
    stop.abort();
    await aborted;
    expect(output.stats()).toMatchObject({ depth: 1, cleared: 1 });
  });

  it('counts what it gave and how long that took', async () => {
    const output = outputOf();
    expect(output.stats()).toMatchObject({ delivered: 0, latencyMs: null });
    fill(output, 'K');
    await output[Symbol.asyncIterator]().next();
    expect(output.stats()).toMatchObject({ delivered: 1, latencyMs: 1_000, depth: 0 });
  });
});
