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

/** No packets. */
export const none: PacketCounts = { video: 0, audio: 0 };

/** What became of the sources so far, put together from what the workers tell. */
export class InputRecord {
  #phase: SourcePhase = 'starting';
  #connectedUrl: string | undefined;
  #connections = 0;
  #failures = 0;
  #workersLost = 0;
  #droppedBefore = none;
  #droppedNow = none;

  get phase(): SourcePhase {
    return this.#phase;
  }

  /** The source that is connected, which after `connect()` is for a while still the one before. */
  get connectedUrl(): string | undefined {
    return this.#connectedUrl;
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
        this.#connectedUrl = detail.url;
        this.#connections++;
        return;
      case 'disconnected':
        this.#phase = 'waiting';
        this.#connectedUrl = undefined;
        if (detail.retryInMs === null) this.#connections = 0;
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
    this.#connectedUrl = undefined;
    if (isLost) this.#workersLost++;
    this.#droppedBefore = this.workerDropped;
    this.#droppedNow = none;
  }

  /** Another source is wanted: what follows is not a return of the one before. */
  startOver(): void {
    this.#connections = 0;
    if (this.#phase !== 'starting') this.#phase = 'connecting';
  }
}

/** The sum of two counts. */
export function add(one: PacketCounts, other: PacketCounts): PacketCounts {
  return { video: one.video + other.video, audio: one.audio + other.audio };
}
