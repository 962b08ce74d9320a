import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findProgram, programOrSkip } from './programs.mjs';

const nowhere = '/nowhere';

beforeEach(() => {
  for (const name of ['CI', 'FFMPEG_PATH', 'CHROMIUM_PATH']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('findProgram', () => {
  it('takes what the variable names before it looks anywhere', () => {
    vi.stubEnv('FFMPEG_PATH', process.execPath);
    expect(findProgram('ffmpeg')).toBe(process.execPath);
  });

  it('finds nothing when the variable names something else than a program', () => {
    for (const wrong of [nowhere, import.meta.filename, import.meta.dirname]) {
      vi.stubEnv('FFMPEG_PATH', wrong);
      expect(findProgram('ffmpeg')).toBeUndefined();
    }
  });

  it('finds nothing on a PATH that leads nowhere', () => {
    vi.stubEnv('PATH', nowhere);
    expect(findProgram('ffmpeg')).toBeUndefined();
  });
});

describe('programOrSkip', () => {
  beforeEach(() => {
    vi.stubEnv('PATH', nowhere);
  });

  it('gives the path, and no message, when the program is there', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('CHROMIUM_PATH', process.execPath);
    expect(programOrSkip('chromium')).toBe(process.execPath);
    expect(write).not.toHaveBeenCalled();
  });

  it.each([undefined, '', '0', 'false'])('says loudly that tests are skipped when CI is %j', (ci) => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('CI', ci);
    expect(programOrSkip('ffmpeg')).toBeUndefined();
    expect(write).toHaveBeenCalledExactlyOnceWith(
      '\nSKIPPED: the end-to-end tests need ffmpeg (publishes the streams), not found here; ' +
        'install ffmpeg with your package manager, or name the path in FFMPEG_PATH.\n\n',
    );
  });

  it('throws in CI, naming a variable that leads nowhere', () => {
    vi.stubEnv('CI', 'true');
    vi.stubEnv('FFMPEG_PATH', nowhere);
    expect(() => programOrSkip('ffmpeg')).toThrow('FFMPEG_PATH=/nowhere cannot be run');
  });
});
