import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { OutputPair } from './output-pair.ts';
import { packet } from './test-support.ts';

const limits = { capacity: 8, maxBytes: 1 << 20, overflow: 'drop' } as const;
const { signal } = new AbortController();

function pairOf(): OutputPair {
  return new OutputPair('input', { video: limits, audio: limits }, new ManualClock());
}

async function push(pair: OutputPair, letters: string): Promise<void> {
  for (const letter of letters) await pair.push(packet(letter, 0), 0, signal);
}

describe('OutputPair', () => {
  it('keeps picture and sound apart, and metadata out', async () => {
    const pair = pairOf();
    await push(pair, 'mVAKap');
    expect(pair.video.stats().depth).toBe(3);
    expect(pair.audio.stats().depth).toBe(2);
  });

  it('admits the packets of an era until it is closed', async () => {
    const pair = pairOf();
    const era = { incarnation: 1, epoch: 1 };
    expect(pair.admits(era)).toBe(true);
    await push(pair, 'Kpa');
    expect(pair.close(era)).toEqual({ video: 2, audio: 1 });
    expect(pair.admits(era)).toBe(false);
    expect(pair.admits({ incarnation: 1, epoch: 2 })).toBe(true);
  });

  it('clears once when the next era is here before the word of the end', async () => {
    const pair = pairOf();
    pair.admits({ incarnation: 1, epoch: 1 });
    await push(pair, 'Kpa');
    expect(pair.admits({ incarnation: 1, epoch: 2 })).toBe(true);
    await push(pair, 'K');
    expect(pair.close({ incarnation: 1, epoch: 1 })).toEqual({ video: 2, audio: 1 });
    expect(pair.video.stats()).toMatchObject({ depth: 1, cleared: 2 });
    expect(pair.admits({ incarnation: 1, epoch: 1 })).toBe(false);
  });

  it('takes a new worker for a new era, however many the old one had', () => {
    const pair = pairOf();
    pair.admits({ incarnation: 1, epoch: 9 });
    pair.close({ incarnation: 1, epoch: Number.MAX_SAFE_INTEGER });
    expect(pair.admits({ incarnation: 1, epoch: 10 })).toBe(false);
    expect(pair.admits({ incarnation: 2, epoch: 1 })).toBe(true);
  });

  it('counts what came too late', () => {
    const pair = pairOf();
    for (const letter of 'mKa') pair.countStale(packet(letter, 0));
    expect([pair.video.stats().cleared, pair.audio.stats().cleared]).toEqual([1, 1]);
  });
});
