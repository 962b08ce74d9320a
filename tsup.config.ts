import type { Options } from 'tsup';

// Every entry lies flat in dist/, beside the chunks: code in a chunk then finds a worker file as `./name.js`,
// whichever entry it was bundled for.
const entries = {
  index: 'src/index.ts',
  worker: 'src/worker.ts',
  media: 'src/media/index.ts',
  codec: 'src/codec/index.ts',
  rtmp: 'src/rtmp/index.ts',
  ffmpeg: 'src/ffmpeg/index.ts',
  websocket: 'src/websocket/index.ts',
  testing: 'src/testing/index.ts',
};

const options: Options = {
  entry: {
    ...entries,
    'ingest.worker': 'src/rtmp/ingest.worker.ts',
    'demux.worker': 'src/ffmpeg/demux.worker.ts',
    'pool.worker': 'src/pool/pool.worker.ts',
  },
  dts: { entry: entries },
  format: ['esm'],
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  clean: true,
  // Without this the `node:` prefix is cut off, and modules that exist only with it do not load.
  removeNodeProtocol: false,
};

export default options;
