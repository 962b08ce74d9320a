import { describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { encode, measurePictureLoss, type ViewerPolicy } from './fixtures/picture-loss.ts';

const ffmpeg = programOrSkip('ffmpeg');

describe.skipIf(ffmpeg === undefined)('what a viewer behind a slow link sees', () => {
  it.each([30, 60])(
    'is never a corrupted picture with skip-to-resync, at a keyframe every %i frames',
    async (gop) => {
      const packets = await encode(ffmpeg!, gop);
      const loss = await measurePictureLoss(ffmpeg!, packets, 'skip-to-resync');
      expect(loss.corrupted).toBe(0);
      expect(loss.dropped).toBeGreaterThan(30);
      expect(loss.delivered).toBeGreaterThan(150);
    },
  );

  // The control: the same judge finds what the other policies break.
  it.each<ViewerPolicy>(['drop-oldest', 'latest', 'drop-newest'])(
    'is often corrupted with %s',
    async (policy) => {
      const packets = await encode(ffmpeg!, 30);
      const loss = await measurePictureLoss(ffmpeg!, packets, policy);
      expect(loss.corrupted / loss.delivered).toBeGreaterThan(0.1);
    },
  );
});
