import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../core/logger.ts';
import { readFlvTimestamp } from '../media/flv-tag.ts';
import { StreamDirectory } from '../media/stream-directory.ts';
import { StreamBridge } from './stream-bridge.ts';
import { packet } from './test-support.ts';

let streams: StreamDirectory;
const changes: string[] = [];

beforeEach(() => {
  streams = new StreamDirectory();
  changes.length = 0;
  for (const name of ['started', 'interrupted', 'resumed', 'ended'] as const)
    streams.on(name, () => changes.push(name));
});

afterEach(() => streams.close());

const era = (incarnation: number, epoch: number) => ({ incarnation, epoch });
const tag = (dtsMs: number) => packet('K', dtsMs).tag;

describe('StreamBridge', () => {
  it('continues the stream when the next era is here before the word of the end', () => {
    const bridge = new StreamBridge(streams, 'camera', silentLogger);
    bridge.write(tag(5_000), era(1, 1));
    const next = tag(0);
    bridge.write(next, era(1, 2));
    expect(readFlvTimestamp(next)).toBeGreaterThan(5_000);
    bridge.endEra('lost', era(1, 1));
    bridge.write(tag(40), era(1, 2));
    expect(changes).toEqual(['started', 'interrupted', 'resumed']);
  });

  it.each([
    { reason: 'lost', told: 'interrupted' },
    { reason: 'unpublished', told: 'ended' },
  ] as const)('ends an era once: $reason', ({ reason, told }) => {
    const bridge = new StreamBridge(streams, 'camera', silentLogger);
    bridge.write(tag(0), era(1, 1));
    bridge.endEra(reason, era(1, 1));
    bridge.endEra(reason, era(1, 1));
    expect(changes).toEqual(['started', told]);
  });
});
