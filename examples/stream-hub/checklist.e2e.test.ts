/** What the operators of a dashboard with live pictures went through by hand, with real browsers on both sides. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { BrowserStreamer } from './fixtures/browser-streamer.ts';
import { HubProcess } from './fixtures/hub-process.ts';
import { PageWatch, type Sample } from './fixtures/page-watch.ts';

// A publisher that is lost has 10 s to come back, and a machine with two busy cores takes its time.
const patience = { timeout: 30_000 };
const executablePath = programOrSkip('chromium');

interface Shown {
  readonly phase: string;
  readonly stream: string | null;
  readonly framesShown: number;
  readonly connections: number;
}

describe.skipIf(executablePath === undefined)(
  'a dashboard',
  () => {
    let browser: Browser;
    let hub: HubProcess;
    let url: string;
    const tabs: { close(): Promise<void> }[] = [];
    const problems: string[] = [];

    beforeAll(async () => {
      const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];
      // Tabs in the background are throttled otherwise, and all but one of a headless browser's are there.
      args.push('--disable-renderer-backgrounding', '--disable-background-timer-throttling');
      browser = await chromium.launch({ executablePath: executablePath!, args });
      hub = await HubProcess.start('--no-publisher');
      url = await hub.url();
    }, 60_000);

    afterEach(async () => {
      for (const tab of tabs.splice(0)) await tab.close().catch(() => {}); // Some were closed by the test.
      await hub.until<{ streams: unknown[] }>('/api/streams', ({ streams }) => streams.length === 0);
      await hub.until<{ viewers: unknown[] }>('/api/viewers', ({ viewers }) => viewers.length === 0);
      expect(problems.splice(0)).toEqual([]);
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      await hub?.end();
    });

    it('shows a stream that starts, and clears when it stops', async () => {
      const page = await dashboard();
      const streamer = await stream('door');
      await shows(page, 'door');
      await streamer.stop();
      await cleared(page);
      await expect.poll(() => page.innerText('body'), patience).toContain('stream ended');
    });

    it('cleans up when the streamer closes its tab', async () => {
      const streamer = await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      await streamer.close();
      await cleared(page);
    });

    it('is one of several, and three may watch: one closes, the others go on', async () => {
      await stream('door');
      const pages = [await dashboard(), await dashboard(), await dashboard()];
      for (const page of pages) await shows(page, 'door');
      await pages[0]!.close();
      await hub.until<{ viewers: unknown[] }>('/api/viewers', ({ viewers }) => viewers.length === 2);
      for (const page of pages.slice(1)) await shows(page, 'door');
    });

    it('shows several streams at once', async () => {
      for (const name of ['a', 'b', 'c']) await stream(name);
      const page = await dashboard('/?wall');
      await expect
        .poll(async () => (await onWall(page)).filter(({ framesShown }) => framesShown > 3).length, patience)
        .toBe(3);
      expect((await onWall(page)).map((tile) => tile.stream)).toEqual(['a', 'b', 'c']);
      const viewers = await hub.get<{ viewers: { streams: unknown[] }[] }>('/api/viewers');
      expect(viewers.viewers.map(({ streams }) => streams.length)).toEqual([3]); // Over one connection.
    });

    it('goes on when corrupt data come between the pictures, and is cleared when nothing else does', async () => {
      const streamer = await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      await streamer.sendRubbish(9);
      await shows(page, 'door');
      await streamer.sendRubbish(10);
      await cleared(page);
      await hub.logged('reason="rejected"');
    });

    it('goes on when the streamer loads its page anew', async () => {
      const streamer = await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      for (let time = 0; time < 3; time++) {
        await streamer.reload('door');
        await shows(page, 'door');
      }
    });

    it('goes on when it is loaded anew itself', async () => {
      await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      await page.reload();
      await shows(page, 'door');
      await hub.until<{ viewers: unknown[] }>('/api/viewers', ({ viewers }) => viewers.length === 1);
    });

    it('shows the new run of a stream that stops and starts again at once', async () => {
      const streamer = await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      for (let time = 0; time < 3; time++) {
        await streamer.stop();
        await streamer.start('door');
        await shows(page, 'door');
      }
    });

    it('shows what is there: start A, start B, stop A, stop B', async () => {
      const page = await dashboard();
      const a = await stream('a');
      await shows(page, 'a');
      const b = await stream('b');
      await shows(page, 'a');
      await a.stop();
      await shows(page, 'b');
      await b.stop();
      await cleared(page);
    });

    it('comes back to moving pictures when its page is left and visited again', async () => {
      await stream('door');
      const page = await dashboard();
      await shows(page, 'door');
      await page.goto('about:blank');
      await hub.until<{ viewers: unknown[] }>('/api/viewers', ({ viewers }) => viewers.length === 0);
      await page.goBack();
      await shows(page, 'door');
    });

    it('comes back by itself when the hub is killed and started again', async () => {
      const restarted = await HubProcess.start('--no-publisher');
      const address = await restarted.url();
      const page = await dashboard('/', address);
      await expect.poll(() => page.innerText('body'), patience).toContain('no stream yet');
      await restarted.end('SIGKILL');
      await expect.poll(() => page.innerText('body'), patience).toContain('The server does not answer');
      const again = await HubProcess.start('--no-publisher', '--http-port', new URL(address).port);
      await again.url();
      const streamer = await BrowserStreamer.open(browser, address, 'door');
      await shows(page, 'door');
      for (const tab of [streamer, page]) await tab.close();
      await again.end();
    });

    it('does not grow while streams and other dashboards come and go', async () => {
      await stream('steady');
      const page = await dashboard('/?wall');
      const watch = await PageWatch.attach(page, hub.child.pid!);
      for (let time = 0; time < 3; time++) await comeAndGo(); // What is made once and kept.
      await showsOnly(page, 'steady');
      const before = await sampleWithoutLog(page, watch);
      for (let time = 0; time < 6; time++) await comeAndGo();
      await showsOnly(page, 'steady');
      const grown = async (): Promise<{ heapMb: number; elements: number }> => {
        const { pageHeapMb, elements } = await sampleWithoutLog(page, watch);
        return { heapMb: pageHeapMb - before.pageHeapMb, elements: elements - before.elements };
      };
      await expect.poll(async () => (await grown()).heapMb, patience).toBeLessThan(1);
      await expect.poll(async () => (await grown()).elements, patience).toBeLessThan(10); // A tile has more.
    });

    /** A tile stays for some seconds after its stream has ended. */
    async function showsOnly(page: Page, name: string): Promise<void> {
      await expect
        .poll(async () => (await onWall(page)).map((tile) => tile.stream), patience)
        .toEqual([name]);
    }

    /** A stream begins, a dashboard shows it, and both go. */
    async function comeAndGo(): Promise<void> {
      const streamer = await BrowserStreamer.open(browser, url, 'passing');
      const visitor = await browser.newPage();
      await visitor.goto(`${url}/?stream=passing`);
      await expect.poll(async () => (await shown(visitor)).phase, patience).toBe('playing');
      await visitor.close();
      await streamer.stop();
      await streamer.close();
    }

    async function stream(name: string): Promise<BrowserStreamer> {
      const streamer = await BrowserStreamer.open(browser, url, name);
      tabs.push(streamer);
      return streamer;
    }

    async function dashboard(path: string = '/', address: string = url): Promise<Page> {
      const page = await browser.newPage();
      tabs.push(page);
      page.on('pageerror', (error) => problems.push(`${error}`));
      await page.goto(`${address}${path}`);
      return page;
    }
  },
  180_000,
);

