import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { programOrSkip } from '../../scripts/programs.mjs';
import { ConfigError } from '../core/errors.ts';
import { type FfmpegEnd, FfmpegProcess } from './ffmpeg-process.ts';
import { findAll, findProcesses } from './fixtures/processes.ts';

const ffmpeg = programOrSkip('ffmpeg') ?? 'ffmpeg';
const isMissing = programOrSkip('ffmpeg') === undefined;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A word that no other process has in its command line; what has it at the end is killed, and the test fails. */
function marker(): string {
  const word = `spillway-${randomUUID()}`;
  cleanups.push(() => {
    const left = findAll(word);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    expect(left).toEqual([]);
  });
  return word;
}

/** A picture without end. It is written to `target`; `'-'` says nothing at all. */
function endless(word: string, target: 'pipe:1' | '-' = '-'): string[] {
  const input = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=10', '-metadata', `comment=${word}`];
  return [...input, ...(target === '-' ? ['-f', 'null', '-'] : ['-c:v', 'flv', '-f', 'flv', target])];
}

async function runningPid(word: string): Promise<number> {
  await expect.poll(() => findProcesses(word).length).toBe(1);
  return findProcesses(word)[0]?.pid ?? 0;
}

/** An executable script that takes the place of ffmpeg. */
function program(...lines: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-ffmpeg-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ffmpeg');
  writeFileSync(path, ['#!/bin/sh', ...lines].join('\n'));
  chmodSync(path, 0o755);
  return path;
}

function failureOf(end: FfmpegEnd) {
  return end.reason === 'failed' ? end.error : undefined;
}

async function textOf(output: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const bytes of output) text += bytes.toString('latin1');
  return text;
}

