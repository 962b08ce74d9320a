import { describe, expect, it } from 'vitest';
import {
  checkFunction,
  checkInteger,
  checkKnown,
  checkMethods,
  checkMs,
  checkOneOf,
  checkText,
  refusal,
} from './check.ts';
import { ConfigError } from './errors.ts';

describe('a check', () => {
  it.each([
    { name: 'the smallest integer', check: () => checkInteger('n', 1, 1, 3), gives: 1 },
    { name: 'the largest integer', check: () => checkInteger('n', 3, 1, 3), gives: 3 },
    {
      name: 'an integer without a limit',
      check: () => checkInteger('n', Number.MAX_SAFE_INTEGER, 0),
      gives: Number.MAX_SAFE_INTEGER,
    },
    { name: 'no time at all', check: () => checkMs('t', 0), gives: 0 },
    { name: 'a fraction of a millisecond', check: () => checkMs('t', 0.5), gives: 0.5 },
    {
      name: 'the longest time a timer can keep',
      check: () => checkMs('t', 2 ** 31 - 1),
      gives: 2 ** 31 - 1,
    },
    { name: 'a listed word', check: () => checkOneOf('word', 'b', ['a', 'b']), gives: 'b' },
    { name: 'the longest text', check: () => checkText('text', 'abc', 3), gives: 'abc' },
    { name: 'a function', check: () => checkFunction('f', Math.abs, 'required'), gives: undefined },
    {
      name: 'the absence of an optional function',
      check: () => checkFunction('f', undefined),
      gives: undefined,
    },
    { name: 'inherited methods', check: () => checkMethods('list', [], ['at', 'map']), gives: undefined },
    { name: 'known options', check: () => checkKnown('It', { a: 1 }, ['a', 'b']), gives: undefined },
  ])('lets $name pass', ({ check, gives }) => {
    expect(check()).toBe(gives);
  });

  it.each([
    { check: () => checkInteger('n', 0, 1, 3), says: 'n must be a whole number from 1 to 3, got 0' },
    { check: () => checkInteger('n', 4, 1, 3), says: 'n must be a whole number from 1 to 3, got 4' },
    { check: () => checkInteger('n', 1.5, 1, 3), says: 'got 1.5' },
    { check: () => checkInteger('n', '2', 1, 3), says: "got '2'" },
    { check: () => checkInteger('n', 2n, 1, 3), says: 'got 2' },
    { check: () => checkInteger('n', Number.POSITIVE_INFINITY, 1), says: 'got Infinity' },
    {
      check: () => checkMs('t', -1),
      says: 't must be a number of milliseconds from 0 to 2147483647, got -1',
    },
    { check: () => checkMs('t', 4, 5), says: 'from 5 to 2147483647, got 4' },
    { check: () => checkMs('t', 2 ** 31), says: 'got 2147483648' },
    { check: () => checkMs('t', Number.NaN), says: 'got NaN' },
    { check: () => checkMs('t', undefined), says: 'got undefined' },
    { check: () => checkOneOf('word', 'c', ['a', 'b']), says: "word must be one of 'a', 'b', got 'c'" },
    { check: () => checkOneOf('word', Symbol('a'), ['a']), says: 'got Symbol(a)' },
    { check: () => checkText('text', ''), says: "text must be a string of 1 to 1024 characters, got ''" },
    {
      check: () => checkText('text', 'abcd', 3),
      says: "text must be a string of 1 to 3 characters, got 'abcd'",
    },
    { check: () => checkText('text', null), says: 'got null' },
    { check: () => checkFunction('f', undefined, 'required'), says: 'f must be a function, got undefined' },
    { check: () => checkFunction('f', {}), says: 'f must be a function, got an object' },
    { check: () => checkKnown('It', { c: 1 }, ['a', 'b']), says: "It has no option 'c' (known: a, b)" },
    { check: () => checkKnown('It', null, []), says: 'It options must be an object, got null' },
    { check: () => checkKnown('It', () => {}, []), says: 'It options must be an object, got a function' },
    { check: () => checkOneOf('word', [], ['a']), says: 'got an array' },
    {
      check: () => checkMethods('door', { open() {}, shut: 1 }, ['open', 'shut']),
      says: 'with open(), shut()',
    },
    {
      check: () => checkMethods('door', null, ['open']),
      says: 'door must be an object with open(), got null',
    },
  ])('refuses with "$says"', ({ check, says }) => {
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(says);
  });

  it('shows no more than the start of a long text', () => {
    expect(refusal('text', 'x'.repeat(5_000), 'short').message.length).toBeLessThan(200);
  });
});
