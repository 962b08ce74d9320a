import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { cleanUp, collect, onCleanUp, startIngest } from './fixtures/ingest-under-test.ts';

const ffmpeg = programOrSkip('ffmpeg');

afterEach(cleanUp);

describe.skipIf(ffmpeg === undefined)('RtmpIngest with ffmpeg', () => {
  it.each([
    { pace: 'in real time', args: ['-re'] },
    { pace: 'in one burst', args: [] },
  ])('captures 60 of 60 frames sent $pace', async ({ args }) => {
    const { streams, port } = await startIngest();
    const video = collect(streams, 'live/sixty');
    await publishWithFfmpeg(
      port,
      'sixty',
      [...args, '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30'],
      ['-frames:v', '60'],
    );
    expect((await video).frames.video).toBe(60);
  });

  it('keeps sound and picture together and in order', async () => {
    const { streams, port } = await startIngest();
    const stream = collect(streams, 'live/both');
    const inputs = [
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=320x240:rate=30',
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440',
    ];
    await publishWithFfmpeg(port, 'both', inputs, ['-t', '2', '-c:a', 'aac']);
    const { frames, dts, codecs } = await stream;
    expect(frames.video).toBe(60);
    expect(frames.audio).toBeGreaterThanOrEqual(85);
    expect(codecs).toEqual(new Set(['none', 'avc1', 'mp4a']));
    expect(dts).toEqual([...dts].sort((a, b) => a - b));
  });

  it('is there again as soon as a publisher has left', async () => {
    const { streams, port } = await startIngest();
    for (let round = 0; round < 3; round++) {
      const stream = collect(streams, 'live/again');
      await publishWithFfmpeg(
        port,
        'again',
        ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=30'],
        ['-frames:v', '10'],
      );
      expect((await stream).frames.video).toBe(10);
    }
  });
});

async function publishWithFfmpeg(
  port: number,
  key: string,
  inputs: readonly string[],
  limits: readonly string[],
) {
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-pix_fmt', 'yuv420p'];
  const url = `rtmp://127.0.0.1:${port}/live/${key}`;
  const child = spawn(ffmpeg!, [
    '-nostdin',
    '-loglevel',
    'error',
    ...inputs,
    ...limits,
    ...encoder,
    '-f',
    'flv',
    url,
  ]);
  onCleanUp(() => child.kill('SIGKILL'));
  let words = '';
  child.stderr.on('data', (text) => {
    words += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, words }).toMatchObject({ code: 0 });
}
