import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { SupervisorHealth } from 'spillway';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { HubProcess } from './fixtures/hub-process.ts';

const ffmpeg = programOrSkip('ffmpeg');
const chromiumPath = programOrSkip('chromium');
const hubs: HubProcess[] = [];

interface Streams {
  readonly streams: readonly { readonly name: string; readonly state: string; readonly viewers: number }[];
}

interface Viewers {
  readonly viewers: readonly { readonly id: number }[];
}

afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.end('SIGKILL')));
});

async function hubWith(...args: string[]): Promise<HubProcess> {
  const hub = await HubProcess.start(...args);
  hubs.push(hub);
  return hub;
}

describe.skipIf(ffmpeg === undefined)('the smoke test', () => {
  it.each([{ blockMs: 0 }, { blockMs: 3_000 }])(
    'loses no frame with the main thread blocked for $blockMs ms',
    async ({ blockMs }) => {
      const hub = await hubWith('--smoke', '--block-main', `${blockMs}`);
      const [code] = await once(hub.child, 'close');
      expect(hub.output).toHaveLength(1);
      expect(JSON.parse(hub.output[0]!)).toMatchObject({ published: 60, captured: 60, delivered: 60 });
      expect({ code, log: hub.log }).toMatchObject({ code: 0 });
    },
    60_000,
  );

  it('ends with one line when it is stopped halfway', async () => {
    const hub = await hubWith('--smoke');
    await hub.logged('stream started stream="live/smoke"');
    expect(await hub.end('SIGINT')).toBe(1);
    expect(hub.log.at(-1)).toBe('CLOSED: smoke.worker.ts was closed');
  });
});

describe.skipIf(ffmpeg === undefined || chromiumPath === undefined)('the page', () => {
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    browser = await chromium.launch({ executablePath: chromiumPath!, args });
  });

  afterEach(() => expect(problems.splice(0)).toEqual([]));

  afterAll(() => browser?.close());

  it.each(['webcodecs', 'mse'])(
    'shows moving pictures through %s',
    async (player) => {
      const hub = await hubWith();
      const page = await open(await hub.url(), player);
      await expectMotion(page);
      expect(await page.evaluate('document.documentElement.dataset.player')).toBe(player);
      const { streams } = await hub.until<Streams>('/api/streams', (body) => body.streams[0]?.viewers === 1);
      expect(streams).toMatchObject([{ name: 'live/demo', state: 'live', viewers: 1 }]);
      await page.close();
      await hub.until<Streams>('/api/streams', (body) => body.streams[0]?.viewers === 0);
    },
    60_000,
  );

  it('of the README plays, word for word', async () => {
    const readme = await readFile(new URL('./README.md', import.meta.url), 'utf8');
    const body = readme.match(/```html\n(.*?)```/s)![1]!;
    const hub = await hubWith();
    const page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(`${error}`));
    await page.goto(`${await hub.url()}/healthz`); // Another page of the hub's origin gives its place to this one.
    await page.setContent(body);
    await page.locator('#stage > .picture').evaluate((picture) => picture.setAttribute('id', 'picture'));
    await expectMotion(page);
    await page.close();
  }, 60_000);

  it.each([
    { act: 'exit', reason: /WORKER_EXITED: rtmp exited with code 1/ },
    { act: 'spin', reason: /WORKER_HUNG: rtmp gave no sign of life/ },
  ] as const)(
    'goes on for those who stayed when the ingest thread is lost by $act',
    async ({ act, reason }) => {
      const hub = await hubWith();
      const page = await open(await hub.url(), 'webcodecs');
      await expectMotion(page);
      const [viewer] = (await hub.get<Viewers>('/api/viewers')).viewers;
      await hub.sabotage(act);
      const tree = await hub.until<SupervisorHealth>(
        '/api/tree',
        ({ children }) => children[0]?.incarnation === 2 && children[0].state === 'running',
      );
      expect(tree.children[0]?.lastExit).toMatchObject({
        reason: 'failed',
        error: expect.stringMatching(reason),
      });
      await hub.until<Streams>('/api/streams', (body) => body.streams[0]?.state === 'live');
      await expectMotion(page);
      expect((await hub.get<Viewers>('/api/viewers')).viewers).toMatchObject([{ id: viewer?.id }]); // Still the same connection.
      await expect.poll(() => page.innerText('body'), { timeout: 10_000 }).toContain('WORKER_');
      await page.close();
    },
    60_000,
  );

  async function open(url: string, player: string): Promise<Page> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(`${error}`));
    await page.goto(`${url}/?player=${player}`);
    await page.waitForSelector('#picture');
    return page;
  }
});

