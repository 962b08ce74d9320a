import { describe, expect, it } from 'vitest';
import { ClosedError } from '../core/errors.ts';
import { readMediaPacket } from '../media/media-packet.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import type { DemuxItem } from './demux-protocol.ts';
import type { MediaOverflow } from './media-queue.ts';
import { type DemuxLane, MediaRelay } from './media-relay.ts';
import { letterOf, packet } from './test-support.ts';

/** The other end takes as many items as it has room for; a buffer that was handed over cannot be used here any more. */
class NarrowLane implements DemuxLane {
  readonly items: string[] = [];
  #room = 0;
  #waiter: PromiseWithResolvers<void> | undefined;

  get hasRoom(): boolean {
    return this.#room > 0;
  }

  get letters(): string {
    return this.items.join('');
  }

  tryWrite(item: DemuxItem): boolean {
    this.#room--;
    if ('end' in item) this.items.push(` ${item.end}`);
    else
      this.items.push(letterOf(readMediaPacket(structuredClone(item.tag, { transfer: [item.tag.buffer] }))));
    return true;
  }

  room(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  widen(items: number): void {
    this.#room += items;
    this.#waiter?.resolve();
  }

  close(): void {
    this.#waiter?.reject(new ClosedError('closed'));
  }
}

const clock = new ManualClock();

function relayOn(lane: DemuxLane, overflow: MediaOverflow = 'drop'): MediaRelay {
  const limits = { capacity: 4, maxBytes: 1 << 20, overflow };
  return new MediaRelay(lane, { video: limits, audio: limits }, clock);
}

function push(relay: MediaRelay, letters: string): void {
  for (const letter of letters) relay.push(packet(letter, 0));
}

describe('MediaRelay', () => {
  it('hands packets over in the order they came, as the main thread has room', async () => {
    const lane = new NarrowLane();
    const relay = relayOn(lane);
    push(relay, 'mVAKapa');
    expect(lane.letters).toBe('');
    lane.widen(3);
    await clock.settle();
    expect(lane.letters).toBe('mVA');
    lane.widen(10);
    await clock.settle();
    expect(lane.letters).toBe('mVAKapa');
    expect(relay.stats()).toMatchObject({
      workerVideo: { depth: 0, bytes: 0 },
      workerAudio: { depth: 0, bytes: 0 },
    });
  });

  it('drops pictures while the sound goes on', async () => {
    const lane = new NarrowLane();
    const relay = relayOn(lane);
    push(relay, 'VKppapppaKp');
    lane.widen(20);
    await clock.settle();
    expect(lane.letters).toBe('aaVKp'.replace('aaV', 'Vaa'));
    expect(relay.stats().workerVideo.dropped).toBe(6);
  });

  it('says when a packet has to wait, for its own kind only', async () => {
    const lane = new NarrowLane();
    const relay = relayOn(lane, 'block');
    push(relay, 'VKpp');
    expect(relay.isBlocked(packet('p', 0))).toBe(true);
    expect(relay.isBlocked(packet('a', 0))).toBe(false);
    const room = relay.room(packet('p', 0), new AbortController().signal);
    lane.widen(1);
    await room;
    expect(relay.isBlocked(packet('p', 0))).toBe(false);
  });

  it('sends the end behind everything that waits', async () => {
    const lane = new NarrowLane();
    const relay = relayOn(lane);
    push(relay, 'Ka');
    const finished = relay.finish('over', new AbortController().signal);
    lane.widen(2);
    await clock.settle();
    expect(lane.letters).toBe('Ka');
    lane.widen(1);
    await finished;
    expect(lane.letters).toBe('Ka over');
  });

  it('sends no end for a source that is not wanted any more', async () => {
    const lane = new NarrowLane();
    const stop = new AbortController();
    const finished = relayOn(lane).finish('over', stop.signal);
    stop.abort();
    lane.widen(1);
    await finished;
    expect(lane.letters).toBe('');
  });

  it('waits no longer than its signal lets it', async () => {
    const relay = relayOn(new NarrowLane(), 'block');
    push(relay, 'VKpp');
    const stop = new AbortController();
    const waits = Promise.all([relay.room(packet('p', 0), stop.signal), relay.finish('over', stop.signal)]);
    stop.abort();
    await waits;
    expect(relay.stats().workerVideo.depth).toBe(4);
  });

  it('begins a new epoch when it is cleared', () => {
    const lane = new NarrowLane();
    const relay = relayOn(lane);
    lane.widen(1);
    push(relay, 'Kpa');
    expect(relay.clear()).toEqual({ epoch: 1, clearedVideo: 1, clearedAudio: 1 });
    push(relay, 'K');
    lane.widen(1);
    expect(relay.clear()).toMatchObject({ epoch: 2 });
  });

  it('is quiet when the channel closes', async () => {
    const lane = new NarrowLane();
    push(relayOn(lane), 'K');
    lane.close();
    await clock.settle();
    expect(lane.items).toEqual([]);
  });
});