/** Waits until the dashboard plays this stream and its picture has moved on. */
async function shows(page: Page, stream: string): Promise<void> {
  await expect.poll(() => shown(page), patience).toMatchObject({ phase: 'playing', stream });
  const { framesShown } = await shown(page);
  await expect.poll(async () => (await shown(page)).framesShown, patience).toBeGreaterThan(framesShown + 3);
}

/** Waits until the dashboard shows no picture any more. */
async function cleared(page: Page): Promise<void> {
  await expect.poll(async () => (await shown(page)).phase, patience).toMatch(/ended|idle/);
  expect(await page.evaluate(isBlank)).toBe(true);
}

/** The log may grow, to 60 lines. */
async function sampleWithoutLog(page: Page, watch: PageWatch): Promise<Sample> {
  await page.evaluate(`document.querySelector('#log').replaceChildren()`);
  return watch.sample();
}

function onWall(page: Page): Promise<Shown[]> {
  return page.evaluate('spillwayHub.wall()');
}

function shown(page: Page): Promise<Shown> {
  return page.evaluate('spillwayHub.stats()');
}

/** In the page: whether the picture is one colour only. */
const isBlank = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
  const context = canvas.getContext('2d');
  context.drawImage(document.querySelector('#picture'), 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  return new Set(new Uint32Array(data.buffer)).size === 1;
})()`;
