import { describe, expect, it } from 'vitest';
import { ConfigError } from '../core/errors.ts';
import { buildArguments, requireBuilder } from './ffmpeg-command.ts';
import { resolveRequest, type SourceOptions } from './options.ts';

async function argumentsFor(url: string, options: SourceOptions = {}): Promise<string> {
  return (await buildArguments(resolveRequest(url, options))).join(' ');
}

const probing = '-analyzeduration 3000000 -fpsprobesize 0';
const flv =
  '-sn -dn -flvflags no_duration_filesize -flush_packets 1 -max_interleave_delta 500000 -f flv pipe:1';

describe('buildArguments', () => {
  it('passes picture and sound on as they are, to stdout as FLV', async () => {
    expect(await argumentsFor('rtsp://camera/main')).toBe(
      `${probing} -i rtsp://camera/main -acodec copy -vcodec copy ${flv}`,
    );
  });

  it.each([
    { options: { inputFormat: 'lavfi' }, has: /^-f lavfi .* -i / },
    { options: { realtime: true }, has: /^-re .* -i / },
    { options: { probeMs: 500 }, has: /-analyzeduration 500000 .* -i / },
    { options: { inputOptions: ['-rtsp_transport', 'tcp'] }, has: /-rtsp_transport tcp -i / },
    {
      options: { outputOptions: ['-bsf:v', 'h264_mp4toannexb'] },
      has: / -i .* -bsf:v h264_mp4toannexb -f flv pipe:1$/,
    },
    {
      options: { videoCodec: 'h264' },
      has: / -vcodec libx264 .*-tune zerolatency.*-force_key_frames expr:gte/,
    },
    { options: { videoCodec: 'none' }, has: / -vn / },
    { options: { audioCodec: 'aac' }, has: / -acodec aac / },
    { options: { audioCodec: 'none' }, has: / -an / },
  ] as const)('knows $options', async ({ options, has }) => {
    expect(await argumentsFor('udp://127.0.0.1:5000', options)).toMatch(has);
  });

  it('splits no argument, whatever is in it', async () => {
    const request = resolveRequest('/a b/-c.mp4', {
      inputOptions: ['-headers', 'Authorization: x'],
      outputOptions: ['-metadata', 'title=a b'],
    });
    expect(await buildArguments(request)).toEqual(
      expect.arrayContaining(['/a b/-c.mp4', 'Authorization: x', 'title=a b']),
    );
  });
});

describe('requireBuilder', () => {
  it('names the package that is missing', () => {
    expect(() => requireBuilder('not-installed-at-all')).toThrow(ConfigError);
    expect(() => requireBuilder('not-installed-at-all')).toThrow(/npm install not-installed-at-all/);
  });

  it('is content when it is there', () => {
    expect(() => requireBuilder()).not.toThrow();
  });
});
