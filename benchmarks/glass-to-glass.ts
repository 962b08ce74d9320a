/**
 * Question: how old is the picture a person sees, also after the network has stalled, and how long does the first one take?
 *
 * Run: `node --conditions=spillway-source benchmarks/glass-to-glass.ts [--quick] [--sound] [--only WORD]`. Each frame
 * carries the time it was drawn at. ffmpeg encodes it (x264, ultrafast, zerolatency), the stream hub takes it over RTMP,
 * Chromium plays it through a TCP relay that can freeze, and what stands on the screen is read back and compared with the
 * clock. Encoding is part of the age; the refresh of the screen after the page has drawn, up to 17 ms, is not.
 */
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { ClockSource } from '../examples/stream-hub/fixtures/clock-source.ts';
import { ClockWatch } from '../examples/stream-hub/fixtures/clock-watch.ts';
import { HubProcess } from '../examples/stream-hub/fixtures/hub-process.ts';
import { findProgram } from '../scripts/programs.mjs';
import {
  describeClaim,
  describeJoins,
  describeStall,
  describeSteady,
  describeWire,
} from './fixtures/glass-figures.ts';
import { publishJpeg } from './fixtures/glass-jpeg.ts';
import { type GlassPlayer, glassPlayers } from './fixtures/glass-players.ts';
import { TcpRelay } from './fixtures/glass-relay.ts';
import { type GlassRound, rareSource, watchRound } from './fixtures/glass-round.ts';
import { frameAgesOnWire } from './fixtures/glass-wire.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    sound: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const round: GlassRound = flags.quick
  ? { warmUpMs: 2_500, steadyMs: 4_000, stallMs: 2_000, joins: 2 }
  : { warmUpMs: 4_000, steadyMs: 10_000, stallMs: 2_000, joins: 6 };
const ffmpeg = required('ffmpeg');
const executablePath = required('chromium');
const sources = { often: 1, rare: rareSource, jpeg: 3 };
const browserArgs = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

const hub = await HubProcess.start('--no-publisher');
process.once('exit', () => hub.child.kill()); // After Ctrl-C nothing below is reached any more.
const browser = await chromium.launch({ executablePath, args: browserArgs });
try {
  console.log(
    `Node ${process.version}, Chromium ${browser.version()}, ${cpus().length} × ${cpus()[0]?.model}`,
  );
  await compare(hub, browser);
} finally {
  await Promise.allSettled([browser.close(), hub.end()]);
}

async function compare(hub: HubProcess, browser: Browser): Promise<void> {
  const url = await hub.url();
  await using relay = await TcpRelay.open(Number(new URL(url).port));
  await using often = await publish(hub, 'often', 30);
  await using _rare = await publish(hub, 'rare', 120);
  await sleep(round.warmUpMs);
  const skippedAtStart = often.skipped; // While ffmpeg starts it takes nothing.
  const wire = await frameAgesOnWire(`${url}/live/often.flv`, often, round.steadyMs);
  console.log(describeWire(wire));
  const rows: Record<string, Record<string, string>> = {};
  for (const player of glassPlayers.filter(({ name }) => name.includes(flags.only)))
    rows[player.name] = await measure(hub, browser, relay, player);
  console.table(rows);
  console.log(`load of the machine in the last five minutes: ${loadavg()[1]!.toFixed(1)}`);
  console.log(`frames that were not drawn because the encoder was behind: ${often.skipped - skippedAtStart}`);
}

async function measure(
  hub: HubProcess,
  browser: Browser,
  relay: TcpRelay,
  player: GlassPlayer,
): Promise<Record<string, string>> {
  const wsUrl = (await hub.url()).replace('http', 'ws');
  const name = player.media === 'jpeg' ? 'live/jpeg' : 'live/often';
  await using stills =
    player.media === 'jpeg' ? await publishJpeg(`${wsUrl}/streamers/${name}`, ffmpeg, sources.jpeg) : null;
  if (stills === undefined) return { fps: 'the hub takes no streamers' };
  const page = await browser.newPage();
  const watch = await ClockWatch.attach(page);
  try {
    await player.open(page, `http://127.0.0.1:${relay.port}`, name);
    const seen = await watchRound(round, { player, page, watch, relay });
    return {
      ...describeSteady(seen.steady, round.steadyMs),
      ...describeClaim(seen.claimedMs),
      ...describeStall(seen.thawed, seen.thawedAtMs),
      ...describeJoins(seen.joins),
      unreadable: String(watch.unreadable),
    };
  } catch (error) {
    return { fps: `${error}`.split('\n', 1)[0]! }; // One player that fails does not take the others' figures with it.
  } finally {
    await page.close();
  }
}

async function publish(hub: HubProcess, name: 'often' | 'rare', keyframeEvery: number): Promise<ClockSource> {
  const { rtmpUrl } = await hub.get<{ rtmpUrl: string }>('/api/info');
  const options = { ffmpeg, source: sources[name], keyframeEvery, hasSound: flags.sound };
  const source = ClockSource.publish(`${rtmpUrl}/${name}`, options);
  const isListed = ({ streams }: { streams: readonly { name: string }[] }): boolean =>
    streams.some((stream) => stream.name === `live/${name}`);
  await hub.until('/api/streams', isListed);
  return source;
}

function required(program: 'ffmpeg' | 'chromium'): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(`this benchmark needs ${program}, not found here`);
  return path;
}
