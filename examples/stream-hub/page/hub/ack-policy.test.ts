import { describe, expect, it } from 'vitest';

interface AckPolicy {
  readonly received: number;
  readonly isWaiting: boolean;
  readonly maxDelayMs: number;
  setPace(pace: { readonly everyMs: number; readonly everyBytes: number }): void;
  take(bytes: number, nowMs: number): boolean;
  acknowledged(nowMs: number): void;
}

// The page is plain JavaScript without declarations, so its shape stands here.
const source: string = new URL('./ack-policy.js', import.meta.url).href;
const { AckPolicy } = (await import(source)) as { AckPolicy: new () => AckPolicy };
const maxAckDelayMs = 20;

describe('AckPolicy', () => {
  it('acknowledges the first message at once, and each one that comes 20 ms after the last acknowledgement', () => {
    const acks = new AckPolicy();
    expect(acks.take(10, 1_000)).toBe(true);
    acks.acknowledged(1_000);
    expect(acks.take(10, 1_000 + maxAckDelayMs - 1)).toBe(false);
    expect(acks.take(10, 1_000 + maxAckDelayMs)).toBe(true);
    expect(acks.received).toBe(3);
  });

  it('acknowledges 64 KiB without waiting', () => {
    const acks = new AckPolicy();
    acks.acknowledged(0);
    expect(acks.take((64 << 10) - 1, 1)).toBe(false);
    expect(acks.take(1, 1)).toBe(true);
    acks.acknowledged(1);
    expect(acks.take(1, 1)).toBe(false);
  });

  it('goes by what the server says, from then on', () => {
    const acks = new AckPolicy();
    expect(acks.maxDelayMs).toBe(maxAckDelayMs);
    acks.setPace({ everyMs: 100, everyBytes: 1_000 });
    acks.acknowledged(0);
    expect(acks.maxDelayMs).toBe(100);
    expect(acks.take(999, 99)).toBe(false);
    expect(acks.take(1, 99)).toBe(true);
    acks.acknowledged(99);
    expect(acks.take(1, 199)).toBe(true);
  });

  it('knows whether a timer still has something to acknowledge', () => {
    const acks = new AckPolicy();
    expect(acks.isWaiting).toBe(false);
    acks.take(1, 0);
    expect(acks.isWaiting).toBe(true);
    acks.acknowledged(0);
    expect(acks.isWaiting).toBe(false);
  });

  it('never leaves a message waiting for longer than 20 ms while messages come in', () => {
    const acks = new AckPolicy();
    let lastMs = Number.NEGATIVE_INFINITY;
    for (let nowMs = 0; nowMs < 2_000; nowMs += 7) {
      if (acks.take(100, nowMs)) {
        acks.acknowledged(nowMs);
        lastMs = nowMs;
      }
      expect(nowMs - lastMs).toBeLessThan(maxAckDelayMs);
    }
  });
});
