import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../../../scripts/programs.mjs';
import { type CodedTag, encodeTags } from '../../fixtures/coded-tags.ts';
import { EngineSite } from '../../fixtures/engine-site.ts';

const ffmpeg = programOrSkip('ffmpeg');
const chromiumPath = programOrSkip('chromium');

const frameMs = 1_000 / 30;
const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30:duration=2', '-pix_fmt', 'yuv420p'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=8'];
const encoders = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '60'],
  bFrames: ['-c:v', 'libx264', '-bf', '2', '-b_strategy', '0', '-g', '60'],
  av1: ['-c:v', 'libsvtav1', '-preset', '12', '-g', '60'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '60'],
};
type Codec = keyof typeof encoders;

interface EngineState {
  readonly player: string;
  readonly refused: readonly string[];
  readonly timestamps: readonly number[];
  readonly stats: EngineStats;
}
interface EngineStats {
  readonly framesShown: number;
  readonly errors: number;
  readonly delayMs: number;
  readonly width: number;
  readonly height: number;
  readonly jumps?: number;
  readonly sound: { readonly isOn: boolean; readonly resyncs?: number };
  readonly soundProblem: string | null;
}

describe.skipIf(ffmpeg === undefined || chromiumPath === undefined)(
  'an engine in Chromium',
  { timeout: 30_000 },
  () => {
    const problems: string[] = [];
    const encoded = new Map<string, CodedTag[]>();
    const timers: NodeJS.Timeout[] = [];
    let browser: Browser;
    let site: EngineSite;

    beforeAll(async () => {
      const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
      const quiet = ['--disable-background-networking', '--disable-component-update'];
      browser = await chromium.launch({ executablePath: chromiumPath!, args: [...args, ...quiet] });
    });

    afterAll(() => browser?.close());

    afterEach(async () => {
      for (const timer of timers.splice(0)) clearInterval(timer);
      for (const context of browser.contexts()) await context.close();
      await site[Symbol.asyncDispose]();
      expect(problems.splice(0)).toEqual([]);
    });

    const tagsOf = (codec: Codec): CodedTag[] => {
      const known = encoded.get(codec) ?? encodeTags(ffmpeg!, [...picture, ...encoders[codec]]).tags;
      encoded.set(codec, known);
      return known;
    };

    it.each([
      { player: 'mse', codec: 'h264' },
      { player: 'mse', codec: 'bFrames' },
      { player: 'mse', codec: 'av1' },
      { player: 'mse', codec: 'vp9' },
      { player: 'webcodecs', codec: 'h264' },
      { player: 'webcodecs', codec: 'bFrames' },
      { player: 'webcodecs', codec: 'av1' },
      { player: 'webcodecs', codec: 'vp9' },
    ] as const)('plays $codec through $player', async ({ player, codec }) => {
      const page = await open(player);
      play(tagsOf(codec));
      const { stats, timestamps, refused } = await until(page, ({ stats }) => stats.framesShown >= 15);
      expect(refused).toEqual([]);
      expect(stats).toMatchObject({ errors: 0, width: 320, height: 180 });
      expect(
        timestamps.every((timestampMs, index) => index === 0 || timestampMs > timestamps[index - 1]!),
      ).toBe(true);
    });

    it.each(['mse', 'webcodecs'])('goes on through %s when the codec changes', async (player) => {
      const page = await open(player);
      const [before, after] = [tagsOf('h264'), tagsOf('vp9')];
      play([...before, ...after.map((tag) => ({ ...tag, timestampMs: tag.timestampMs + 2_000 }))]);
      const { stats, refused } = await until(page, ({ timestamps }) => timestamps.at(-1)! >= 2_500);
      expect([stats.errors, refused]).toEqual([0, []]);
    });

    it('shows a whole group of pictures that came at once from its newest one on', async () => {
      const page = await open('mse');
      for (const tag of tagsOf('h264')) site.send(tag);
      const { stats } = await until(page, ({ timestamps }) => timestamps.at(-1)! >= 1_800);
      expect(stats.framesShown).toBeLessThan(30);
      expect(stats.jumps).toBeGreaterThanOrEqual(1);
    });

    it('starts again when the timestamps do', async () => {
      const page = await open('mse');
      const late = tagsOf('h264').map((tag) => ({ ...tag, timestampMs: tag.timestampMs + 1_000_000 }));
      play([...late.slice(0, 40), ...tagsOf('h264')]);
      await until(page, ({ timestamps }) => timestamps.at(-1)! > 1_000_000);
      await until(page, ({ timestamps }) => timestamps.at(-1)! < 100_000 && timestamps.at(-1)! > 500);
    });

    it.each(['mse', 'webcodecs'])(
      'plays AAC and Opus through %s once they are switched on',
      async (player) => {
        for (const encoder of ['aac', 'libopus']) {
          const page = await open(player);
          play(tagsOf('h264'));
          play(encodeTags(ffmpeg!, [...tone, '-c:a', encoder]).tags);
          await until(page, ({ stats }) => stats.framesShown > 0);
          await page.locator('#picture').click();
          await page.evaluate('engineTest.engine.setMuted(false)');
          const { stats } = await until(page, ({ soundMs }) => soundMs > 300);
          expect(stats).toMatchObject({ sound: { isOn: true }, soundProblem: null });
          await page.evaluate('engineTest.engine.setMuted(true)');
          for (const timer of timers.splice(0)) clearInterval(timer);
          await page.close();
          await site[Symbol.asyncDispose]();
        }
        site = await EngineSite.start();
      },
      30_000,
    );

    it('shows image files, whatever the forced engine for video is', async () => {
      const page = await open('mse');
      play(await imageTags(page, ['image/jpeg', 'image/png', 'image/webp']));
      const { player, stats, refused } = await until(page, ({ stats }) => stats.framesShown >= 12);
      expect({ player, refused }).toEqual({ player: 'image', refused: [] });
      expect(stats).toMatchObject({ errors: 0, width: 160, height: 90 });
    });

    it('frees everything when it is closed, and plays again when it is opened', async () => {
      for (const player of ['mse', 'webcodecs']) {
        const page = await open(player);
        play(tagsOf('h264'));
        await until(page, ({ stats }) => stats.framesShown >= 5);
        const shown = await page.evaluate<number>(
          'engineTest.engine.close(), engineTest.engine.stats().framesShown',
        );
        await page.evaluate('engineTest.engine.open()');
        for (const timer of timers.splice(0)) clearInterval(timer);
        play(tagsOf('h264'));
        await until(page, ({ stats }) => stats.framesShown >= shown + 5);
        await page.close();
        await site[Symbol.asyncDispose]();
      }
      site = await EngineSite.start();
    });

    async function open(player: string): Promise<Page> {
      site = await EngineSite.start();
      const page = await browser.newPage();
      page.on('pageerror', (error) => problems.push(`${error}`));
      await page.goto(`${site.url}?player=${player}`);
      await page.waitForFunction('globalThis.engineTest');
      await page.evaluate('engineTest.join()');
      return page;
    }

    /** Sends each tag when its time has come. */
    function play(tags: readonly CodedTag[]): void {
      const startMs = performance.now();
      const dueMs = dueTimes(tags);
      let next = 0;
      const timer = setInterval(() => {
        while (next < tags.length && dueMs[next]! <= performance.now() - startMs) site.send(tags[next++]!);
      }, 10);
      timers.push(timer);
    }

    type Moment = EngineState & { readonly soundMs: number };

    async function until(page: Page, isWanted: (state: Moment) => boolean): Promise<Moment> {
      let state: Moment | undefined;
      await expect
        .poll(
          async () => {
            state = (await page.evaluate<Moment | null>(readState)) ?? undefined;
            return state !== undefined && state.timestamps.length > 0 && isWanted(state);
          },
          { timeout: 12_000, interval: 50, message: 'the wanted state' },
        )
        .toBe(true);
      return state!;
    }
  },
);

