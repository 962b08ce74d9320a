import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { MediaInput } from './media-input.ts';
import type { MediaInputOptions, SourceOptions } from './options.ts';

const url = 'rtsp://user:secret@camera/main';

describe('the options of MediaInput', () => {
  it.each([
    { options: { uri: url }, says: /MediaInput has no option 'uri'/ },
    { options: { name: '' }, says: /name must be a string/ },
    { options: { host: 'machine' }, says: /host must be one of 'thread', 'process', got 'machine'/ },
    { options: { ffmpegPath: '' }, says: /ffmpegPath must be a string/ },
    { options: { connectTimeoutMs: 0 }, says: /connectTimeoutMs must be a number of milliseconds from 1/ },
    { options: { stallTimeoutMs: '5 s' }, says: /stallTimeoutMs must be .*, got '5 s'/ },
    { options: { reconnectOnEnd: 1 }, says: /reconnectOnEnd must be true or false/ },
    { options: { goodSpellMs: -1 }, says: /goodSpellMs/ },
    {
      options: { heartbeatTimeoutMs: 50 },
      says: /heartbeatTimeoutMs must be a number of milliseconds from 100/,
    },
    { options: { backoff: { maxMs: -1 } }, says: /maxMs/ },
    { options: { backoff: { random: Math.random } }, says: /backoff.random cannot travel to the worker/ },
    {
      options: { video: { capacity: 0 } },
      says: /video.capacity must be a whole number from 1 to 65536, got 0/,
    },
    { options: { audio: { maxBytes: 0.5 } }, says: /audio.maxBytes/ },
    { options: { audio: { overflow: 'wait' } }, says: /audio.overflow must be one of 'drop', 'block'/ },
    { options: { video: { depth: 1 } }, says: /video has no option 'depth'/ },
    { options: { logger: {} }, says: /logger must be an object with debug/ },
    { options: { clock: {} }, says: /clock must be/ },
    { options: { videoCodec: 'vp9' }, says: /videoCodec must be one of 'copy', 'h264', 'none'/ },
    { options: { probeMs: 0 }, says: /probeMs/ },
    { options: { inputOptions: '-re' }, says: /inputOptions must be an array of at most 256 strings/ },
    { options: { outputOptions: ['a\0'] }, says: /outputOptions must be/ },
    { options: { inputFormat: '' }, says: /inputFormat/ },
    { options: { inputFormat: 'a\0' }, says: /inputFormat must be a string without NUL/ },
    { options: { ffmpegPath: 'a\0' }, says: /ffmpegPath must be a string without NUL/ },
    { options: { realtime: 'yes' }, says: /realtime must be true or false/ },
    { options: { url: '' }, says: /url must be a string of 1 to 8192 characters/ },
  ])('refuse $options', ({ options, says }) => {
    expect(() => new MediaInput(options as unknown as MediaInputOptions)).toThrow(ConfigError);
    expect(() => new MediaInput(options as unknown as MediaInputOptions)).toThrow(says);
  });

  it('are checked by connect() as well, and never show the URL', () => {
    const input = new MediaInput();
    expect(() => input.connect(url, { videoCodec: 'vp9' } as unknown as SourceOptions)).toThrow(/videoCodec/);
    expect(() => input.connect(url, { host: 'thread' } as unknown as SourceOptions)).toThrow(
      /connect has no option 'host'/,
    );
    expect(() => input.connect(`${url}${'x'.repeat(9_000)}`)).toThrow(/^url must be a string/);
    expect(() => input.connect(`${url}${'x'.repeat(9_000)}`)).not.toThrow(/secret/);
    expect(input.stats().url).toBeNull();
  });
});
