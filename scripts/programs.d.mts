/** A real program that end-to-end tests use. */
export type ProgramName = 'chromium' | 'ffmpeg';

/**
 * The path of a program, or `undefined` when it is not installed. `CHROMIUM_PATH` or `FFMPEG_PATH`, when set, decides
 * alone: a wrong value means "not found" and not "another one".
 */
export function findProgram(name: ProgramName): string | undefined;

/**
 * The path of a program for tests that are skipped without it: `describe.skipIf(ffmpeg === undefined)`. When it is
 * missing, one line on stderr says so and how to install it.
 *
 * @throws {Error} when it is missing and `CI` is set: there a skipped test would look like a passed one.
 */
export function programOrSkip(name: ProgramName): string | undefined;
