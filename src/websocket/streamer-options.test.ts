import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { dataUrl } from './fixtures/images.ts';
import { maxImageBytes } from './image-tag.ts';
import { maxStreamerMessageBytes, resolveStreamerOptions } from './streamer-options.ts';

describe('resolveStreamerOptions', () => {
  it('fills in the defaults', () => {
    expect(resolveStreamerOptions()).toEqual({
      ...{ maxFrameBytes: 2_097_152, maxPixels: 64_000_000, maxFramesPerSecond: 60, maxErrorsInRow: 10 },
      ...{ receiveTimeoutMs: 10_000, frozenTimeoutMs: 15_000, pingIntervalMs: 45_000 },
      ...{ progressIntervalMs: 10_000, inspectTimeoutMs: 2_000 },
    });
  });

  it('keeps what it is given', () => {
    const options = { maxFrameBytes: 1_024, inspect: () => true, frozenTimeoutMs: 1 };
    expect(resolveStreamerOptions(options)).toMatchObject(options);
    expect(resolveStreamerOptions({ maxFrameBytes: maxImageBytes }).maxFrameBytes).toBe(16_777_210);
  });

  it.each([
    {
      options: { maxFrameBytes: 1_023 },
      says: /streamers\.maxFrameBytes must be .*1024 to 16777210, got 1023/,
    },
    {
      options: { maxFrameBytes: maxImageBytes + 1 },
      says: /streamers\.maxFrameBytes must be .* got 16777211/,
    },
    { options: { maxPixels: 0 }, says: /streamers\.maxPixels must be .* got 0/ },
    { options: { maxFramesPerSecond: 0 }, says: /streamers\.maxFramesPerSecond must be .* got 0/ },
    { options: { maxErrorsInRow: 1.5 }, says: /streamers\.maxErrorsInRow must be .* got 1.5/ },
    { options: { receiveTimeoutMs: 0 }, says: /streamers\.receiveTimeoutMs must be .* got 0/ },
    { options: { frozenTimeoutMs: 2 ** 31 }, says: /streamers\.frozenTimeoutMs must be .* got 2147483648/ },
    { options: { pingIntervalMs: Number.NaN }, says: /streamers\.pingIntervalMs must be .* got NaN/ },
    { options: { progressIntervalMs: '1' }, says: /streamers\.progressIntervalMs must be .* got '1'/ },
    { options: { inspectTimeoutMs: -1 }, says: /streamers\.inspectTimeoutMs must be .* got -1/ },
    { options: { inspect: true }, says: /streamers\.inspect must be a function, got true/ },
    { options: { maxFps: 60 }, says: /streamers has no option 'maxFps'/ },
  ])('refuses $options', ({ options, says }) => {
    expect(() => resolveStreamerOptions(options as never)).toThrow(says);
    expect(() => resolveStreamerOptions(options as never)).toThrow(ConfigError);
  });
});

describe('maxStreamerMessageBytes', () => {
  it('leaves room for the largest picture as a page sends it', () => {
    for (const maxFrameBytes of [1_024, 1_025, 1_026, 2 << 20]) {
      const frame = dataUrl({ type: 'jpeg', bytes: new Uint8Array(maxFrameBytes) });
      const message = JSON.stringify({ type: 'frame', frame, timestamp_ms: 1_760_000_000_000.123 });
      const limit = maxStreamerMessageBytes(resolveStreamerOptions({ maxFrameBytes }));
      expect(limit).toBeGreaterThanOrEqual(message.length);
      expect(limit).toBeLessThan(message.length + 5_000);
    }
  });
});
