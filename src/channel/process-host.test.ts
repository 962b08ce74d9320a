import { describe, expect, it } from 'vitest';
import { ownFlags } from './process-host.ts';

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
  ])('of a parent with %j are %j', (execArgv, flags) => {
    expect(ownFlags(execArgv)).toEqual(flags);
  });
});
