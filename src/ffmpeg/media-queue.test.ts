import { describe, expect, it } from 'vitest';
import { MediaQueue, type QueueLimits } from './media-queue.ts';
import { letterOf, packet, queued } from './test-support.ts';

function queueOf(limits: Partial<QueueLimits> = {}): MediaQueue {
  return new MediaQueue({ capacity: 8, maxBytes: 1 << 20, overflow: 'drop', ...limits });
}

function fill(queue: MediaQueue, letters: string, startMs: number = 0): void {
  for (const item of queued(letters, startMs)) queue.push(item);
}

function drain(queue: MediaQueue): string {
  let letters = '';
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) letters += letterOf(next.packet);
  return letters;
}

describe('MediaQueue', () => {
  it('keeps the order', () => {
    const queue = queueOf();
    fill(queue, 'VKppKpp');
    expect(drain(queue)).toBe('VKppKpp');
  });

  it.each([
    { what: 'a full queue goes on at the next keyframe', pushed: 'KpppKppp|p', left: 'Kpppp', dropped: 4 },
    {
      what: 'without one in it, at the next one that comes',
      pushed: 'Kppppppp|pppKp',
      left: 'Kp',
      dropped: 11,
    },
    { what: 'until then it takes no picture', pushed: 'Kppppppp|pp', left: '', dropped: 10 },
    { what: 'a keyframe that finds it full starts afresh', pushed: 'Kppppppp|K', left: 'K', dropped: 8 },
    { what: 'a header that was skipped comes back', pushed: 'VKpppVpp|pK', left: 'VK', dropped: 7 },
    { what: 'so does metadata, in its place', pushed: 'mVKppppp|pppK', left: 'mVK', dropped: 9 },
    { what: 'every sound will do to go on', pushed: 'Aaaaaaaa|aa', left: 'Aaaaaaaaa', dropped: 1 },
  ])('$what', ({ pushed, left, dropped }) => {
    const queue = queueOf();
    fill(queue, pushed.replace('|', '')); // Full at the bar.
    expect(drain(queue)).toBe(left);
    expect(queue.stats()).toMatchObject({ depth: 0, bytes: 0, dropped });
  });

  it('gives the newest header when there were several', () => {
    const queue = queueOf({ capacity: 2 });
    for (const [index, letter] of [...'VVVK'].entries()) {
      queue.push({ packet: packet(letter, index), order: index, atMs: 0 });
    }
    expect(queue.shift()?.packet).toMatchObject({ isConfig: true, dtsMs: 2 });
    expect(queue.shift()?.packet).toMatchObject({ isKeyframe: true });
  });

  it('is bounded in bytes, and one packet may reach beyond', () => {
    const queue = queueOf({ maxBytes: 1_000 });
    queue.push({ packet: packet('K', 0, 5_000), order: 0, atMs: 0 });
    expect(queue.stats()).toMatchObject({ depth: 1, bytes: 5_015 });
    queue.push({ packet: packet('K', 10, 200), order: 1, atMs: 0 });
    expect(queue.stats()).toMatchObject({ depth: 1, bytes: 215, dropped: 1, highWaterBytes: 5_015 });
  });

  it('blocks instead of dropping when it is told to', () => {
    const queue = queueOf({ capacity: 2, overflow: 'block' });
    fill(queue, 'K');
    expect(queue.isBlocked).toBe(false);
    fill(queue, 'p');
    expect(queue.isBlocked).toBe(true);
    queue.shift();
    expect(queue.isBlocked).toBe(false);
  });

  it('shows the same packet first that it gives next', () => {
    const queue = queueOf();
    fill(queue, 'VKppppppK');
    for (let next = queue.peek(); next !== undefined; next = queue.peek()) expect(queue.shift()).toBe(next);
    expect(queue.stats().depth).toBe(0);
  });

  it('tells how far behind its reader is, across the wrap of the clock as well', () => {
    const queue = queueOf();
    queue.push({ packet: packet('K', 0xffff_fff0), order: 0, atMs: 0 });
    queue.push({ packet: packet('p', 0x20), order: 1, atMs: 0 });
    expect(queue.stats().lagMs).toBe(0x30);
  });

  it('forgets everything when it is cleared, a skip as well', () => {
    const queue = queueOf();
    fill(queue, 'VKpppppp' + 'pp');
    fill(queue, 'KVp', 1_000);
    expect(queue.clear()).toBe(3);
    fill(queue, 'pp', 2_000);
    expect(drain(queue)).toBe('pp');
  });
});
