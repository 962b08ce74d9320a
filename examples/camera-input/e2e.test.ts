import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';

const ffmpeg = programOrSkip('ffmpeg');
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** Starts a program of this folder, as a person does. */
function start(file: string, ...args: string[]): { readonly child: ChildProcess; readonly lines: string[] } {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const preload = ['--conditions=spillway-source', '--import', here('./fixtures/sabotage.ts')];
  const env = { ...process.env, FFMPEG_PATH: ffmpeg ?? 'ffmpeg' };
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const child = spawn(process.execPath, [...preload, here(file), ...args], { env, stdio: [...stdio] });
  running.push(child);
  const lines: string[] = [];
  createInterface(child.stdout!).on('line', (line) => lines.push(line));
  return { child, lines };
}

interface Report {
  readonly endured: {
    readonly beats: number;
    readonly minGapMs: number;
    readonly maxGapMs: number;
    readonly back: Readonly<Record<string, { readonly deadMs: number; readonly connectMs: number }>>;
    readonly workerRestarts: number;
    readonly left: number;
  };
  readonly stopped: Readonly<Record<string, { readonly stopMs: number; readonly left: number }>>;
}

describe.skipIf(ffmpeg === undefined)('camera-input', () => {
  it('endures everything that can happen to a camera, to ffmpeg and to the worker', async () => {
    const { child, lines } = start('./endurance.ts', '1.5');
    expect(await once(child, 'close')).toEqual([0, null]);
    const { endured, stopped } = JSON.parse(lines[0] ?? '') as Report;
    expect(endured).toMatchObject({ workerRestarts: 1, left: 0 });
    // Every second within 100 ms on a quiet machine; a test run is none.
    expect(endured.beats).toBeGreaterThan(10);
    expect(endured.minGapMs).toBeGreaterThan(700);
    expect(endured.maxGapMs).toBeLessThan(1_300);
    // Where the source came back: one step of the back-off, 500 ms here, and room for a busy machine.
    for (const what of ['unreachable', 'silent', 'stalled', 'ffmpeg killed'])
      expect({ what, ...endured.back[what] }).toMatchObject({
        what,
        deadMs: expect.toSatisfy((ms: number) => ms < 1_000),
      });
    expect(Object.keys(stopped)).toHaveLength(6);
    for (const [what, { stopMs, left }] of Object.entries(stopped))
      expect({ what, stopMs, left }).toEqual({
        what,
        stopMs: expect.toSatisfy((ms: number) => ms < 1_000),
        left: 0,
      });
  }, 120_000);

  it.each([{ args: [] }, { args: ['--process'] }])(
    'shows what it does and stops on Ctrl-C, with $args',
    async ({ args }) => {
      const { child, lines } = start('./main.ts', ...args);
      await expect
        .poll(() => lines.join('\n'), { timeout: 30_000 })
        .toMatch(/\+ connected in \d+ ms: avc1 640x360, mp4a/);
      await expect.poll(() => lines.at(-1), { timeout: 10_000 }).toMatch(/^connected .*picture \d+ read/);
      const startMs = performance.now();
      child.kill('SIGINT');
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(performance.now() - startMs).toBeLessThan(2_000);
      expect(lines.at(-1)).toMatch(/^- requested/);
    },
    60_000,
  );
});