describe('the hub', () => {
  it('answers health questions, also while nothing is published', async () => {
    const hub = await hubWith('--no-publisher');
    expect(await hub.get('/healthz')).toEqual({ status: 'healthy' });
    expect(await hub.get('/api/streams')).toEqual({ streams: [] });
    expect(await hub.get<SupervisorHealth>('/api/tree')).toMatchObject({
      name: 'hub',
      state: 'running',
      children: [{ name: 'rtmp' }, { name: 'web' }],
    });
  });

  it.skipIf(ffmpeg === undefined)('stops within 2 s on Ctrl-C and leaves nothing running', async () => {
    const hub = await hubWith();
    await hub.until<Streams>('/api/streams', (body) => body.streams.length === 1);
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', `${hub.child.pid}`], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    const startMs = performance.now();
    expect(await hub.end('SIGINT')).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(children.filter((pid) => pid !== '').length).toBe(1);
    expect(children.filter(isAlive)).toEqual([]);
  });

  it.skipIf(ffmpeg === undefined)('stops within 2 s also when somebody else publishes', async () => {
    const hub = await hubWith('--no-publisher');
    const { rtmpUrl } = await hub.get<{ rtmpUrl: string }>('/api/info');
    const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=10'];
    const publisher = spawn(ffmpeg!, [
      '-nostdin',
      ...picture,
      '-c:v',
      'libx264',
      '-f',
      'flv',
      `${rtmpUrl}/x`,
    ]);
    await hub.until<Streams>('/api/streams', (body) => body.streams.length === 1);
    const startMs = performance.now();
    expect(await hub.end('SIGINT')).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(2_000);
    publisher.kill('SIGKILL');
  });

  it('says in one sentence that a port is taken', async () => {
    const server = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    for (const flag of ['--rtmp-port', '--http-port']) {
      const hub = await hubWith('--no-publisher', flag, `${port}`);
      const [code] = await once(hub.child, 'close');
      expect(code).toBe(1);
      expect(hub.log).toEqual([
        `LISTEN_IN_USE: cannot listen on 127.0.0.1:${port}: another program uses that port; choose others with --rtmp-port and --http-port`,
      ]);
    }
    server.close();
  });

  it.each([
    {
      args: ['--rtmp-port', 'abc'],
      says: "CONFIG_INVALID: --rtmp-port must be a whole number from 0 to 65535, got 'abc'",
    },
    {
      args: ['--http-port', '70000'],
      says: "CONFIG_INVALID: --http-port must be a whole number from 0 to 65535, got '70000'",
    },
    { args: ['--colour'], says: /^CONFIG_INVALID: Unknown option '--colour'/ },
  ])('refuses $args', async ({ args, says }) => {
    const hub = await hubWith(...args);
    const [code] = await once(hub.child, 'close');
    expect(code).toBe(1);
    expect(hub.log.join('\n')).toMatch(says);
  });

  it.skipIf(ffmpeg === undefined)('is playable by other players: ffmpeg reads frames over HTTP', async () => {
    const hub = await hubWith();
    await hub.until<Streams>('/api/streams', (body) => body.streams.length === 1);
    const url = `${await hub.url()}/live/demo.flv`;
    const player = spawn(ffmpeg!, [
      '-nostdin',
      '-loglevel',
      'error',
      '-i',
      url,
      '-frames:v',
      '30',
      '-f',
      'null',
      '-',
    ]);
    let words = '';
    player.stderr.on('data', (text) => {
      words += text;
    });
    const [code] = await once(player, 'close');
    expect({ code, words }).toEqual({ code: 0, words: '' });
  });
});

/** Compares the picture with itself half a second later, pixel by pixel, until it has moved twice. */
async function expectMotion(page: Page): Promise<void> {
  const picture = page.locator('#picture');
  await picture.waitFor({ state: 'visible' });
  const seen = new Set<string>();
  const endMs = Date.now() + 20_000;
  while (seen.size < 3 && Date.now() < endMs) {
    const pixels = await page.evaluate<string | null>(readPixels);
    if (pixels !== null) seen.add(pixels);
    await page.waitForTimeout(200);
  }
  expect(seen.size).toBeGreaterThanOrEqual(3);
}

/** In the page: a small copy of the picture as text; `null` while it is blank. */
const readPixels = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
  const context = canvas.getContext('2d');
  context.drawImage(document.querySelector('#picture'), 0, 0, 64, 36);
  const { data } = context.getImageData(0, 0, 64, 36);
  return new Set(new Uint32Array(data.buffer)).size < 8 ? null : data.join();
})()`;

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}
