import type { Service, ServiceContext } from 'spillway';
import type { RtmpIngest } from 'spillway/rtmp';
import { runFfmpeg } from './ffmpeg.ts';
import { urlHost } from './url-host.ts';

const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'];
const video = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-tune',
  'zerolatency',
  '-pix_fmt',
  'yuv420p',
  '-g',
  '30',
];
const audio = ['-c:a', 'aac', '-b:a', '96k'];

/** Publishes a test pattern with a running clock and a tone, as a service that a supervisor keeps running. */
export function testPattern(ingest: RtmpIngest, key: string): Service {
  return {
    name: 'test-pattern',
    async run({ signal, beat }: ServiceContext) {
      const { host, port } = ingest.address ?? { host: '127.0.0.1', port: 1935 };
      const url = `rtmp://${urlHost(host)}:${port}/live/${key}`;
      const args = [...picture, ...tone, ...video, '-b:v', '2M', ...audio, '-f', 'flv', url];
      await runFfmpeg({ args, signal, onProgress: beat });
    },
  };
}
