import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  resolve: {
    // The examples import `spillway` as a user does; here that name means the sources, so no build is needed.
    alias: [
      { find: /^spillway$/, replacement: new URL('./src/index.ts', import.meta.url).pathname },
      { find: /^spillway\/worker$/, replacement: new URL('./src/worker.ts', import.meta.url).pathname },
      { find: /^spillway\/(.+)$/, replacement: `${new URL('./src/', import.meta.url).pathname}$1/index.ts` },
    ],
  },
  test: {
    include: ['src/**/*.test.ts', 'examples/**/*.test.ts', 'scripts/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 15_000,
    hookTimeout: 30_000,
  },
};

export default config;
