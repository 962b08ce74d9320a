import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { HubProcess } from './fixtures/hub-process.ts';

const ffmpeg = programOrSkip('ffmpeg');
const executablePath = programOrSkip('chromium');

describe.skipIf(ffmpeg === undefined || executablePath === undefined)('a page of somebody else', () => {
  let browser: Browser;
  let hub: HubProcess;

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];
    browser = await chromium.launch({ executablePath: executablePath!, args });
    hub = await HubProcess.start();
    await hub.until<{ streams: unknown[] }>('/api/streams', ({ streams }) => streams.length === 1);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await hub?.end();
  });

  it.each(['ws', 'http'])(
    'plays a stream with mpegts.js over %s',
    async (scheme) => {
      const page = await browser.newPage();
      await page.goto(`${await hub.url()}/healthz`); // Any page of the hub's origin will do.
      await page.addScriptTag({ path: createRequire(import.meta.url).resolve('mpegts.js') });
      await page.evaluate(play((await hub.url()).replace('http', scheme)));
      await expect.poll(() => playedSeconds(page), { timeout: 20_000 }).toBeGreaterThan(2);
      await page.close();
      await hub.until<{ viewers: unknown[] }>('/api/viewers', ({ viewers }) => viewers.length === 0);
    },
    60_000,
  );
});

function play(base: string): string {
  return `(() => {
    const video = Object.assign(document.createElement('video'), { muted: true });
    document.body.append(video);
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: '${base}/live/demo.flv' });
    player.attachMediaElement(video);
    player.load();
    return player.play();
  })()`;
}

function playedSeconds(page: Page): Promise<number> {
  return page.evaluate(`document.querySelector('video').currentTime`);
}