describe.skipIf(isMissing)('FfmpegProcess', () => {
  it('gives the output and finishes', async () => {
    const args = [
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=64x64:rate=10',
      '-frames:v',
      '5',
      '-c:v',
      'flv',
      '-f',
      'flv',
      'pipe:1',
    ];
    const process = FfmpegProcess.start({ path: ffmpeg, args });
    expect(await textOf(process.output)).toMatch(/^FLV/);
    expect(await process.ended).toEqual({ reason: 'finished' });
  });

  it('tells how ffmpeg failed, without its passwords', async () => {
    const args = ['-i', 'rtmp://user:secret@127.0.0.1:1/live/key', '-f', 'null', '-'];
    const process = FfmpegProcess.start({ path: ffmpeg, args });
    await textOf(process.output);
    const error = failureOf(await process.ended);
    expect(error).toMatchObject({ name: 'FfmpegError', code: 'FFMPEG_EXITED', exitCode: 1 });
    expect(error?.message).toMatch(/^ffmpeg ended with code 1: .*Connection refused/);
    expect(JSON.stringify([error?.message, error?.lastLines])).not.toMatch(/secret|live\/key/);
  });

  it.each([
    {
      what: 'a path that does not exist',
      path: '/nowhere/ffmpeg',
      says: /^cannot run '\/nowhere\/ffmpeg': \/nowhere\/ffmpeg: (not found|No such)/,
    },
    { what: 'a name that is not on the PATH', path: 'no-such-ffmpeg', says: /cannot run 'no-such-ffmpeg'/ },
  ])('reports $what as an error that can be caught', async ({ path, says }) => {
    const process = FfmpegProcess.start({ path, args: [] });
    await textOf(process.output);
    const error = failureOf(await process.ended);
    expect(error).toMatchObject({ code: 'FFMPEG_UNAVAILABLE', message: expect.stringMatching(says) });
  });

  it('reports a file that may not be run', async () => {
    const path = program('exit 0');
    chmodSync(path, 0o644);
    const ffmpegProcess = FfmpegProcess.start({ path, args: [] });
    await textOf(ffmpegProcess.output);
    const error = failureOf(await ffmpegProcess.ended);
    expect(error).toMatchObject({ code: 'FFMPEG_UNAVAILABLE', message: expect.stringMatching(/denied/i) });
  });

  it('has a path of its own: a wrong one does not touch the others', async () => {
    const word = marker();
    const wrong = FfmpegProcess.start({ path: '/nowhere/ffmpeg', args: [] });
    const right = FfmpegProcess.start({ path: ffmpeg, args: endless(word) });
    expect(await wrong.ended).toMatchObject({ reason: 'failed' });
    await runningPid(word);
    expect(await right.stop()).toEqual({ reason: 'stopped' });
  });

  it('leaves nothing behind when it is stopped before the system has started it', async () => {
    const word = marker();
    const process = FfmpegProcess.start({ path: ffmpeg, args: endless(word) });
    expect(await process.stop()).toEqual({ reason: 'stopped' });
    expect(findAll(word)).toEqual([]);
  });

  it('leaves nothing behind when it is killed before the system has started it', async () => {
    const word = marker();
    const process = FfmpegProcess.start({ path: ffmpeg, args: endless(word) });
    expect(await process.kill()).toEqual({ reason: 'stopped' });
    expect(findAll(word)).toEqual([]);
  });

  it('takes a wanted stop for no error, and ends the loop over its output', async () => {
    const word = marker();
    const stop = new AbortController();
    const process = FfmpegProcess.start({ path: ffmpeg, args: endless(word, 'pipe:1'), signal: stop.signal });
    for await (const bytes of process.output) {
      expect(bytes.length).toBeGreaterThan(0);
      stop.abort();
    }
    expect(await process.ended).toEqual({ reason: 'stopped' });
  });

  it('stops when the loop over its output is left', async () => {
    const word = marker();
    const process = FfmpegProcess.start({ path: ffmpeg, args: endless(word, 'pipe:1') });
    for await (const _bytes of process.output) break;
    expect(await process.ended).toEqual({ reason: 'stopped' });
  });

  it('kills an ffmpeg that is frozen', async () => {
    const word = marker();
    const ffmpegProcess = FfmpegProcess.start({ path: ffmpeg, args: endless(word), stopGraceMs: 50 });
    process.kill(await runningPid(word), 'SIGSTOP');
    expect(await ffmpegProcess.stop()).toEqual({ reason: 'stopped' });
  });

  it('kills a frozen ffmpeg with its frozen guards', async () => {
    const word = marker();
    const ffmpegProcess = FfmpegProcess.start({ path: ffmpeg, args: endless(word), stopGraceMs: 50 });
    await runningPid(word);
    process.kill(-(ffmpegProcess.pid ?? 0), 'SIGSTOP');
    expect(await ffmpegProcess.stop()).toEqual({ reason: 'stopped' });
  });

  it('kills an ffmpeg that ignores the request to end', async () => {
    const word = marker();
    const path = program("trap '' TERM", 'while :; do sleep 0.05; done');
    const ffmpegProcess = FfmpegProcess.start({ path, args: [word], stopGraceMs: 50 });
    await runningPid(word);
    expect(await ffmpegProcess.stop()).toEqual({ reason: 'stopped' });
  });

  it('tells when somebody else killed ffmpeg', async () => {
    const word = marker();
    const ffmpegProcess = FfmpegProcess.start({ path: ffmpeg, args: endless(word) });
    process.kill(await runningPid(word), 'SIGKILL');
    await textOf(ffmpegProcess.output);
    const error = failureOf(await ffmpegProcess.ended);
    expect(error).toMatchObject({ code: 'FFMPEG_EXITED', signal: 'SIGKILL', exitCode: undefined });
    expect(error?.message).toBe('ffmpeg ended by SIGKILL');
  });

  it('takes ffmpeg along when somebody kills its guard', async () => {
    const word = marker();
    const ffmpegProcess = FfmpegProcess.start({ path: ffmpeg, args: endless(word) });
    await runningPid(word);
    process.kill(ffmpegProcess.pid ?? 0, 'SIGKILL');
    await textOf(ffmpegProcess.output);
    expect(failureOf(await ffmpegProcess.ended)).toMatchObject({ signal: 'SIGKILL' });
    await expect.poll(() => findAll(word)).toEqual([]);
  });

  it.each(['silent', 'frozen'])('leaves no %s orphan when our whole process is killed', async (manner) => {
    const word = marker();
    const owner = spawn(process.execPath, [
      fileURLToPath(new URL('./fixtures/ffmpeg-owner.ts', import.meta.url)),
      ffmpeg,
      word,
    ]);
    const exited = once(owner, 'exit');
    await once(owner.stdout, 'data');
    await expect.poll(() => findProcesses(word, 'lavfi').length).toBe(1);
    if (manner === 'frozen') process.kill(findProcesses(word, 'lavfi')[0]!.pid, 'SIGSTOP');
    owner.kill('SIGKILL');
    await exited;
    await expect.poll(() => findAll(word), { timeout: 2_000 }).toEqual([]);
  });

  it('is held back by a reader who does not read', async () => {
    const word = marker();
    const input = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=30', '-metadata', `comment=${word}`];
    const ffmpegProcess = FfmpegProcess.start({
      path: ffmpeg,
      args: [...input, '-frames:v', '300', '-c:v', 'rawvideo', '-f', 'nut', 'pipe:1'],
    });
    // 300 frames of 230 kB: an ffmpeg that nobody holds back is through with them before it has slept five times.
    let asleep = 0;
    let bytes = 0;
    for await (const part of ffmpegProcess.output) {
      const looks = () => (findProcesses(word)[0]?.state.startsWith('S') ? ++asleep : 0);
      if (bytes === 0) await expect.poll(looks).toBeGreaterThanOrEqual(5);
      bytes += part.length;
    }
    expect(bytes).toBeGreaterThan(300 * 320 * 240 * 3);
    expect(await ffmpegProcess.ended).toEqual({ reason: 'finished' });
  });

  it('keeps only the last lines of an ffmpeg that talks for ever', async () => {
    const path = program('i=0', 'while [ $i -lt 5000 ]; do echo "line $i" >&2; i=$((i+1)); done', 'exit 3');
    const ffmpegProcess = FfmpegProcess.start({ path, args: [] });
    await textOf(ffmpegProcess.output);
    const error = failureOf(await ffmpegProcess.ended);
    expect(error).toMatchObject({ exitCode: 3 });
    expect(error?.lastLines).toHaveLength(20);
    expect(error?.lastLines.at(-1)).toBe('line 4999');
  });

  it('hands arguments on as they are: no shell reads them', async () => {
    const path = program('shift 5', 'for argument; do echo "<$argument>"; done');
    const args = ['$(id)', '; exit 9', '`id`', 'two words', "it's", '*', ''];
    const ffmpegProcess = FfmpegProcess.start({ path, args });
    expect(await textOf(ffmpegProcess.output)).toBe(args.map((argument) => `<${argument}>\n`).join(''));
  });

  it('says when the arguments are longer than the system takes', () => {
    const start = () => FfmpegProcess.start({ args: ['x'.repeat(1 << 22)] });
    expect(start).toThrow(expect.objectContaining({ name: 'FfmpegError', code: 'FFMPEG_UNAVAILABLE' }));
    expect(start).toThrow(/cannot run 'ffmpeg': .*E2BIG/);
  });

  it('does not start when its signal has aborted', () => {
    const reason = new Error('too late');
    expect(() => FfmpegProcess.start({ args: [], signal: AbortSignal.abort(reason) })).toThrow(reason);
  });

  it.each([
    { options: { args: ['a\0b'] }, says: /args must be an array of strings without NUL/ },
    { options: { args: [], path: '' }, says: /path must be a string of 1 to 4096/ },
    { options: { args: [], path: 'a\0b' }, says: /path must be a string without NUL/ },
    { options: { args: [], stopGraceMs: -1 }, says: /stopGraceMs must be a number of milliseconds/ },
    { options: { args: [], shell: true }, says: /FfmpegProcess has no option 'shell'/ },
  ])('refuses $options', ({ options, says }) => {
    expect(() => FfmpegProcess.start(options)).toThrow(ConfigError);
    expect(() => FfmpegProcess.start(options)).toThrow(says);
  });
});
