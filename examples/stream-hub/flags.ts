import { parseArgs } from 'node:util';
import { ConfigError } from 'spillway';

/** What the command line says. */
export interface Flags {
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly host: string;
  readonly publisher: boolean;
  readonly smoke: boolean;
  readonly blockMainMs: number;
  readonly help: boolean;
}

export const usage = `Usage: npm run demo -- [options]

  --rtmp-port PORT    where publishers connect (default 1935, 0 takes a free one)
  --http-port PORT    where the page is served (default 8080, 0 takes a free one)
  --host ADDRESS      address to listen on (default 127.0.0.1; 0.0.0.0 for every one)
  --no-publisher      do not start the test pattern
  --smoke             publish 60 frames, view them, print one line of JSON, exit
  --block-main MS     with --smoke: block the main thread that long in mid-stream
  --help              this text
`;

/** @throws {ConfigError} on an unknown flag or a value out of range. */
export function parseFlags(args: readonly string[]): Flags {
  const values = read(args);
  return {
    rtmpPort: wholeNumber('--rtmp-port', values['rtmp-port'], 65_535),
    httpPort: wholeNumber('--http-port', values['http-port'], 65_535),
    host: values.host,
    publisher: !values['no-publisher'],
    smoke: values.smoke,
    blockMainMs: wholeNumber('--block-main', values['block-main'], 60_000),
    help: values.help,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'rtmp-port': { type: 'string', default: '1935' },
        'http-port': { type: 'string', default: '8080' },
        host: { type: 'string', default: '127.0.0.1' },
        'no-publisher': { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
        'block-main': { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function wholeNumber(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new ConfigError(`${flag} must be a whole number from 0 to ${max}, got '${text}'`);
}
