import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError, ListenError } from 'spillway';
import { consoleLogger } from './console-logger.ts';
import { type Flags, parseFlags, usage } from './flags.ts';
import { createHub } from './hub.ts';
import { smokeTest } from './smoke.ts';
import { urlHost } from './url-host.ts';

// A thread that replaces a dead one is there in half the time when its modules are compiled already: 100 ms for 200.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'node-compile-cache');

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2));
  if (flags.help) return void process.stdout.write(usage);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  if (flags.smoke) process.exitCode = (await smokeTest(flags, stop.signal)) ? 0 : 1;
  else await serve(flags, stop.signal);
}

async function serve(flags: Flags, signal: AbortSignal): Promise<void> {
  const { supervisor, ingest, web, streams } = createHub({ ...flags, logger: consoleLogger });
  const running = supervisor.run({
    signal,
    ready() {
      const port = ingest.address?.port;
      process.stdout.write(
        `\n  watch    ${web.url}/\n` +
          `  publish  rtmp://${urlHost(flags.host)}:${port}/live/YOUR-NAME\n` +
          `  play     ${web.url}/live/demo.flv\n\n  Ctrl-C stops.\n\n`,
      );
    },
  });
  // Streams would wait for their publishers otherwise, and the process with them.
  await running.finally(() => streams.close());
}

try {
  await main();
} catch (error) {
  const hint = error instanceof ListenError ? '; choose others with --rtmp-port and --http-port' : '';
  process.stderr.write(`${describeError(error)}${hint}\n`);
  process.exitCode = 1;
}
