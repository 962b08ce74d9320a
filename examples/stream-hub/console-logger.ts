import type { LogFields, Logger } from 'spillway';

const write = (level: string) => (message: string, fields?: LogFields) => {
  const details = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  const text = details.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
  process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${level} ${message} ${text}\n`);
};

/** One line per event on stderr, so that stdout stays for results. */
export const consoleLogger: Logger = {
  debug() {},
  info: write('info '),
  warn: write('warn '),
  error: write('error'),
};