/** When each tag is sent, from the start on. Where the timestamps jump, time goes on as if they did not. */
function dueTimes(tags: readonly CodedTag[]): number[] {
  let dueMs = 0;
  return tags.map(({ timestampMs }, index) => {
    const stepMs = timestampMs - (tags[index - 1]?.timestampMs ?? timestampMs);
    dueMs += Math.abs(stepMs) > 5_000 ? frameMs : stepMs;
    return dueMs;
  });
}

/** In the page: what the engine has done so far. */
const readState = `(() => {
  const { engine, refused, timestamps } = engineTest;
  if (engine === null) return null;
  const stats = engine.stats();
  const soundMs = stats.sound.playedMs ?? (stats.sound.chunksPlayed ?? 0) * 20;
  return { player: engine.name, refused, timestamps, stats, soundMs };
})()`;

/** Files as a browser that publishes draws them, as tags. */
async function imageTags(page: Page, mimeTypes: readonly string[]): Promise<CodedTag[]> {
  const files = await page.evaluate<string[]>(`(${drawFiles})(${JSON.stringify(mimeTypes)})`);
  const fourCcs: Readonly<Record<string, string>> = { jpeg: 'jpeg', png: 'png ', webp: 'webp' };
  return files.map((url, index) => {
    const [, type, base64] = /^data:image\/(\w+);base64,(.*)$/.exec(url)!;
    const head = Buffer.concat([Buffer.of(0x93), Buffer.from(fourCcs[type!]!)]);
    const body = Buffer.concat([head, Buffer.from(base64!, 'base64')]);
    return { type: 9, timestampMs: index * 100, body };
  });
}

const drawFiles = `(mimeTypes) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
  const context = canvas.getContext('2d');
  return Array.from({ length: 30 }, (_, index) => {
    context.fillStyle = 'hsl(' + index * 12 + ' 80% 50%)';
    context.fillRect(0, 0, 160, 90);
    return canvas.toDataURL(mimeTypes[index % mimeTypes.length]);
  });
}`;
