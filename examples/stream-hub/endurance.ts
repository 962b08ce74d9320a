// Has two browsers publish and three watch, while streams and dashboards come and go, and prints whether anything grows.
//   node --conditions=spillway-source examples/stream-hub/endurance.ts [minutes, default 5]
// CHROMIUM_PATH names the browser when it is not /usr/bin/chromium.
import { setTimeout as pause } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { BrowserStreamer } from './fixtures/browser-streamer.ts';
import { HubProcess } from './fixtures/hub-process.ts';
import { PageWatch, type Sample } from './fixtures/page-watch.ts';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const minutes = Number(process.argv[2] ?? 5);
const sampleMs = 10_000;

interface Row extends Record<string, string> {
  readonly seconds: string;
  readonly fps: string;
  readonly 'hub cpu %': string;
  readonly 'hub MB': string;
  readonly 'page heap MB': string;
}

async function endure(browser: Browser, hub: HubProcess): Promise<void> {
  const url = await hub.url();
  const steady = await BrowserStreamer.open(browser, url, 'steady');
  const page = await open(browser, url, '/?stream=steady');
  const watch = await PageWatch.attach(page, hub.child.pid!);
  const others = [await open(browser, url, '/?stream=steady'), await open(browser, url, '/?wall')];
  const startMs = performance.now();
  let before = await watch.sample();
  let beforeMs = startMs;
  const rows: Row[] = [];
  while (performance.now() - startMs < minutes * 60_000) {
    await comeAndGo(browser, url);
    await pause(Math.max(0, beforeMs + sampleMs - performance.now()));
    const sample = await watch.sample();
    const nowMs = performance.now();
    rows.push(rowOf(sample, before, (nowMs - beforeMs) / 1_000, (nowMs - startMs) / 1_000));
    [before, beforeMs] = [sample, nowMs];
  }
  console.table(rows);
  for (const tab of [steady, page, ...others]) await tab.close();
}

/** What a day brings: a stream begins and ends, a dashboard is opened and closed. */
async function comeAndGo(browser: Browser, url: string): Promise<void> {
  const streamer = await BrowserStreamer.open(browser, url, 'passing');
  const visitor = await open(browser, url, '/?stream=passing');
  await pause(2_000);
  await visitor.close();
  await streamer.close();
}

async function open(browser: Browser, url: string, path: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${url}${path}`);
  return page;
}

function rowOf(sample: Sample, before: Sample, spanSeconds: number, seconds: number): Row {
  return {
    seconds: seconds.toFixed(0),
    fps: ((sample.framesShown - before.framesShown) / spanSeconds).toFixed(1),
    'hub cpu %': ((100 * (sample.hubCpuSeconds - before.hubCpuSeconds)) / spanSeconds).toFixed(1),
    'hub MB': sample.hubMb.toFixed(1),
    'page heap MB': sample.pageHeapMb.toFixed(2),
  };
}

const args = ['--no-sandbox', '--disable-gpu', '--disable-renderer-backgrounding', '--disable-sync'];
args.push('--disable-background-timer-throttling', '--disable-background-networking');
const browser = await chromium.launch({ executablePath, args });
const hub = await HubProcess.start('--no-publisher');
try {
  await endure(browser, hub);
} finally {
  await browser.close();
  await hub.end();
}
