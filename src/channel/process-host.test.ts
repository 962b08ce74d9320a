import { describe, expect, it } from 'vitest';
import { ownFlags } from './process-host.ts';
import { preloadUrl } from './process-preload.ts';

describe('the flags of a worker process', () => {
  it.each([
    [
      ['--conditions=spillway-source', '--no-warnings'],
      ['--conditions=spillway-source', '--no-warnings'],
    ],
    [
      ['--import', './register.mjs'],
      ['--import', './register.mjs'],
    ],
    [['-e', 'code', '--expose-gc'], ['--expose-gc']],
    [['--eval=code', '--input-type=module', '-p', 'code'], []],
    [['--inspect', '--inspect-brk=9230', '--inspect-port=0'], []],
    [['--test', '--watch', '-i'], []],
    [
      ['--inspect-port', '9230', '--input-type', 'module', '-p', '-e', 'code', '--title', 'parent'],
      ['--title', 'parent'],
    ],
    [
      ['--test-name-pattern', 'a', '--test-reporter', 'dot', '-e', 'code', '--no-warnings'],
      ['--no-warnings'],
    ],
  ])('of a parent with %j are %j', (execArgv, flags) => {
    expect(ownFlags(execArgv)).toEqual(flags);
  });
});

describe('what a worker process runs first', () => {
  it('has no inner function whose name a bundler would keep by a helper that is not there', () => {
    const [, body = ''] = decodeURIComponent(preloadUrl()).split(/function preload\([^)]*\)/);
    expect(body).toContain('uncaughtExceptionMonitor');
    expect(body).not.toMatch(/\b(function|class) \w|\b\w+ = (async )?\([^()]*\)\s*=>/);
  });
});
