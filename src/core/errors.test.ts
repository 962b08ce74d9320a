import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as errors from './errors.ts';

const source = readFileSync(new URL('./errors.ts', import.meta.url), 'utf8');
const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  it('explains every code, and no other', () => {
    const explained = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual([...codes].sort());
    expect(codes.length).toBeGreaterThan(20);
  });

  it('names every class', () => {
    for (const name of Object.keys(errors)) expect(page).toContain(`\`${name}\``);
  });
});

describe('SpillwayError', () => {
  it('carries class name, code and cause', () => {
    const cause = new Error('below');
    const error = new errors.WorkerExitError('WORKER_EXITED', 'gone', { cause, exitCode: 7 });
    expect(error).toBeInstanceOf(errors.SpillwayError);
    expect(error).toMatchObject({
      name: 'WorkerExitError',
      code: 'WORKER_EXITED',
      message: 'gone',
      cause,
      exitCode: 7,
    });
  });
});
