/** Where a worker process finds its lanes and its page. */
export const workerFds = { control: 3, data: 4, page: 5, life: 6 } as const;

/** Where a page keeps what nobody caught in the worker: length, then JSON. */
export const lastErrorOffset = 4096;
/** Longest JSON at {@link lastErrorOffset}. */
export const maxLastErrorBytes: number = 28 << 10;

/** Set in the environment of a worker process until it has started. */
export const workerEnv = 'SPILLWAY_WORKER';
/** Property of `globalThis` in a worker process. */
export const workerMark = 'spillway:worker-process';

/**
 * A module, as a URL, that a worker process runs before its own file. It
 * - ends the process when its parent is gone, however busy it is: a thread of its own waits for the end of a pipe;
 * - writes down what nobody caught, so that the parent can tell;
 * - leaves Ctrl-C, which reaches all processes of a terminal, to the parent.
 *
 * A URL, so that it needs no file that a bundler could lose.
 */
export function preloadUrl(): string {
  const setting = { ...workerFds, lastErrorOffset, maxLastErrorBytes, workerEnv, workerMark };
  return `data:text/javascript,${encodeURIComponent(`(${preload})(${JSON.stringify(setting)})`)}`;
}

interface Setting {
  readonly page: number;
  readonly life: number;
  readonly lastErrorOffset: number;
  readonly maxLastErrorBytes: number;
  readonly workerEnv: string;
  readonly workerMark: string;
}

// Sent as its source: nothing outside of it may be used.
function preload(setting: Setting): void {
  const { Worker, isMainThread } = process.getBuiltinModule('node:worker_threads');
  const { writeSync } = process.getBuiltinModule('node:fs');
  // A thread or process that the worker starts gets the same command line, but it is no worker of ours.
  if (!isMainThread || process.env[setting.workerEnv] === undefined) return;
  delete process.env[setting.workerEnv];
  process.execArgv.splice(process.execArgv.lastIndexOf('--import'), 2);
  Object.assign(globalThis, { [setting.workerMark]: true });

  const guard = `const { Socket } = require('node:net');
    const life = new Socket({ fd: ${setting.life} });
    life.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume();`;
  const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 };
  new Worker(guard, { eval: true, execArgv: [], env: {}, resourceLimits }).unref();

  process.on('SIGINT', () => {});
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    try {
      lastError.write(error);
      setImmediate(() => lastError.forget()); // If its loop turns once more, the worker has survived.
    } catch {} // A getter that throws; the exit code tells that it failed.
  });

  // Methods, since esbuild's `keepNames` calls a helper for each function, which is not here.
  const lastError = {
    write(error: unknown): void {
      const json = Buffer.from(JSON.stringify(lastError.record(error, 0)));
      const size = new Uint32Array([json.length]);
      if (json.length > setting.maxLastErrorBytes) return;
      writeSync(setting.page, json, 0, json.length, setting.lastErrorOffset + 4);
      writeSync(setting.page, size, 0, 4, setting.lastErrorOffset);
    },
    forget(): void {
      writeSync(setting.page, new Uint32Array(1), 0, 4, setting.lastErrorOffset);
    },
    record(error: unknown, depth: number): object {
      const { name, message, stack, code, cause } = Object(error);
      return {
        name: lastError.text(name, 100) ?? 'Error',
        isOurs: false,
        message: lastError.text(message, 2_000) ?? String(error).slice(0, 2_000),
        stack: lastError.text(stack, 2_000),
        code: lastError.text(code, 100),
        cause: cause === undefined || depth > 1 ? undefined : lastError.record(cause, depth + 1),
      };
    },
    text(value: unknown, max: number): string | undefined {
      return typeof value === 'string' ? value.slice(0, max) : undefined;
    },
  };
}
