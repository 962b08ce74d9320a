import { describe, expect, it } from 'vitest';
import { ClosedError } from '../core/errors.ts';
import { IngestOutbox } from './ingest-outbox.ts';
import type { IngestItem } from './ingest-protocol.ts';

describe('IngestOutbox', () => {
  it('hands items over at once while there is room', () => {
    const { lane, outbox, diary } = setUp(3);
    for (const id of [1, 2, 3]) outbox.offer(item(id));
    expect([lane.taken, outbox.hasItems, diary]).toEqual([[1, 2, 3], false, []]);
  });

  it('keeps the order of those that found no room, and says when all were taken', async () => {
    const { lane, outbox, diary } = setUp(1);
    for (const id of [1, 2, 3, 4]) outbox.offer(item(id));
    expect([lane.taken, outbox.isDraining, diary]).toEqual([[1], true, ['full']]);
    await lane.give(2);
    expect([lane.taken, diary]).toEqual([[1, 2, 3], ['full']]);
    await lane.give(5);
    expect([lane.taken, diary]).toEqual([
      [1, 2, 3, 4],
      ['full', 'emptied', 'drained'],
    ]);
    expect(outbox.isDraining).toBe(false);
  });

  it('goes on draining when more is offered as soon as it is empty', async () => {
    const more = [item(3), item(4)];
    const { lane, outbox, diary } = setUp(0, () => {
      for (const next of more.splice(0)) outbox.offer(next);
    });
    for (const id of [1, 2]) outbox.offer(item(id));
    await lane.give(3);
    expect([lane.taken, diary]).toEqual([
      [1, 2, 3],
      ['full', 'emptied'],
    ]);
    await lane.give(3);
    expect([lane.taken, diary]).toEqual([
      [1, 2, 3, 4],
      ['full', 'emptied', 'emptied', 'drained'],
    ]);
  });

  it('gives up when the lane closes, and takes nothing more', async () => {
    const { lane, outbox, diary } = setUp(0);
    outbox.offer(item(1));
    await lane.close();
    outbox.offer(item(2));
    expect([lane.taken, outbox.isDraining, diary]).toEqual([[], false, ['full', 'lost']]);
  });
});

function item(id: number): IngestItem {
  return { type: 'unpublish', id, reason: 'lost' };
}

/** A lane with so much room, and the outbox before it. */
function setUp(room: number, onEmptied: () => void = () => {}) {
  const diary: string[] = [];
  const lane = new Lane(room);
  const outbox = new IngestOutbox(lane, 16, {
    full: () => void diary.push('full'),
    emptied: () => {
      diary.push('emptied');
      onEmptied();
    },
    drained: () => void diary.push('drained'),
    lost: () => void diary.push('lost'),
  });
  return { diary, lane, outbox };
}

class Lane {
  readonly taken: number[] = [];
  #room: number;
  #waiter = Promise.withResolvers<void>();

  constructor(room: number) {
    this.#room = room;
  }

  offer({ id }: IngestItem): boolean {
    if (this.#room === 0) return false;
    this.#room--;
    this.taken.push(id);
    return true;
  }

  async room(): Promise<void> {
    while (this.#room === 0) await this.#waiter.promise;
  }

  async give(room: number): Promise<void> {
    this.#room += room;
    this.#waiter.resolve();
    this.#waiter = Promise.withResolvers();
    await settled();
  }

  async close(): Promise<void> {
    this.#waiter.reject(new ClosedError('the data lane is closed'));
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
