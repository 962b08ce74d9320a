import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { ClockSource } from './fixtures/clock-source.ts';
import { ClockWatch, type Sighting } from './fixtures/clock-watch.ts';
import { HubProcess } from './fixtures/hub-process.ts';

const ffmpeg = programOrSkip('ffmpeg');
const executablePath = programOrSkip('chromium');

describe.skipIf(ffmpeg === undefined || executablePath === undefined)('the picture on the screen', () => {
  let browser: Browser;
  let hub: HubProcess;
  let source: ClockSource;

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];
    browser = await chromium.launch({ executablePath: executablePath!, args });
    hub = await HubProcess.start('--no-publisher');
    const { rtmpUrl } = await hub.get<{ rtmpUrl: string }>('/api/info');
    const options = { ffmpeg: ffmpeg!, source: 5, keyframeEvery: 30, hasSound: true };
    source = ClockSource.publish(`${rtmpUrl}/clock`, options);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), source?.[Symbol.asyncDispose]()]);
    await hub?.end();
  });

  it.each(['webcodecs', 'mse'])(
    'is younger than a second through %s, and moves',
    async (player) => {
      const page = await browser.newPage();
      const watch = await ClockWatch.attach(page);
      await page.goto(`${await hub.url()}/?player=${player}&stream=live/clock`);
      // A second of pictures in a row. Those that were kept for whoever joins are older, and a busy machine stumbles.
      await expect
        .poll(async () => median(await watch.take()), { interval: 1_000, timeout: 30_000 })
        .toBeLessThan(1_000);
      expect(watch.unreadable).toBe(0);
      await page.close();
    },
    60_000,
  );
});

/** Median age of at least ten different pictures of the right source, in ms; for ever when they were fewer. */
function median(seen: readonly Sighting[]): number {
  const ages = seen.filter(({ source }) => source === 5).map(({ ageMs }) => ageMs);
  return ages.length < 10 ? Number.POSITIVE_INFINITY : ages.toSorted((a, b) => a - b)[ages.length >> 1]!;
}
