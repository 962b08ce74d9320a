import type { StatusEvent } from '../channel/protocol.ts';
import type { DemuxProtocol } from './demux-protocol.ts';

/** A status of the demux worker. */
export type DemuxStatus = StatusEvent<DemuxProtocol> & { readonly incarnation: number };

/** Packets of both kinds. */
export interface PacketCounts {
  readonly video: number;
  readonly audio: number;
}

/** How far the source that is wanted has come. */
export type SourcePhase = 'starting' | 'connecting' | 'connected' | 'waiting';

const none: PacketCounts = { video: 0, audio: 0 };

/** What became of the sources so far, put together from what the workers tell. */
export class InputRecord {
  #phase: SourcePhase = 'starting';
  #connections = 0;
  #failures = 0;
  #workersLost = 0;
  #droppedBefore = none;
  #droppedNow = none;

  get phase(): SourcePhase {
    return this.#phase;
  }

  get reconnects(): number {
    return Math.max(0, this.#connections - 1);
  }

  get failures(): number {
    return this.#failures;
  }

  get workersLost(): number {
    return this.#workersLost;
  }

  /** What the workers dropped, all together. */
  get workerDropped(): PacketCounts {
    return add(this.#droppedBefore, this.#droppedNow);
  }

  note({ status, detail }: DemuxStatus): void {
    switch (status) {
      case 'connecting':
        this.#phase = 'connecting';
        return;
      case 'connected':
        this.#phase = 'connected';
        this.#connections++;
        return;
      case 'disconnected':
        this.#phase = 'waiting';
        return;
      case 'failed':
        this.#phase = 'waiting';
        this.#failures++;
        return;
      case 'progress':
        this.#droppedNow = { video: detail.workerVideo.dropped, audio: detail.workerAudio.dropped };
    }
  }

  /** @param isLost - Whether it died or hung, instead of being stopped. */
  noteWorkerEnd(isLost: boolean): void {
    this.#phase = 'starting';
    if (isLost) this.#workersLost++;
    this.#droppedBefore = this.workerDropped;
    this.#droppedNow = none;
  }

  /** Another source is wanted: what follows is not a return of the one before. */
  startOver(): void {
    this.#connections = 0;
  }
}

/** The sum of two counts. */
export function add(one: PacketCounts, other: PacketCounts): PacketCounts {
  return { video: one.video + other.video, audio: one.audio + other.audio };
}
