import { ConfigError } from './errors.ts';

/** The longest delay a Node timer can keep: 2^31 - 1 ms, about 24.8 days. */
export const maxTimerMs: number = 0x7fff_ffff;

/** Refuses an option that is not a whole number from `min` to `max`. */
export function checkInteger(
  option: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw refusal(option, value, `a whole number from ${min} to ${max}`);
}

/** Refuses an option that is not a number of milliseconds from `min` to what a timer can keep. */
export function checkMs(option: string, value: unknown, min: number = 0): number {
  if (typeof value === 'number' && value >= min && value <= maxTimerMs) return value;
  throw refusal(option, value, `a number of milliseconds from ${min} to ${maxTimerMs}`);
}

/** Refuses an option that is neither `true` nor `false`. */
export function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw refusal(option, value, 'true or false');
}

/** Refuses an option that is none of the listed words. */
export function checkOneOf<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value as Choice)) return value as Choice;
  throw refusal(option, value, `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`);
}

/** Refuses an option that is not a string with at least one character. */
export function checkText(option: string, value: unknown, maxLength: number = 1024): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= maxLength) return value;
  throw refusal(option, value, `a string of 1 to ${maxLength} characters`);
}

/** Refuses an option that is neither a function nor, unless required, absent. */
export function checkFunction(
  option: string,
  value: unknown,
  need: 'required' | 'optional' = 'optional',
): void {
  if (typeof value === 'function' || (need === 'optional' && value === undefined)) return;
  throw refusal(option, value, 'a function');
}

/** Refuses an option that is no object with these methods, such as a logger or a clock of the caller's own. */
export function checkMethods(option: string, value: unknown, methods: readonly string[]): void {
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && methods.every((name) => typeof Reflect.get(value, name) === 'function')) return;
  throw refusal(option, value, `an object with ${methods.map((name) => `${name}()`).join(', ')}`);
}

/** Refuses a bag of options that is no object or holds a name the owner does not know: a typo must not be silent. */
export function checkKnown(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw refusal(`${owner} options`, options, 'an object');
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new ConfigError(`${owner} has no option '${name}' (known: ${known.join(', ')})`);
  }
}

/** The error for a bad option: its name, what it must be, and what it was. */
export function refusal(option: string, value: unknown, expected: string): ConfigError {
  return new ConfigError(`${option} must be ${expected}, got ${show(value)}`);
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 100)}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}
