import { spawn } from 'node:child_process';

const limitMs = 15 * 60_000;
const keptCharacters = 64 * 1024;

/** Runs a program to its end, silently: it cannot ask, and what it prints is kept, its end at least. */
export function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    // Not spawn's own `timeout`: that one keeps this process alive when the program does not even start.
    const limit = setTimeout(() => child.kill(), limitMs);
    let output = '';
    const keep = (text) => {
      output = (output + text).slice(-keptCharacters);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.on('error', (error) => keep(`${error.message}\n`));
    child.on('close', (code, endedBy) => {
      clearTimeout(limit);
      if (endedBy !== null) keep(`${command} was ended by ${endedBy}\n`);
      resolve({ ok: code === 0, output });
    });
  });
}

/** Does a piece of work under one line that says what and, at the end, how long. Shows its output if it fails. */
export async function announced(what, signal, work) {
  const startedAtMs = performance.now();
  process.stdout.write(`setup: ${what} … `);
  const result = await work();
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  process.stdout.write(`${result.ok ? 'done' : 'failed'} in ${seconds} s\n`);
  signal.throwIfAborted();
  if (!result.ok) process.stderr.write(result.output);
  return result;
}
