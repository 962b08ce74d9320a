import { describe, expect, it } from 'vitest';
import { siblingModule } from './sibling-module.ts';

describe('siblingModule', () => {
  it.each([
    { base: 'file:///app/src/rtmp/ingest.ts', url: 'file:///app/src/rtmp/x.worker.ts' },
    { base: 'file:///app/dist/rtmp.js', url: 'file:///app/dist/x.worker.js' },
    { base: 'file:///app/dist/rtmp.mjs', url: 'file:///app/dist/x.worker.js' },
    { base: 'file:///app/src/ingest.ts?t=17', url: 'file:///app/src/x.worker.ts' },
    { base: 'file:///C:/app%20one/rtmp.ts', url: 'file:///C:/app%20one/x.worker.ts' },
  ])('finds a file beside $base', ({ base, url }) => {
    expect(siblingModule('x.worker', base).href).toBe(url);
  });
});
